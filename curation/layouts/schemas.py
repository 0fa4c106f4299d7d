"""The columns of an export's tables and their types. Other keys of a row stay out; missing ones are null."""

from functools import cache
from typing import TYPE_CHECKING, Final

from consilium.answers.dimensions import DIMENSIONS

if TYPE_CHECKING:
    import pyarrow as pa

COMMON: Final = (
    ("question_id", "string"), ("images", "images"), ("sha256", "strings"), ("question", "string"),
    ("options", "options"),
)  # fmt: skip
PLACE: Final = (
    ("organ_system", "string"), ("department", "string"), ("question_type", "string"), ("modality", "string"),
    ("body_part", "string"), ("specialty", "string"), ("source", "string"), ("license", "string"),
    ("split", "string"), ("cluster", "string"),
)  # fmt: skip
GOLD: Final = (("answer_label", "string"), ("answer", "string"))
COLUMNS: Final[dict[str, tuple[tuple[str, str], ...]]] = {
    "questions": (("id", "string"), *COMMON, *GOLD, *PLACE),
    "traces": (
        ("id", "string"), *COMMON, *GOLD, ("reasoning", "string"), ("steps", "steps"), ("paradigm", "string"),
        ("teacher", "string"), *PLACE,
    ),
    "preferences": (
        ("id", "string"), *COMMON, ("answer_a", "string"), ("answer_b", "string"), ("model_a", "string"),
        ("model_b", "string"), ("family_a", "string"), ("family_b", "string"), ("label", "labels"),
        ("votes", "counts"), ("adjudicated", "flags"), ("label_origin", "string"),
        ("external_id", "string"), *PLACE,
    ),
    "votes": (
        ("id", "string"), ("case_id", "string"), ("reader", "string"), ("version", "int32"),
        ("is_newest", "bool"), ("is_surplus", "bool"), ("shown_first", "string"), ("choices", "labels"),
        ("cannot_judge", "labels"), ("harm", "string"), ("seconds_active", "int32"),
        ("guideline_version", "int32"), ("week", "string"), ("taken_at", "string"),
    ),
    "adjudications": (
        ("id", "string"), ("case_id", "string"), ("senior", "string"), ("version", "int32"),
        ("shown_first", "string"), ("blind", "labels"), ("final", "labels"), ("seconds_active", "int32"),
        ("guideline_version", "int32"), ("week", "string"),
    ),
    "consensus": (
        ("case_id", "string"), ("dimension", "string"), ("label", "string"), ("votes_a", "int32"),
        ("votes_b", "int32"), ("cannot_judge", "int32"), ("is_adjudicated", "bool"),
    ),
    "responses": (
        ("case_id", "string"), ("question_id", "string"), ("side", "string"), ("model", "string"),
        ("family", "string"), ("text", "string"),
    ),
    "reviews": (
        ("id", "string"), ("trace_id", "string"), ("reader", "string"), ("version", "int32"),
        ("is_newest", "bool"), ("is_surplus", "bool"), ("decision", "string"), ("steps", "decisions"),
        ("seconds_active", "int32"), ("guideline_version", "int32"), ("week", "string"),
    ),
    "readers": (("id", "string"), ("role", "string"), ("specialty", "string"), ("credit", "string")),
    "guidelines": (("id", "string"), ("number", "int32"), ("text", "string"), ("week", "string")),
    "sources": (
        ("id", "string"), ("name", "string"), ("licence", "string"), ("citation", "string"),
        ("ethics_reference", "string"), ("may_send_to_hosted", "bool"), ("may_train", "bool"),
        ("may_redistribute", "bool"), ("commercial_use", "bool"), ("is_synthetic", "bool"),
    ),
}  # fmt: skip


@cache
def kinds() -> "dict[str, pa.DataType]":
    """The types that COLUMNS names."""
    import pyarrow as pa

    text = pa.string()
    counts = pa.struct({"A": pa.int32(), "B": pa.int32(), "cannot_judge": pa.int32()})
    return {
        "string": text,
        "strings": pa.list_(text),
        "int32": pa.int32(),
        "bool": pa.bool_(),
        "images": pa.list_(pa.struct({"bytes": pa.binary(), "path": text})),
        "image": pa.struct({"bytes": pa.binary(), "path": text}),
        "options": pa.list_(pa.struct({"letter": text, "content": text})),
        "steps": pa.list_(pa.struct({"id": text, "text": text, "status": text, "original": text})),
        "decisions": pa.list_(pa.struct({"id": text, "status": text, "reason": text})),
        "labels": pa.struct(dict.fromkeys(DIMENSIONS, text)),
        "flags": pa.struct(dict.fromkeys(DIMENSIONS, pa.bool_())),
        "counts": pa.struct(dict.fromkeys(DIMENSIONS, counts)),
        "messages": pa.list_(pa.struct({"role": text, "content": text})),
        "bools": pa.list_(pa.bool_()),
    }


def schema_of(columns: tuple[tuple[str, str], ...]) -> "pa.Schema":
    """The schema of named columns."""
    import pyarrow as pa

    return pa.schema([pa.field(name, kinds()[kind]) for name, kind in columns])
