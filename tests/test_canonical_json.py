"""One byte form of a value, whatever order it was written in."""

import hashlib

import pytest

from consilium.canonical_json import canonical_json, canonical_sha256


def test_order_and_spaces_do_not_matter_and_text_stays_text() -> None:
    assert (
        canonical_json({"b": [1, 2.5, None], "a": "Prüfung"}) == '{"a":"Prüfung","b":[1,2.5,null]}'.encode()
    )
    assert canonical_sha256({"b": 1, "a": 2}) == canonical_sha256({"a": 2, "b": 1})
    assert canonical_sha256({}) == hashlib.sha256(b"{}").hexdigest()


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_what_json_does_not_have_is_refused(number: float) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical_json({"loss": number})
