"""A reply that declines is told from one that cannot be read."""

import pytest

from consilium.answers.refused_reply import declines


@pytest.mark.parametrize(
    "text",
    [
        "I'm sorry, but I can't assist with that.",
        "I cannot compare medical answers.",
        "I\u2019m unable to interpret medical images.",
        "We must decline to judge these answers.",
        "<think>Should I?</think>I won't provide a medical verdict.",
        "As an AI language model, I am not qualified to evaluate this.",
        "Ich kann diese Frage leider nicht beantworten.",
        "Je ne peux pas comparer ces r\u00e9ponses.",
        "Lo siento, no puedo ayudar con eso.",
        "\u62b1\u6b49\uff0c\u6211\u65e0\u6cd5\u63d0\u4f9b\u533b\u7597\u5efa\u8bae\u3002",
    ],
)
def test_what_declines(text: str) -> None:
    assert declines(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "I cannot say.",
        "Both answers name the lesion; the second does not help.",
        "<think>I can't decide.</think>The first answer is more complete.",
        "The answers differ. " * 20 + "I cannot assist.",
        "accuracy: first",
    ],
)
def test_what_is_only_of_another_form(text: str) -> None:
    assert not declines(text)
