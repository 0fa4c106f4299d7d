"""Names of people: what announces them first, then what stands behind them, then known given names."""

from typing import Final

from curation.text.known_names import KNOWN_NAMES
from curation.text.low_names import LOW_NAMES
from curation.text.name_fields import FIELD_NAMES
from curation.text.name_labels import LABELLED_NAMES
from curation.text.name_marks import HATTED_NAMES, MARKED_NAMES
from curation.text.name_phrases import PHRASES
from curation.text.rule import Rule

NAMES: Final[tuple[Rule, ...]] = (
    *HATTED_NAMES, *FIELD_NAMES, *LABELLED_NAMES, *PHRASES, *MARKED_NAMES, *KNOWN_NAMES, *LOW_NAMES,
)  # fmt: skip
