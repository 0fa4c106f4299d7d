"""The specialty of a question: the first rule that fires (METHOD.md section 2.2). Pure."""

import re
from dataclasses import dataclass
from typing import Final

ADULT_FROM: Final = 18

_YEARS: Final = re.compile(
    r"\b(\d{1,3})[\s-]*(?:years?|yrs?)[\s-]*old\b|\baged?\s+(\d{1,3})\b", re.IGNORECASE
)
_YOUNGER: Final = re.compile(r"\b\d{1,2}[\s-]*(?:days?|weeks?|months?)[\s-]*old\b", re.IGNORECASE)
_CHILD: Final = re.compile(
    r"\b(?:newborns?|neonat\w*|infants?|toddlers?|child|children|p(?:a)?ediatric\w*|preterm|schoolchild\w*)\b",
    re.IGNORECASE,
)
_TUMOUR_OR_KNIFE: Final = re.compile(
    r"\b(?:cancer\w*|carcino\w*|tumou?rs?|neoplas\w*|malignan\w*|metasta\w*|lymphoma\w*|sarcoma\w*|melanoma\w*"
    r"|leuk(?:a)?emi\w*|glioma\w*|oncolog\w*|surg\w+|(?:pre|post|peri|intra)[- ]?operative\w*|resect\w*"
    r"|biops\w*|\w+ectomy|transplant\w*|chemotherap\w*|radiotherap\w*)\b",
    re.IGNORECASE,
)
_BRAIN_OR_SENSES: Final = re.compile(
    r"\b(?:brain|cerebr\w*|intracran\w*|neuro\w*|stroke|seizure\w*|epilep\w*|dementia|psychiatr\w*|depressi\w*"
    r"|schizophreni\w*|eyes?|ocular|ophthalm\w*|retin\w*|optic|cornea\w*|glaucoma|cataract\w*|ears?|hearing"
    r"|tympan\w*|otitis|nasal|sinus(?:es|itis)?|laryn\w*|pharyn\w*|throat)\b",
    re.IGNORECASE,
)
_PLACES: Final = frozenset({"brain", "eye", "ophthalmology", "otolaryngology", "neurology"})


@dataclass(frozen=True, slots=True)
class SpecialtyDecision:
    """The specialty and the id of the rule that decided it."""

    specialty: str
    rule: str


def decide_specialty(
    text: str, *, given: str = "", age_years: int | None = None, organ_system: str = "", department: str = ""
) -> SpecialtyDecision:
    """The specialty of a question from its own value (rule `import`), the age, its words or its place.

    `text` is the question with its options; `age_years` is None when unknown. Rules in order: age below 18 or
    a word for a child; a neoplasm or an operation; brain, mind, eye, ear, nose or throat; adult medicine.
    """
    if given:
        return SpecialtyDecision(given, "import")
    if (young := _young(text, age_years)) is not None:
        return SpecialtyDecision("pediatrics", young)
    if _TUMOUR_OR_KNIFE.search(text):
        return SpecialtyDecision("oncology_surgery", "oncology_surgery_words")
    if {organ_system, department} & _PLACES:
        return SpecialtyDecision("brain_senses", "brain_senses_place")
    if _BRAIN_OR_SENSES.search(text):
        return SpecialtyDecision("brain_senses", "brain_senses_words")
    return SpecialtyDecision("adult_medicine", "default")


def _young(text: str, age_years: int | None) -> str | None:
    if age_years is not None:
        return "age_under_18" if age_years < ADULT_FROM else None
    ages = [int(one or other) for one, other in _YEARS.findall(text)]
    if ages:
        return "age_in_text" if min(ages) < ADULT_FROM else None
    return "child_words" if _YOUNGER.search(text) or _CHILD.search(text) else None
