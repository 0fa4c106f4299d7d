"""Rows as conversations: what a model is asked in training and what it should say, or prefer to say."""

from typing import Any

from consilium.answers.dimensions import DIMENSIONS
from consilium.answers.solver_prompt import build
from consilium.answers.think_answer import compose
from curation.layouts.medrewardbench import question_with_options

OVERALL = DIMENSIONS[-1]


def prompt_of(row: dict[str, Any]) -> str:
    """The question as solvers and trainers here ask it."""
    return build(row["question"], row.get("options", {}))


def reply_of(trace: dict[str, Any]) -> str:
    """The reviewed reasoning and the answer, in the think/answer format."""
    answer = trace.get("answer_label") or trace["answer"]
    return compose(trace["reasoning"].split("\n"), answer)


def preferred(case: dict[str, Any]) -> tuple[str, str] | None:
    """The answer preferred overall and the other one; None without a label or between equal texts."""
    label = case["label"].get(OVERALL)
    if label not in ("A", "B") or case["answer_a"].strip() == case["answer_b"].strip():
        return None
    pair = (case["answer_a"], case["answer_b"])
    return pair if label == "A" else (pair[1], pair[0])


def question_of(case: dict[str, Any]) -> str:
    """What both answers of a case answer."""
    return question_with_options(case)


def turn(role: str, text: str) -> dict[str, str]:
    """One message."""
    return {"role": role, "content": text}
