from django.db import migrations

from consilium.audit.append_only import refuse_changes
from curation.releases.triggers import DeleteRefusal, InsertRefusal, operation

FROZEN_HEAD = """
OLD.state <> 'freezing' AND (
  NEW.state = 'freezing' OR NEW.digest <> OLD.digest OR NEW.manifest_id <> OLD.manifest_id
  OR NEW.kind <> OLD.kind OR NEW.study_id <> OLD.study_id OR NEW.name <> OLD.name
  OR NEW.row_count <> OLD.row_count OR NEW.frozen_at <> OLD.frozen_at OR NEW.left_out <> OLD.left_out
)
"""


class Migration(migrations.Migration):
    dependencies = [("curation", "0002_append_only")]

    operations = [
        operation(InsertRefusal("curation_releaserow", verbs=("insert",))),
        operation(InsertRefusal("curation_releasefile", verbs=("insert",))),
        refuse_changes("curation_release", verbs=("update",), when=FROZEN_HEAD),
        operation(DeleteRefusal("curation_release", verbs=("delete",), when="OLD.state <> 'freezing'")),
    ]
