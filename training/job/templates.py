"""The base's chat template, tried on everything that it will render before training depends on it.

The library renders templates in a sandbox that keeps them from Python, not from looping for years or filling
the memory. So all conversations are rendered once in a child with limits of processor time and memory; what
training renders later is the same text under the same template.
"""

from __future__ import annotations

import os
import resource
import time
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from training.job.data import Sample
from training.job.spec import NEUTRAL, SpecError

_STATM = Path("/proc/self/statm")
_LOOK_SECONDS = 0.01
_FINE, _FAILED, _TOO_LONG = range(3)


@dataclass(frozen=True, slots=True)
class Limits:
    """What rendering may take: processor seconds for all and for each, memory beyond ours, sizes of a text.

    `length`: characters that a template may add; `times`: how often it may write what it was given.
    """

    seconds: int = 10
    seconds_each: float = 0.02
    memory: int = 512 << 20
    length: int = 100_000
    times: int = 4


def check_template(
    processor: Any, samples: Sequence[Sample], paradigms: Sequence[str] = (), limits: Limits | None = None
) -> None:
    """Render every conversation of the samples, and their prompts under the paradigms, within limits.

    Raises SpecError as `check_conversations`.
    """
    talks = [talk for sample in samples for talk in _conversations(sample, paradigms)]
    check_conversations(processor, talks, limits)


def check_conversations(
    processor: Any, conversations: Sequence[list[dict[str, Any]]], limits: Limits | None = None
) -> None:
    """Render conversations, whose contents are lists of parts, within limits.

    Raises SpecError when the template fails, takes too long or writes too much.
    """
    chosen = limits or Limits()
    with warnings.catch_warnings():
        # Newer versions of Python warn where threads run: libraries have some, the child needs none of them.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if not child:
        _render_and_exit(processor, conversations, chosen)
    status = _status(child, time.monotonic() + 10 * _seconds(conversations, chosen))
    if status != _FINE:
        fault = {_FAILED: "fails on the rows of this release", _TOO_LONG: "writes far more than it is given"}
        raise SpecError(
            f"base: its chat template {fault.get(status, 'takes more time or memory than it may')}"
        )


def _conversations(sample: Sample, paradigms: Sequence[str]) -> Iterator[list[dict[str, Any]]]:
    """What is said to the model and by it; the last of a paradigm's is the model's turn."""
    yield [_asked(sample, NEUTRAL), {"role": "assistant", "content": [_text(sample.reply)]}]
    for paradigm in (NEUTRAL, *paradigms):
        yield [_asked(sample, paradigm)]


def _asked(sample: Sample, paradigm: str) -> dict[str, Any]:
    images = [{"type": "image"} for _ in sample.images]
    return {"role": "user", "content": [*images, _text(sample.prompt(paradigm))]}


def _text(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text}


def _render_and_exit(
    processor: Any, conversations: Sequence[list[dict[str, Any]]], limits: Limits
) -> NoReturn:
    """Of the child: never returns, and runs nothing that belongs to its parent."""
    status = _FAILED
    try:
        _limit(_seconds(conversations, limits), limits.memory)
        status = _FINE
        for talk in conversations:
            is_asked = talk[-1]["role"] == "user"
            written = processor.apply_chat_template(talk, tokenize=False, add_generation_prompt=is_asked)
            given = sum(len(part.get("text", "")) for turn in talk for part in turn["content"])
            if len(written) > limits.length + limits.times * given:
                status = _TOO_LONG
                break
    except BaseException:  # whatever a template can raise, the memory's end included
        status = _FAILED
    finally:
        os._exit(status)


def _limit(seconds: int, memory: int) -> None:
    wanted = {resource.RLIMIT_CORE: 0, resource.RLIMIT_CPU: seconds}
    if _STATM.exists():
        held = int(_STATM.read_text().split()[0]) * resource.getpagesize()
        wanted[resource.RLIMIT_AS] = held + memory
    for kind, value in wanted.items():
        highest = resource.getrlimit(kind)[1]
        lowered = value if highest == resource.RLIM_INFINITY else min(value, highest)
        resource.setrlimit(kind, (lowered, lowered))


def _seconds(conversations: Sequence[Any], limits: Limits) -> int:
    return limits.seconds + int(limits.seconds_each * len(conversations))


def _status(child: int, deadline: float) -> int:
    """The child's exit status, or -1 when a limit or the deadline ended it."""
    while True:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() > deadline:
            os.kill(child, 9)
            os.waitpid(child, 0)
            return -1
        time.sleep(_LOOK_SECONDS)
