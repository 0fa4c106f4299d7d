"""What the two models of the demo answer to the teaching set, as judges get it: rightly and wrongly."""

from consilium.answers import think_answer
from training.demo_models import teaching_set


def right_and_wrong(item: teaching_set.TeachingItem) -> tuple[str, str]:
    """The right answer and a wrong one, in the styles of the two models that answer in the demo."""
    letter, wrong = next(pair for pair in item.options.items() if pair[0] != item.answer_label)
    wrong_text = teaching_set.brief_text(colour=item.colour, finding=wrong, letter=letter)
    return _shown(item.reasoning), _shown(wrong_text)


def _shown(reply: str) -> str:
    """As people and judges get it."""
    parsed = think_answer.parse_think_answer(reply)
    return f"{parsed.thinking}\n\nAnswer: {parsed.answer}"
