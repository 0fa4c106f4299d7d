"""Tells readers of a release's parquet file which column holds images: the schema's note of `datasets`.

Written here rather than by `datasets` itself, so that a host without the training libraries exports too.
"""

import json
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import pyarrow as pa

IMAGES: Final = "images"
NOTE: Final = b"huggingface"
# Arrow and `datasets` name the other types of JSON values alike.
NAMES: Final = {"double": "float64"}


def with_image_features(schema: "pa.Schema") -> "pa.Schema":
    """The schema with `images` as a list of {bytes, path} and the note that makes them images when loaded."""
    import pyarrow as pa

    image = pa.struct({"bytes": pa.binary(), "path": pa.string()})
    column = pa.field(IMAGES, pa.list_(image))
    at = schema.get_field_index(IMAGES)
    typed = schema.append(column) if at < 0 else schema.set(at, column)
    features = {field.name: _feature(field.type) for field in typed}
    features[IMAGES] = {"feature": {"_type": "Image"}, "_type": "List"}
    return typed.with_metadata({NOTE: json.dumps({"info": {"features": features}})})


def _feature(kind: "pa.DataType") -> dict[str, Any]:
    import pyarrow.types as kinds

    if kinds.is_struct(kind):
        return {field.name: _feature(field.type) for field in kind}
    if kinds.is_list(kind):
        return {"feature": _feature(kind.value_type), "_type": "List"}
    return {"dtype": NAMES.get(str(kind), str(kind)), "_type": "Value"}
