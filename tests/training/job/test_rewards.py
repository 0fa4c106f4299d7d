"""The two rewards of GBA."""

import pytest

from training.job.rewards import WEIGHTS, accuracy_reward, format_reward


@pytest.mark.parametrize(
    ("text", "right", "formatted"),
    [
        ("<think>so</think><answer>B</answer>", 1.0, 1.0),
        ("<think>so</think><answer> (B). </answer>", 1.0, 1.0),
        ("<think>so</think><answer>C</answer>", 0.0, 1.0),
        ("<answer>B</answer>", 1.0, 0.0),
        ("<think>so</think><answer>B</answer><answer>B</answer>", 0.0, 0.0),
        ("<think>B</think>", 0.0, 0.0),
        ("<think>so</think><answer>b</answer>", 0.0, 1.0),
        ("B", 0.0, 0.0),
        ("", 0.0, 0.0),
    ],
)
def test_right_and_formatted(text: str, right: float, formatted: float) -> None:
    completion = [{"role": "assistant", "content": text}]
    assert accuracy_reward([completion], gold=["B"]) == [right]
    assert format_reward([completion]) == [formatted]


def test_open_answers_compare_without_case() -> None:
    texts = ["<think>x</think><answer>Pleural effusion.</answer>", "<think>x</think><answer>oedema</answer>"]
    assert accuracy_reward(texts, gold=["pleural effusion"] * 2) == [1.0, 0.0]


def test_weights_of_the_method() -> None:
    assert WEIGHTS == (1.0, 0.5)
