"""Answer held-out items greedily: `python -m tests.training.job.answering SPECIALTY COUNT MODEL...`."""

import json
import sys
from pathlib import Path

from consilium.answers import solver_prompt
from tests.training.job.generating import replies_of
from training.demo_models import teaching_set
from training.job.rewards import is_right


def main(folder: Path, specialty: str, count: int) -> float:
    """The share of right answers of the model in `folder`."""
    items = teaching_set.make(count, seed=4711, specialties=[specialty])
    asked = [("", item.image_png, solver_prompt.build(item.question, item.options)) for item in items]
    replies = replies_of(folder, asked, max_new_tokens=64)
    right = (
        is_right(text, item.answer_label, "".join(sorted(item.options)))
        for text, item in zip(replies, items, strict=True)
    )
    return sum(right) / count


if __name__ == "__main__":
    shares = [main(Path(folder), sys.argv[1], int(sys.argv[2])) for folder in sys.argv[3:]]
    sys.stdout.write(json.dumps(shares))
