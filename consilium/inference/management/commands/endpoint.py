"""`manage.py endpoint add NAME --url URL|--path DIR`, `list`, `retire NAME`, `share|unshare NAME SLUG`.

Of the registry of models: `entries [WORDS]`, `entry KEY [--set FIELD=TEXT ...|--restore]`.
"""

from typing import Any

from django.core.management.base import CommandParser

from consilium.commands import ReportingCommand, named
from consilium.inference.change_entry import EntryRefused, add_entry, change_entry, restore_entry
from consilium.inference.endpoints import add_endpoint, retire_endpoint
from consilium.inference.model_entries import FACTS, ModelEntry, entry_lines, find_entry
from consilium.inference.models import EndpointShare, ModelEndpoint
from consilium.inference.shares import end_share, share_endpoint
from consilium.people.models import Study


class Command(ReportingCommand):
    help = "Add, list, retire and share the models that may be asked."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        actions = parser.add_subparsers(dest="action", required=True)
        self._add_options(actions.add_parser("add", help="Add a remote or a local model."))
        listing = actions.add_parser("list", help="The models, with the number of stored replies.")
        retire = actions.add_parser("retire", help="Take a model out of use; its replies stay.")
        retire.add_argument("name")
        retire.add_argument("--reason", default="")
        entries = actions.add_parser("entries", help="The registry of models, with the state of each.")
        entries.add_argument("words", nargs="*", help="Only models that these words stand for.")
        entry = actions.add_parser("entry", help="One model of the registry, or what to say of it.")
        entry.add_argument("key")
        what = entry.add_mutually_exclusive_group()
        what.add_argument("--set", nargs="+", default=[], metavar="FIELD=TEXT", dest="facts")
        what.add_argument("--restore", action="store_true", help="Back to what the program's own file says.")
        share = actions.add_parser("share", help="Let another study ask a study's model.")
        unshare = actions.add_parser("unshare", help="End that.")
        for sub in (share, unshare):
            sub.add_argument("name")
            sub.add_argument("with_study", metavar="SLUG")
        for sub in (listing, retire, entries, entry, share, unshare):
            self._add_json(sub)

    def _add_options(self, parser: CommandParser) -> None:
        self._add_json(parser)
        parser.add_argument("name")
        where = parser.add_mutually_exclusive_group(required=True)
        where.add_argument("--url", default="", help="OpenAI-compatible base address, ending in /v1.")
        where.add_argument("--path", default="", help="Folder under the models folder.")
        parser.add_argument("--model", default="", help="Remote: the name the server knows.")
        parser.add_argument(
            "--entry", default="", metavar="KEY", help="The model of the registry: gives family and name."
        )
        parser.add_argument("--family", default="", help="Local: the architecture unless given.")
        parser.add_argument("--revision", default="", help="Remote: the model's version.")
        parser.add_argument("--study", default="", help="Slug; without it, every study may ask.")
        hosted = parser.add_mutually_exclusive_group()
        hosted.add_argument("--hosted", dest="hosted", action="store_true", default=None)
        hosted.add_argument("--not-hosted", dest="hosted", action="store_false")
        training = parser.add_mutually_exclusive_group()
        training.add_argument("--outputs-may-train", dest="may_train", action="store_true", default=None)
        training.add_argument("--outputs-may-not-train", dest="may_train", action="store_false")
        parser.add_argument("--retention", default="", help="How long the host keeps what it is sent.")
        parser.add_argument("--trained-on", nargs="*", default=[], metavar="DIGEST")

    def _add_json(self, parser: CommandParser) -> None:
        # Suppressed default: `endpoint --json list` and `endpoint list --json` mean the same.
        import argparse

        parser.add_argument("--json", action="store_true", default=argparse.SUPPRESS)

    def perform(self, **options: Any) -> dict[str, Any]:
        if options["action"] == "list":
            rows = [_facts(endpoint) for endpoint in ModelEndpoint.objects.with_reply_counts()]
            return {"endpoints": rows} if options["json"] else {row["name"]: _line(row) for row in rows}
        if options["action"] == "retire":
            endpoint = named(ModelEndpoint.objects.all(), name=options["name"])
            return _facts(retire_endpoint(endpoint=endpoint, by=None, reason=options["reason"]))
        if options["action"] == "entries":
            return _entries(" ".join(options["words"]), as_json=options["json"])
        if options["action"] == "entry":
            return _entry(options["key"], options["facts"], restores=options["restore"])
        if options["action"] in ("share", "unshare"):
            return _share(**options)
        study = named(Study.objects.all(), slug=options["study"]) if options["study"] else None
        provenance = {"releases": options["trained_on"]} if options["trained_on"] else {}
        endpoint = add_endpoint(
            name=options["name"],
            by=None,
            url=options["url"],
            path=options["path"],
            model_id=options["model"],
            family=options["family"],
            revision=options["revision"],
            study=study,
            is_hosted=options["hosted"],
            outputs_may_train=options["may_train"],
            retention=options["retention"],
            provenance=provenance,
            entry_key=options["entry"],
        )
        return _facts(endpoint)


