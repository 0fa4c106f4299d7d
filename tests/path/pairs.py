"""Judge pairs of a right and a wrong answer in both orders: `python -m tests.path.pairs MODEL...`.

Prints for each model the share of replies that prefer the right answer and the share that prefer the first.
"""

import json
import sys
from pathlib import Path

from consilium.answers import judge_prompt, solver_prompt
from consilium.answers.verdicts import parse_verdict
from tests.factories.teaching_answers import right_and_wrong
from tests.training.job.generating import replies_of
from training.demo_models import teaching_set

PAIRS = 12
ORDERS = ((0, 1), (1, 0))


def main(folder: Path) -> dict[str, float]:
    items = teaching_set.make(PAIRS, seed=4711, specialties=["pediatrics", "brain_senses"])
    asked = []
    for item in items:
        question = solver_prompt.question_block(item.question, item.options)
        for order in ORDERS:
            prompt = judge_prompt.build(question, *(right_and_wrong(item)[place] for place in order))
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
