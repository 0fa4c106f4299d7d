"""Tells readers of a parquet file which columns hold images: the schema's note of `datasets`.

Written here rather than by `datasets` itself, so that a host without the training libraries exports too.
"""

import json
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import pyarrow as pa

NOTE: Final = b"huggingface"
# Arrow and `datasets` name the other types of our columns alike.
NAMES: Final = {"double": "float64"}


def with_image_features(schema: "pa.Schema") -> "pa.Schema":
    """The schema with the note that makes its columns of {bytes, path} images when loaded."""
    features = features_of(schema)
    return schema.with_metadata({NOTE: json.dumps({"info": {"features": features}})})


def features_of(schema: "pa.Schema") -> dict[str, Any]:
    """The columns as `datasets` describes them."""
    return {field.name: _feature(field.type) for field in schema}


def _feature(kind: "pa.DataType") -> dict[str, Any]:
    import pyarrow.types as kinds

    if kinds.is_struct(kind):
        fields = {field.name: field.type for field in kind}
        return {"_type": "Image"} if set(fields) == {"bytes", "path"} else _features(fields)
    if kinds.is_list(kind):
        return {"feature": _feature(kind.value_type), "_type": "List"}
    return {"dtype": NAMES.get(str(kind), str(kind)), "_type": "Value"}


def _features(fields: "dict[str, pa.DataType]") -> dict[str, Any]:
    return {name: _feature(kind) for name, kind in fields.items()}
