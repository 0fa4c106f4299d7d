from django.db import migrations

from consilium.audit.append_only import refuse_changes


class Migration(migrations.Migration):
    dependencies = [("work", "0001_initial")]

    operations = [
        refuse_changes("work_submission"),
    ]
