import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

from consilium.audit.append_only import refuse_changes


class Migration(migrations.Migration):
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("curation", "0007_clean_texts"),
    ]

    operations = [
        migrations.CreateModel(
            name="ImageView",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("day", models.DateField()),
                ("at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "image",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="curation.image"
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=["image", "person", "day"], name="image_view_once_a_day")
                ],
            },
        ),
        refuse_changes("curation_imageview"),
    ]
