import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

from consilium.audit.append_only import refuse_changes


class Migration(migrations.Migration):
    dependencies = [
        ("annotation", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="BlindVote",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("choices", models.JSONField(help_text="Dimension to choice, in the frame of the case.")),
                ("reasons", models.JSONField(blank=True, default=dict, help_text="Why a dimension could not be judged.")),
                ("at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "case",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="blind_votes",
                        to="annotation.case",
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("case", "person"), name="blind_vote_once")],
            },
        ),
        refuse_changes("annotation_blindvote"),
        refuse_changes("annotation_vote"),
        refuse_changes("annotation_adjudication"),
    ]
