"""The two rewards of GBA."""

import pytest

from consilium.answers.checks import check_letter
from consilium.answers.option_letters import extract
from training.job.rewards import WEIGHTS, accuracy_reward, format_reward, is_right


@pytest.mark.parametrize(
    ("text", "right", "formatted"),
    [
        ("<think>so</think><answer>B</answer>", 1.0, 1.0),
        ("<think>so</think><answer> (B). </answer>", 1.0, 1.0),
        ("<think>so</think><answer>C</answer>", 0.0, 1.0),
        ("<answer>B</answer>", 1.0, 0.0),
        ("<think>so</think><answer>B. Pneumothorax</answer>", 1.0, 1.0),
        ("<think>so</think><answer>B or C</answer>", 0.0, 1.0),
        ("<think>so</think><answer>b</answer>", 1.0, 1.0),
        ("<think>B</think>", 0.0, 0.0),
        ("<think>so</think>The answer is B.", 1.0, 0.0),
        ("B", 1.0, 0.0),
        ("<think>The answer is B.", 0.0, 0.0),
        ("", 0.0, 0.0),
    ],
)
def test_right_and_formatted(text: str, right: float, formatted: float) -> None:
    completion = [{"role": "assistant", "content": text}]
    assert accuracy_reward([completion], gold=["B"], letters=["ABCDE"]) == [right]
    assert format_reward([completion]) == [formatted]


def test_reward_and_checks_read_the_same_letter() -> None:
    """The check of a trace, what a solver is scored by and the reward never differ."""
    for text in ("<answer>(D)</answer>", "<answer>d</answer>", "The answer is D", "D", "A or D", "D?"):
        letter = extract(text, "ABCD").letter
        assert is_right(text, "D", "ABCD") is (letter == "D")
        assert check_letter(text, letters="ABCD", gold="D").passed is (letter == "D")


def test_open_answers_compare_without_case() -> None:
    texts = ["<think>x</think><answer>Pleural effusion.</answer>", "<think>x</think><answer>oedema</answer>"]
    assert accuracy_reward(texts, gold=["pleural effusion"] * 2, letters=["", ""]) == [1.0, 0.0]
    twice = "<answer>oedema</answer><answer>oedema</answer>"
    assert not is_right(twice, "oedema", "")
    assert not is_right("<think><answer>oedema</answer></think>", "oedema", "")
    assert is_right("<answer>b</answer>", "B", "")  # a word of one letter is no option


def test_weights_of_the_method() -> None:
    assert WEIGHTS == (1.0, 0.5)
