"""What is asked: one chat request, its canonical bytes and the hash under which its reply is kept (pure)."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import orjson

from consilium.inference.images import DATA_PREFIX
from consilium.inference.letter_logprobs import ALTERNATIVES

# A body in parts, to be sent one after the other: text, picture, text and so on. Bodies that show the same
# picture share its bytes: they are most of a request, and hundreds of requests are in memory at once.
RequestBody: TypeAlias = tuple[bytes, ...]
# Stands for a picture while a body is written; no JSON holds a NUL.
_PLACE: Final = b"\0"
_QUOTED_PLACE: Final = orjson.Fragment(b'"\0"')


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """One question to a model. `messages` follow the OpenAI chat protocol; images are data URIs in bytes.

    `tag` is the caller's name for it; `temperature` 0 means deterministic decoding. `asks_letters`: how
    probable the letters A and B are in the reply is asked for; a server may not know. `salt` is part of the
    hash and never sent: the same question with another salt is asked anew, and its reply kept apart.
    """

    messages: list[dict[str, Any]]
    tag: str
    max_tokens: int = 256
    temperature: float = 0.0
    seed: int | None = None
    asks_letters: bool = False
    salt: str = ""


@dataclass(frozen=True, slots=True)
class WireRequest:
    """An ask ready to be sent: the hash of its canonical form and the bytes that go out."""

    sha256: str
    body: RequestBody


def body_of(ask: ChatRequest, model: str, max_tokens: int) -> dict[str, Any]:
    """The JSON body of the request. Raises ValueError for an image that is not a data URI."""
    check_images(ask.messages)
    body = {
        "model": model,
        "messages": ask.messages,
        "max_tokens": max_tokens,
        "temperature": ask.temperature,
    }
    body |= {"logprobs": True, "top_logprobs": ALTERNATIVES} if ask.asks_letters else {}
    return body if ask.seed is None else body | {"seed": ask.seed}


def written(body: dict[str, Any]) -> RequestBody:
    """The one byte form of a body: keys sorted, no blanks, a text of bytes as it is."""
    pictures: list[bytes] = []

    def place(value: object) -> orjson.Fragment:
        if not isinstance(value, bytes):
            raise TypeError(f"A {type(value).__name__} is not sent to models.")
        pictures.append(value)
        return _QUOTED_PLACE

    first, *others = orjson.dumps(body, default=place, option=orjson.OPT_SORT_KEYS).split(_PLACE)
    return (first, *(part for pair in zip(pictures, others, strict=True) for part in pair))


class RequestHashes:
    """The hashes of requests to one endpoint; what a request begins with as the last one did is hashed once.

    Both orders of a case show the same pictures, before they name the answers.
    """

    def __init__(self, revision: str) -> None:
        self._revision = revision.encode()
        self._start: RequestBody = ()
        self._started = hashlib.sha256()

    def sha256(self, body: RequestBody, salt: str = "") -> str:
        """SHA-256 (hex) over the canonical body, the endpoint's revision and the salt, if any."""
        start, end = body[:-1], body[-1]
        if start != self._start:
            self._start, self._started = start, hashlib.sha256()
            for part in start:
                self._started.update(part)
        sha = self._started.copy()
        sha.update(end + b"\n" + self._revision)
        if salt:
            sha.update(b"\0" + salt.encode())
        return sha.hexdigest()


def check_images(messages: list[dict[str, Any]]) -> None:
    """Raise ValueError for an image address: a model server must never fetch anything for us."""
    for part in _parts(messages):
        kind = part.get("type")
        if kind == "image_url" and not _is_data_uri(part["image_url"]["url"]):
            raise ValueError("Images are sent as data URIs only.")
        if kind not in {"text", "image_url"}:
            raise ValueError(f"A message part of type {kind!r} is not sent to models.")


def _is_data_uri(url: object) -> bool:
    return isinstance(url, bytes) and url.startswith(DATA_PREFIX)


def _parts(messages: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for message in messages:
        if not isinstance(message["content"], str):
            yield from message["content"]
