"""Closed lists of METHOD.md section 1 that imports are checked against."""

from typing import Final

ORGAN_SYSTEMS: Final = (
    "abdomen",
    "brain",
    "breast",
    "chest",
    "eye",
    "foot",
    "gastrointestinal_tract",
    "heart",
    "lower_limb",
    "lung",
    "oral_cavity",
    "pelvic_cavity",
    "upper_limb",
)
DEPARTMENTS: Final = (
    "ophthalmology",
    "radiology",
    "otolaryngology",
    "general_surgery",
    "gastroenterology",
    "pulmonology",
    "cardiology",
    "neurology",
)
SPECIALTIES: Final = ("adult_medicine", "pediatrics", "brain_senses", "oncology_surgery")
USES: Final = ("train", "dev", "test")
