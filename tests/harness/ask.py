"""Short words for the tests of the engine."""

from collections.abc import Sequence

from consilium.inference.chat_client import CallLimits
from consilium.inference.chat_request import ChatRequest
from consilium.inference.complete import CompletionTally, complete_all
from consilium.inference.models import ModelEndpoint, Reply
from consilium.people.models import Study
from tests.harness.chat_server import Stub

QUICK = CallLimits(in_flight=8, attempts=4, answer_seconds=5, first_wait=0.01, longest_wait=5)


def endpoint_of(stub: Stub, name: str = "stub") -> ModelEndpoint:
    """An endpoint at the stub's address."""
    return ModelEndpoint.objects.create(
        name=name, base_url=stub.url, model_id="stub-model", family="stub", revision="r1"
    )


def ask(text: str, **fields: object) -> ChatRequest:
    """One question, tagged with its own text."""
    return ChatRequest(messages=[{"role": "user", "content": text}], tag=text, **fields)  # type: ignore[arg-type]


def asks(count: int) -> list[ChatRequest]:
    """That many different questions."""
    return [ask(f"question {number}") for number in range(count)]


def go(
    endpoint: ModelEndpoint,
    wanted: Sequence[ChatRequest],
    limits: CallLimits = QUICK,
    study: Study | None = None,
) -> tuple[CompletionTally, dict[str, Reply]]:
    """Ask all; the replies by tag."""
    got: dict[str, Reply] = {}
    result = complete_all(
        endpoint,
        wanted,
        study=study,
        on_reply=lambda a, reply: got.update({a.tag: reply}),
        check=lambda: None,
        limits=limits,
        is_sampled=any(ask.temperature > 0 for ask in wanted),
    )
    return result, got
