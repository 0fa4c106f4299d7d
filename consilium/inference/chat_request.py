"""What is asked: one chat request, its canonical bytes and the hash under which its reply is kept (pure)."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson

from consilium.inference.images import DATA_PREFIX
from consilium.inference.letter_logprobs import ALTERNATIVES


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """One question to a model. `messages` follow the OpenAI chat protocol; images are data URIs only.

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
    body: bytes


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


def request_bytes(body: dict[str, Any]) -> bytes:
    """The one byte form of a body: keys sorted, no blanks."""
    return orjson.dumps(body, option=orjson.OPT_SORT_KEYS)


def request_sha256(body: bytes, revision: str, salt: str = "") -> str:
    """SHA-256 (hex) over the canonical body, the endpoint's revision and the salt, if any."""
    sha = hashlib.sha256(body)
    sha.update(b"\n" + revision.encode())
    if salt:
        sha.update(b"\0" + salt.encode())
    return sha.hexdigest()


def check_images(messages: list[dict[str, Any]]) -> None:
    """Raise ValueError for an image address: a model server must never fetch anything for us."""
    for part in _parts(messages):
        kind = part.get("type")
        if kind == "image_url" and not str(part["image_url"]["url"]).startswith(DATA_PREFIX):
            raise ValueError("Images are sent as data URIs only.")
        if kind not in {"text", "image_url"}:
            raise ValueError(f"A message part of type {kind!r} is not sent to models.")


def _parts(messages: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for message in messages:
        if not isinstance(message["content"], str):
            yield from message["content"]
