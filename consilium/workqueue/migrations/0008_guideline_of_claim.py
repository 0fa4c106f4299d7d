"""A claim knows the guideline version that was in force when it was opened."""

import django.db.models.deletion
from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models import OuterRef, Subquery


def newest_at_that_time(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    versions = apps.get_model("people", "GuidelineVersion").objects.filter(
        study=OuterRef("study"), created_at__lte=OuterRef("claimed_at")
    )
    newest = versions.order_by("-number").values("pk")[:1]
    apps.get_model("work", "Claim").objects.update(guideline=Subquery(newest))


class Migration(migrations.Migration):
    dependencies = [("people", "0006_guideline_in_force"), ("work", "0007_claims_by_time")]

    operations = [
        migrations.AddField(
            model_name="claim",
            name="guideline",
            field=models.ForeignKey(
                help_text="In force when it was opened.",
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="people.guidelineversion",
            ),
        ),
        migrations.RunPython(newest_at_that_time, migrations.RunPython.noop),
    ]
