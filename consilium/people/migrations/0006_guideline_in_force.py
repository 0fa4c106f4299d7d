"""A study knows the guideline version in force; so far it was looked up as its newest."""

import django.db.models.deletion
from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models import OuterRef, Subquery


def newest_is_in_force(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    versions = apps.get_model("people", "GuidelineVersion").objects.filter(study=OuterRef("pk"))
    newest = versions.order_by("-number").values("pk")[:1]
    apps.get_model("people", "Study").objects.update(guideline=Subquery(newest))


class Migration(migrations.Migration):
    dependencies = [("people", "0005_single_sign_on")]

    operations = [
        migrations.AddField(
            model_name="study",
            name="guideline",
            field=models.ForeignKey(
                blank=True,
                help_text="The version in force.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="people.guidelineversion",
            ),
        ),
        migrations.RunPython(newest_is_in_force, migrations.RunPython.noop),
    ]
