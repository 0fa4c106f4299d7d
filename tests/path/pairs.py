"""Judge pairs of a right and a wrong answer in both orders: `python -m tests.path.pairs MODEL...`.

Prints for each model the share of replies that prefer the right answer and the share that prefer the first.
"""

import json
import sys
from pathlib import Path

from consilium.answers import judge_prompt, solver_prompt, think_answer
from consilium.answers.verdicts import parse_verdict
from tests.training.job.generating import replies_of
from training.demo_models import teaching_set

PAIRS = 12
ORDERS = ((0, 1), (1, 0))


def shown(reply: str) -> str:
    """As people and judges get it."""
    parsed = think_answer.parse_think_answer(reply)
    return f"{parsed.thinking}\n\nAnswer: {parsed.answer}"


def answers(item: teaching_set.TeachingItem) -> tuple[str, str]:
    """The right answer and a wrong one, in the styles of the two models that answer in the demo."""
    letter, wrong = next(pair for pair in item.options.items() if pair[0] != item.answer_label)
    wrong_text = teaching_set.brief_text(colour=item.colour, finding=wrong, letter=letter)
    return shown(item.reasoning), shown(wrong_text)


def main(folder: Path) -> dict[str, float]:
    items = teaching_set.make(PAIRS, seed=4711, specialties=["pediatrics", "brain_senses"])
    asked = []
    for item in items:
        question = solver_prompt.question_block(item.question, item.options)
        for order in ORDERS:
            prompt = judge_prompt.build(question, *(answers(item)[place] for place in order))
            asked.append((prompt.text_before_image, item.image_png, prompt.text_after_image))
    replies = replies_of(folder, asked, max_new_tokens=96)
    letters = [str(parse_verdict(text).verdicts.get("overall")) for text in replies]
    right = ["AB"[order.index(0)] for _ in items for order in ORDERS]
    return {
        "right": sum(said == wanted for said, wanted in zip(letters, right, strict=True)) / len(letters),
        "first": letters.count("A") / len(letters),
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps([main(Path(folder)) for folder in sys.argv[1:]]))
