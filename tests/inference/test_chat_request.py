"""A request's bytes and hash: pictures go in as they are, and what two requests begin with is hashed once."""

import hashlib
from typing import Any

import orjson
import pytest

from consilium.inference.chat_request import ChatRequest, RequestHashes, body_of, written
from consilium.inference.images import data_uri

PICTURES = (data_uri(b"first \x00\xff"), data_uri(b"second", "image/jpeg"))


def asked(text: str, urls: tuple[Any, ...] = PICTURES) -> dict[str, Any]:
    """The body of a request that shows these pictures between two texts."""
    shown = [{"type": "image_url", "image_url": {"url": url}} for url in urls]
    content = [{"type": "text", "text": 'Look: \x00 "é'}, *shown, {"type": "text", "text": text}]
    return body_of(ChatRequest([{"role": "user", "content": content}], "tag"), "model", 16)


def as_one(text: str) -> bytes:
    """The same body, its pictures as text in one JSON document: the form under which replies are kept."""
    body = asked(text)
    for part in body["messages"][0]["content"]:
        if "image_url" in part:
            part["image_url"]["url"] = part["image_url"]["url"].decode()
    return orjson.dumps(body, option=orjson.OPT_SORT_KEYS)


def test_parts_are_the_json_of_the_whole_and_share_the_pictures() -> None:
    first, second = written(asked("Is it A?")), written(asked("Is it B?"))
    assert (b"".join(first), b"".join(second)) == (as_one("Is it A?"), as_one("Is it B?"))
    assert first[1] is second[1] is PICTURES[0]
    assert first[3] is second[3] is PICTURES[1]
    assert first[:-1] == second[:-1]
    assert written({"b": 1, "a": "no picture"}) == (b'{"a":"no picture","b":1}',)


def test_the_hash_is_that_of_the_whole_whatever_was_hashed_before() -> None:
    hashes = RequestHashes("r1")
    bodies = [written(asked(text, urls)) for text in "ab" for urls in (PICTURES, PICTURES[:1], PICTURES, ())]
    for body in [*bodies, *reversed(bodies), (b"{}",)]:
        whole = hashlib.sha256(b"".join(body) + b"\nr1")
        assert hashes.sha256(body) == whole.hexdigest()
        whole.update(b"\0repeat 1")
        assert hashes.sha256(body, "repeat 1") == whole.hexdigest()


@pytest.mark.parametrize("url", ["data:image/png;base64,AA==", "http://169.254.169.254/", b"http://x/"])
def test_only_data_uris_in_bytes_are_pictures(url: Any) -> None:
    with pytest.raises(ValueError, match="data URIs"):
        asked("x", (url,))


@pytest.mark.parametrize("kind", ["text/html", 'image/png"', "image/png;base64,AA==", "image/"])
def test_nothing_but_an_image_type_becomes_a_data_uri(kind: str) -> None:
    with pytest.raises(ValueError, match="not an image type"):
        data_uri(b"x", kind)
