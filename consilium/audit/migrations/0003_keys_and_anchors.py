import django.utils.timezone
from django.db import migrations, models

from consilium.audit.append_only import refuse_changes


class Migration(migrations.Migration):
    dependencies = [("audit", "0002_append_only")]

    operations = [
        migrations.CreateModel(
            name="AnchoredEnd",
            fields=[
                ("chain", models.CharField(max_length=80, primary_key=True, serialize=False)),
                ("sequence", models.PositiveBigIntegerField(default=0)),
                ("sha256", models.CharField(default="", max_length=64)),
                ("at", models.DateTimeField()),
                ("has_second_place", models.BooleanField(default=False)),
            ],
        ),
        migrations.CreateModel(
            name="KeyMark",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("purpose", models.CharField(max_length=20, unique=True)),
                ("key_id", models.CharField(max_length=16)),
                ("noted_at", models.DateTimeField(default=django.utils.timezone.now)),
            ],
        ),
        refuse_changes("audit_keymark"),
    ]
