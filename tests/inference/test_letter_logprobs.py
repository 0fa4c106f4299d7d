"""Which letters a server told the probability of, whatever its tokens look like."""

import math
from collections.abc import Sequence
from typing import Any

import pytest

from consilium.inference.letter_logprobs import MOST, letter_logprobs


def told(*tokens: tuple[str, dict[str, float]], with_bytes: bool = False) -> dict[str, Any]:
    """As servers write it: each token with the probabilities of what might have come instead."""

    def entry(token: str, share: float) -> dict[str, Any]:
        made: dict[str, Any] = {"token": token, "logprob": math.log(share)}
        return made | ({"bytes": list(token.encode())} if with_bytes else {})

    return {
        "content": [
            entry(token, top.get(token, 1.0)) | {"top_logprobs": [entry(*one) for one in top.items()]}
            for token, top in tokens
        ]
    }


def plain(text: Sequence[str]) -> list[tuple[str, dict[str, float]]]:
    return [(token, {token: 1.0}) for token in text]


@pytest.mark.parametrize("with_bytes", [False, True])
def test_alternatives_with_other_signs_around_the_letter_count_together(with_bytes: bool) -> None:
    tokens = [
        *plain(['{"', "überall", '": ']),
        ('"A', {'"A': 0.6, '"B': 0.2, ' "A': 0.1, '"T': 0.1}),
        *plain(['"}']),
    ]
    text = "".join(token for token, _ in tokens)
    (found,) = letter_logprobs(told(*tokens, with_bytes=with_bytes), text) or []
    assert text[int(found["at"])] == "A"
    assert (found["A"], found["B"]) == (round(math.log(0.7), 4), round(math.log(0.2), 4))


def test_thinking_that_was_parted_from_the_reply_is_passed_over() -> None:
    tokens = [*plain(["Hm", " A", " or B", "\n"]), (" B", {" B": 0.9, " A": 0.05})]
    assert letter_logprobs(told(*tokens), "B") == [
        {"at": 0, "A": round(math.log(0.05), 4), "B": round(math.log(0.9), 4)}
    ]


def test_a_letter_that_was_not_told_is_not_made_up() -> None:
    assert letter_logprobs(told(("A", {"A": 1.0, "The": 0.0001})), "A") == [{"at": 0, "A": 0.0}]


@pytest.mark.parametrize("given", [None, {}, {"content": None}, {"content": []}, [], "x"])
def test_a_server_that_tells_nothing(given: Any) -> None:
    assert letter_logprobs(given, "A") is None


@pytest.mark.parametrize(
    "content",
    [[{}], ["A"], [{"token": "A"}], [{"token": "B", "logprob": 0}], [{"token": "A", "logprob": "x"}]],
)
def test_what_does_not_fit_the_text_tells_nothing(content: list[Any]) -> None:
    assert letter_logprobs({"content": content}, "A") == []


def test_prose_full_of_articles_stays_small() -> None:
    tokens = plain(["A "] * 500)
    assert len(letter_logprobs(told(*tokens), "A " * 500) or []) == MOST
