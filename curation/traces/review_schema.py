"""What a clinician's review of a trace must hold, and what follows from it. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

ACCEPTED: Final = "accepted"
EDITED: Final = "edited"
REJECTED: Final = "rejected"
STATUSES: Final = (ACCEPTED, EDITED, REJECTED)

REASONS: Final[dict[str, str]] = {
    "not_in_image": "Not in the image",
    "wrong_fact": "Medically wrong",
    "wrong_conclusion": "Does not follow",
    "unsupported": "Claims too much",
    "irrelevant": "Beside the point",
    "unclear": "Cannot be understood",
}
LONGEST_STEP: Final = 4000
LONGEST_COMMENT: Final = 2000


class Step(NamedTuple):
    """A step as it was shown: its id and text."""

    id: str
    text: str


def step_id(position: int) -> str:
    """The name of a step in forms and releases: `step-1` for position 0."""
    return f"step-{position + 1}"


def check_review(content: Mapping[str, Any], steps: Sequence[Step]) -> tuple[dict[str, Any], dict[str, str]]:
    """(cleaned content, errors by field); the content counts only when there are no errors.

    Cleaned: {"steps": {id: {"status", "text"?, "reason"?}}, "decision", "comment"}.
    """
    errors = {name: "is not a field of a review" for name in content if name not in _FIELDS}
    given = content.get("steps", {})
    if not isinstance(given, Mapping):
        return {}, errors | {"steps": "must be one entry per step"}
    errors |= {f"steps.{name}": "is not a step of this trace" for name in given if name not in _ids(steps)}
    cleaned: dict[str, Any] = {"steps": {}, "comment": _text(content.get("comment"), LONGEST_COMMENT)}
    if cleaned["comment"] is None:
        errors["comment"] = f"must be text of at most {LONGEST_COMMENT} characters"
    for number, step in enumerate(steps, start=1):
        decided, problem = _check_step(given.get(step.id), step)
        cleaned["steps"][step.id] = decided
        if problem:
            errors[f"steps.{step.id}"] = f"Step {number}: {problem}"
    if not errors:
        cleaned["decision"], problem = _decision(content, cleaned)
        errors |= {"decision": problem} if problem else {}
    return cleaned, errors


def derived(statuses: Sequence[str]) -> str:
    """The decision on the whole trace that the steps lead to."""
    if all(status == ACCEPTED for status in statuses):
        return ACCEPTED
    return REJECTED if all(status == REJECTED for status in statuses) else EDITED


_FIELDS: Final = frozenset({"steps", "decision", "comment"})


def _ids(steps: Sequence[Step]) -> set[str]:
    return {step.id for step in steps}


def _text(value: Any, longest: int) -> str | None:
    if value is None:
        return ""
    return value.strip() if isinstance(value, str) and len(value) <= longest else None


def _check_step(given: Any, step: Step) -> tuple[dict[str, str], str]:
    if not isinstance(given, Mapping) or given.get("status") not in STATUSES:
        return {}, "decide: accept, edit or reject."
    if unknown := set(given) - {"status", "text", "reason"}:
        return {}, f"{sorted(unknown)[0]} is not a field of a step."
    status = str(given["status"])
    if status == EDITED:
        return _check_edit(given, step)
    if status == REJECTED:
        if given.get("reason") not in REASONS:
            return {}, "say why it is rejected."
        return {"status": status, "reason": str(given["reason"])}, ""
    return {"status": status}, ""


def _check_edit(given: Mapping[str, Any], step: Step) -> tuple[dict[str, str], str]:
    text = _text(given.get("text"), LONGEST_STEP)
    if not text:
        return {}, f"write the new text (at most {LONGEST_STEP} characters), or reject the step."
    if text.split() == step.text.split():
        return {}, "the text is unchanged; accept the step instead."
    return {"status": EDITED, "text": text}, ""


def _decision(content: Mapping[str, Any], cleaned: Mapping[str, Any]) -> tuple[str, str]:
    follows = derived([step["status"] for step in cleaned["steps"].values()])
    wanted = content.get("decision") or follows
    if wanted == follows:
        return follows, ""
    if wanted == REJECTED:
        if cleaned["comment"]:
            return REJECTED, ""
        return "", "Say in the comment why the whole trace is rejected although steps of it stand."
    return "", f"The steps make the whole trace {follows}, not {wanted!s:.20}."
