"""The four clinical reasoning paradigms, by name, and what each asks of a model.

After Savage et al., npj Digital Medicine 7:20 (2024), in our own words and short enough for tiny models.
"""

from typing import Final

PARADIGMS: Final[tuple[str, ...]] = ("differential", "intuitive", "analytical", "bayesian")

INSTRUCTIONS: Final[dict[str, str]] = {
    "differential": "List the candidate diagnoses and rule them out step by step.",
    "intuitive": "Recognise the pattern of findings and answer briefly.",
    "analytical": "Reason step by step from physiology and pathophysiology.",
    "bayesian": "State a prior, update it with each finding and give the posterior.",
}


def instruction(paradigm: str) -> str:
    """The sentence that asks for `paradigm`.

    Raises:
        ValueError: `paradigm` is not one of the four names.
    """
    try:
        return INSTRUCTIONS[paradigm]
    except KeyError:
        raise ValueError(f"Unknown paradigm {paradigm!r}; use one of {', '.join(PARADIGMS)}.") from None
