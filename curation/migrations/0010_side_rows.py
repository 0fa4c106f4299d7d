import django.db.models.deletion
from django.db import migrations, models

from consilium.audit.append_only import refuse_changes
from curation.releases.triggers import InsertRefusal, operation


class Migration(migrations.Migration):

    dependencies = [
        ('blobs', '0003_damage'),
        ('curation', '0009_purge'),
    ]

    operations = [
        migrations.AddField(
            model_name='release',
            name='lines',
            field=models.ForeignKey(blank=True, help_text="The manifest's lines; none in a manifest of the first format.", null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='blobs.blob'),
        ),
        migrations.CreateModel(
            name='ReleaseSideRow',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('position', models.PositiveIntegerField()),
                ('row_id', models.CharField(max_length=120)),
                ('content', models.JSONField()),
                ('sha256', models.CharField(max_length=64)),
                ('table', models.CharField(max_length=20)),
                ('release', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='side_rows', to='curation.release')),
            ],
            options={
                'ordering': ['table', 'position'],
                'constraints': [models.UniqueConstraint(fields=('release', 'table', 'position'), name='release_side_row_position_once'), models.UniqueConstraint(fields=('release', 'table', 'row_id'), name='release_side_row_id_once')],
            },
        ),
        refuse_changes("curation_releasesiderow"),
        operation(InsertRefusal("curation_releasesiderow", verbs=("insert",))),
    ]
