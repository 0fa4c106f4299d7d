from django.db import migrations

from consilium.audit.append_only import refuse_changes


class Migration(migrations.Migration):
    dependencies = [("curation", "0001_initial")]

    operations = [
        refuse_changes("curation_releaserow"),
        refuse_changes("curation_releasefile"),
        refuse_changes("curation_pixelreview"),
        refuse_changes("curation_cluster", verbs=("update",), when="OLD.use <> NEW.use"),
    ]
