"""The registry of models: what is known of each, from the program's own file and from what operators changed.

The file (`data/model_entries.json`) comes with each version of the program. An operator's change is kept by
field: a newer file brings new models and new facts, and never overwrites what an operator said.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from functools import cache
from pathlib import Path
from typing import Any, Final

from consilium.inference.models import EntryChange, ModelEndpoint
from consilium.people.models import Study

FILE: Final = Path(__file__).parent / "data" / "model_entries.json"
KEY: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,59}")
GROUPS: Final[Mapping[str, str]] = {
    "open": "Open weights",
    "medical": "Medical",
    "proprietary": "Proprietary",
    "trained": "Trained for the paper",
}
# What an operator may say of a model; everything is text, and empty means unknown.
FACTS: Final = (
    "name", "group", "maker", "family", "hub_id", "api_name", "size", "licence", "images", "chat", "serving",
    "prompt_price", "completion_price", "unavailable", "notes", "sources",
)  # fmt: skip
STATES: Final[Mapping[str, str]] = {
    "answered": "Has an endpoint that answered",
    "added": "Has an endpoint, not asked yet",
    "unserved": "Known, not served here",
    "unavailable": "Not available",
}


@dataclass(frozen=True, slots=True)
class ModelEntry:
    """One model. Empty text: not known. `sources`: where the facts stand, one address a line.

    `prompt_price` and `completion_price`: US dollars for a million tokens asked and written.

    `paper_row`: its row in Table 2 of Med-RewardBench. `unavailable`: why nobody can ask it. `shipped`: what
    the program's own file says where an operator says otherwise; None where the file does not know the model.
    """

    key: str
    name: str
    group: str = "open"
    paper_row: str = ""
    maker: str = ""
    family: str = ""
    hub_id: str = ""
    api_name: str = ""
    size: str = ""
    licence: str = ""
    images: str = ""
    chat: str = ""
    serving: str = ""
    prompt_price: str = ""
    completion_price: str = ""
    unavailable: str = ""
    notes: str = ""
    sources: str = ""
    shipped: Mapping[str, str] | None = field(default_factory=dict)

    @property
    def model_id(self) -> str:
        """The name under which a server knows it."""
        return self.api_name or self.hub_id

    @property
    def prices(self) -> tuple[float, float] | None:
        """US dollars for one token asked and one written; None where either is not known."""
        if not self.prompt_price or not self.completion_price:
            return None
        return float(self.prompt_price) / 1e6, float(self.completion_price) / 1e6

    @property
    def group_label(self) -> str:
        """Its group in words."""
        return GROUPS.get(self.group, self.group)

    def mentions(self, words: str) -> bool:
        """Whether each of the words stands somewhere in what is known of it, whatever its case."""
        text = " ".join(str(getattr(self, each.name) or "") for each in fields(self)[:-1]).casefold()
        return all(word in text for word in words.casefold().split())


@dataclass(frozen=True, slots=True)
class EntryLine:
    """A model of the registry with its endpoints in use and its state, one of STATES."""

    entry: ModelEntry
    endpoints: list[ModelEndpoint]
    state: str

    @property
    def state_label(self) -> str:
        """Its state in words."""
        return STATES[self.state]


@cache
def shipped_entries() -> dict[str, dict[str, str]]:
    """The facts of the program's own file by key."""
    stated = json.loads(FILE.read_text(encoding="utf-8"))["entries"]
    return {entry["key"]: entry | {"sources": "\n".join(entry["sources"])} for entry in stated}


def known_entries() -> dict[str, ModelEntry]:
    """Every model of the registry by key: those of the file in its order, then those that operators added."""
    changes = dict(EntryChange.objects.order_by("pk").values_list("key", "facts"))
    keys = [*shipped_entries(), *(key for key in changes if key not in shipped_entries())]
    return {key: _merged(key, changes.get(key, {})) for key in keys}


def find_entry(key: str) -> ModelEntry | None:
    """The model of that key; None for what is none."""
    if not KEY.fullmatch(key):
        return None
    change = EntryChange.objects.filter(key=key).values_list("facts", flat=True).first()
    if change is None and key not in shipped_entries():
        return None
    return _merged(key, change or {})


def entries_of(endpoints: Iterable[ModelEndpoint]) -> dict[int, ModelEntry]:
    """What the registry knows of some endpoints' models, by the endpoint's key; the unknown are left out."""
    known = known_entries()
    return {
        each.pk: entry
        for each in endpoints
        for entry in [next((one for one in known.values() if _is_of(each, one)), None)]
        if entry is not None
    }


def entry_lines(study: Study | None) -> list[EntryLine]:
    """Every model with the endpoints that this study may ask; with those of all studies for None."""
    rows = ModelEndpoint.objects.all() if study is None else ModelEndpoint.objects.for_study(study)
    return _lines(known_entries().values(), list(rows.in_use().with_reply_counts(study)))


def entry_line(entry: ModelEntry, study: Study | None) -> EntryLine:
    """As `entry_lines`, of one model."""
    rows = ModelEndpoint.objects.all() if study is None else ModelEndpoint.objects.for_study(study)
    return _lines([entry], list(rows.in_use().with_reply_counts(study)))[0]


def _merged(key: str, stored: Mapping[str, str]) -> ModelEntry:
    change = {name: said for name, said in stored.items() if name in FACTS}
    stated: Mapping[str, Any] | None = shipped_entries().get(key)
    if stated is None:
        return ModelEntry(**({"key": key, "name": key} | change), shipped=None)
    overruled = {name: str(stated[name]) for name in change}
    return ModelEntry(**(dict(stated) | change), shipped=overruled)


def _lines(entries: Iterable[ModelEntry], endpoints: list[ModelEndpoint]) -> list[EntryLine]:
    return [_line(entry, [each for each in endpoints if _is_of(each, entry)]) for entry in entries]


def _is_of(endpoint: ModelEndpoint, entry: ModelEntry) -> bool:
    """Whether it was made from this entry, or, made by hand, asks for the same model by name."""
    if endpoint.entry_key:
        return endpoint.entry_key == entry.key
    return bool(endpoint.model_id) and endpoint.model_id in (entry.hub_id, entry.api_name)


def _line(entry: ModelEntry, endpoints: list[ModelEndpoint]) -> EntryLine:
    if endpoints:
        answered = any(getattr(endpoint, "reply_count", 0) for endpoint in endpoints)
        return EntryLine(entry, endpoints, "answered" if answered else "added")
    return EntryLine(entry, [], "unavailable" if entry.unavailable else "unserved")
