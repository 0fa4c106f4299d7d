import uuid

from django.db import migrations, models


def make_batches(apps, schema_editor):
    """What was launched before has a batch of its own each: nobody knows what was launched together."""
    evaluations = apps.get_model("benchmark", "Evaluation").objects
    for key in evaluations.values_list("pk", flat=True):
        evaluations.filter(pk=key).update(batch=uuid.uuid4())


class Migration(migrations.Migration):

    dependencies = [
        ('benchmark', '0008_evaluations_paused'),
    ]

    operations = [
        migrations.AddField(
            model_name='evaluation',
            name='batch',
            field=models.UUIDField(db_index=True, default=uuid.uuid4, help_text='Those of one launch share it.'),
        ),
        migrations.RunPython(make_batches, migrations.RunPython.noop),
    ]