def _entries(words: str, *, as_json: bool) -> dict[str, Any]:
    lines = [line for line in entry_lines(None) if line.entry.mentions(words)]
    if not as_json:
        return {line.entry.key: f"{line.entry.name}, {line.state_label.lower()}" for line in lines}
    return {"entries": [_said(line.entry) | {"state": line.state} for line in lines]}


def _entry(key: str, facts: list[str], *, restores: bool) -> dict[str, Any]:
    """Print one model; first change it, add it where nobody knows it, or restore it."""
    if restores:
        return _said(restore_entry(key=key, by=None))
    if wrong := next((fact for fact in facts if "=" not in fact), ""):
        raise EntryRefused(f"Write FIELD=TEXT, not {wrong[:40]!r}.")
    given = {name: text for name, _, text in (fact.partition("=") for fact in facts)}
    found = find_entry(key)
    if given:
        found = (change_entry if found else add_entry)(key=key, facts=given, by=None)
    if found is None:
        raise EntryRefused(f"The registry knows no model {key!r}.")
    return _said(found)


def _said(entry: ModelEntry) -> dict[str, Any]:
    shown = {name: getattr(entry, name) for name in ("key", "paper_row", *FACTS)}
    return shown | {"changed": sorted(entry.shipped or ())}


def _share(*, action: str, name: str, with_study: str, **options: Any) -> dict[str, Any]:
    endpoint = named(ModelEndpoint.objects.select_related("study"), name=name)
    study = named(Study.objects.all(), slug=with_study)
    if action == "share":
        share_endpoint(endpoint=endpoint, study=study, by=None)
    else:
        shares = EndpointShare.objects.select_related("endpoint__study", "study")
        end_share(share=named(shares, endpoint=endpoint, study=study), by=None)
    return _facts(endpoint)


def _facts(endpoint: ModelEndpoint) -> dict[str, Any]:
    return {
        "id": endpoint.pk,
        "name": endpoint.name,
        "kind": "local" if endpoint.is_local else "remote",
        "where": endpoint.path or endpoint.base_url,
        "model": endpoint.model_id,
        "family": endpoint.family,
        "entry": endpoint.entry_key,
        "scores": endpoint.scored_dimension or None,
        "revision": endpoint.revision,
        "study": endpoint.study.slug if endpoint.study else None,
        "shared_with": sorted(endpoint.shares.values_list("study__slug", flat=True)),
        "is_hosted": endpoint.is_hosted,
        "outputs_may_train": endpoint.outputs_may_train,
        "releases": endpoint.provenance.get("releases", []),
        "is_active": endpoint.is_active,
        "replies": getattr(endpoint, "reply_count", 0),
    }


def _line(row: dict[str, Any]) -> str:
    words = [f"{row['kind']}, scores {row['scores']}" if row["scores"] else row["kind"], row["family"]]
    words += [f"study {row['study'] or 'any'}", f"{row['replies']} replies"]
    return ", ".join(words if row["is_active"] else [*words, "out of use"])
