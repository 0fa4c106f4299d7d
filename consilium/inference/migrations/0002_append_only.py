from django.db import migrations

from consilium.audit.append_only import refuse_changes


class Migration(migrations.Migration):
    dependencies = [("calls", "0001_initial")]

    operations = [
        refuse_changes("calls_reply"),
    ]
