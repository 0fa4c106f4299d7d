"""The layouts of this app."""

from curation.layouts.hub import HUB
from curation.layouts.jsonl import JSONL
from curation.layouts.medrewardbench import MEDREWARDBENCH
from curation.layouts.prm import PRM
from curation.layouts.registry import register
from curation.layouts.sharegpt import SHAREGPT
from curation.layouts.trl import TRL


def register_layouts() -> None:
    """Make them known to pages and commands, in the order in which they are offered."""
    for layout in (HUB, JSONL, MEDREWARDBENCH, SHAREGPT, TRL, PRM):
        register(layout)
