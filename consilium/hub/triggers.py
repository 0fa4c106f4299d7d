"""What the database refuses here: other facts of a push than those it was asked with, and its removal."""

from consilium.audit.append_only import Refusal

FIXED = (
    "id",
    "study_id",
    "content_kind",
    "content_id",
    "name",
    "digest",
    "endpoint",
    "repo_id",
    "repo_type",
    "is_private",
    "gated",
    "tag",
    "created_by_id",
    "created_at",
)
CHANGED = """
NEW.digest <> OLD.digest OR NEW.repo_id <> OLD.repo_id OR NEW.endpoint <> OLD.endpoint
OR NEW.is_private <> OLD.is_private OR NEW.created_by_id <> OLD.created_by_id
OR (OLD.parent <> '' AND NEW.parent <> OLD.parent)
OR (OLD.commit_sha <> '' AND (
  NEW.commit_sha <> OLD.commit_sha OR NEW.listing_sha256 <> OLD.listing_sha256
))
OR (OLD.confirmed_by_id IS NOT NULL AND (
  NEW.confirmed_by_id IS NULL OR NEW.confirmed_by_id <> OLD.confirmed_by_id
))
"""
PROTECTED = (
    Refusal("hub_push", verbs=("update",), when=CHANGED, fixed=FIXED, truncates=False),
    Refusal("hub_push", verbs=("delete",)),
)
