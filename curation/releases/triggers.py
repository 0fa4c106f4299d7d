"""What the database refuses here: changes of frozen releases, of pixel reviews, of a cluster's use."""

from dataclasses import dataclass
from typing import Final

from consilium.audit.append_only import Refusal, Refuse, Trigger, normal_sql

SQLITE_INSERT = """
CREATE TRIGGER {name} BEFORE INSERT ON {table}
BEGIN
  SELECT CASE WHEN {when}
  THEN RAISE(ABORT, '{message}') END;
END
"""
FROZEN_HEAD = """
OLD.state <> 'freezing' AND (
  NEW.state = 'freezing' OR NEW.digest <> OLD.digest OR NEW.manifest_id <> OLD.manifest_id
  OR NEW.kind <> OLD.kind OR NEW.study_id <> OLD.study_id OR NEW.name <> OLD.name
  OR NEW.row_count <> OLD.row_count OR NEW.frozen_at <> OLD.frozen_at OR NEW.left_out <> OLD.left_out
)
"""

HEAD_FIXED = ("id", "study_id", "kind", "name", "derived_from_id", "created_by_id", "created_at")


# Who asked for what never changes; who agreed or declined is written once.
ASKED: Final = (
    "id", "release_id", "kind", "digest", "place", "asked_by_id", "asked_reason", "asked_at",
)  # fmt: skip
DECIDED: Final = "OLD.confirmed_at IS NOT NULL OR OLD.declined_at IS NOT NULL OR " + " OR ".join(
    f"NEW.{column} <> OLD.{column}" for column in ASKED
)


@dataclass(frozen=True, slots=True)
class InsertRefusal(Refusal):
    """Refuses INSERT into a table of rows or files once their release is no longer freezing."""

    verbs: tuple[str, ...] = ("insert",)
    when: str = "(SELECT state FROM curation_release WHERE id = NEW.release_id) <> 'freezing'"
    message: str = "{table}: the release is frozen"
    truncates: bool = False

    def columns(self) -> dict[str, set[str]]:
        """The table's own columns and those of the release."""
        return Refusal.columns(self) | {"curation_release": {"id", "state"}}

    def _on_sqlite(self, verb: str) -> Trigger:
        words = self._words(verb)
        statement = SQLITE_INSERT.format(**words)
        return Trigger(words["name"], (statement,), normal_sql(statement))


@dataclass(frozen=True, slots=True)
class DeleteRefusal(Refusal):
    """Refuses DELETE where `when` holds, on a table whose UPDATE and TRUNCATE another refusal covers."""

    truncates: bool = False


PROTECTED = (
    Refusal("curation_releaserow"),
    Refusal("curation_releasesiderow"),
    Refusal("curation_releasefile"),
    Refusal("curation_releaseorigin"),
    Refusal("curation_pixelreview"),
    Refusal("curation_imageview"),
    Refusal("curation_cluster", verbs=("update",), when="OLD.use <> NEW.use", fixed=("id", "use")),
    Refusal("curation_letthrough", verbs=("update",), when=DECIDED, fixed=ASKED),
    DeleteRefusal("curation_letthrough", verbs=("delete",)),
    InsertRefusal("curation_releaserow"),
    InsertRefusal("curation_releasesiderow"),
    InsertRefusal("curation_releasefile"),
    Refusal("curation_release", verbs=("update",), when=FROZEN_HEAD, fixed=HEAD_FIXED),
    DeleteRefusal("curation_release", verbs=("delete",), when="OLD.state <> 'freezing'"),
)


def operation(refusal: Refusal) -> Refuse:
    """A migration operation that installs one refusal; it is also declared in PROTECTED."""
    return Refuse(refusal)
