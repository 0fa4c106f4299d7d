"""The card of a model that a run made: README.md beside the weights, with the Hub's YAML at its head.

The one on disk is written before the model is registered, whose revision it is part of; one with results is
written when somebody asks for it.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from consilium.atomic_folder import sync
from consilium.inference.model_folders import SCORE_HEAD
from curation.cards.front_matter import front_matter
from curation.cards.markdown import as_percent, as_text, spoken, table, word_of
from curation.cards.model_results import ModelResult, results_of
from curation.models import Release
from curation.releases.background import SOURCES
from curation.releases.freeze import side_rows_of
from training import run_folder
from training.job.spec import ADVANTAGE, FROM_BASE
from training.models import ProducedModel, Run, Stage
from training.stage_settings import defaults_of

CARD: Final = "README.md"
MODEL, ADAPTER = "model", "adapter"
ON_START: Final = "adapter_on_start"  # of GBA: not a delta of the base
BASE_RELATION: Final = dict.fromkeys(Stage, "finetune") | {Stage.MERGE: "merge"}
MADE: Final = {
    Stage.MERGE: (
        "Conflict-aware merge of the experts, and of the reinforced model where there is one, on full-rank"
        " deltas in float32."
    ),
    Stage.JUDGE_SFT: (
        "A judge of pairs of answers: one LoRA adapter, trained with the benchmark's own prompt on the"
        " consensus of readers, with the loss on the verdict alone."
    ),
    Stage.JUDGE_DPO: (
        "DPO on preferences of readers: one LoRA adapter, by the settings below either on right against"
        " opposite verdicts, which makes a judge, or on better against worse answers."
    ),
    Stage.REWARD_MODEL: (
        "A Bradley-Terry reward model: base and LoRA adapter under a linear head on the last token. It gives"
        " a number for a question with an answer, higher for the answer that readers preferred; it writes no"
        " text."
    ),
}
SUPERVISED: Final = (
    "DSA: trained on reviewed reasoning of {taught}, with the loss on the completion alone. Vision tower and"
    " projector were not trained."
)
REINFORCED: Final = (
    "{name}: reinforcement with group-relative advantages {groups}, starting from {start}. Reward: right"
    " answer, and form of the answer."
)
AVERAGED: Final = "the base plus the uniform average of the experts"
TASKS: Final = {
    "solver": ("visual-question-answering", "Answers multiple-choice questions"),
    "judge": ("image-text-to-text", "Judges pairs of answers"),
}
LIMITS: Final = (
    "For research. It must not be used to diagnose or treat anybody, nor to advise on it.",
    "It can state wrong findings fluently. Its reasoning need not be how it came to its answer.",
    "It was trained and measured on the releases named here; other devices, populations and languages may"
    " give other results.",
    "What its base model gets wrong, it may get wrong too.",
)
NOT_IN_ID: Final = re.compile(r"[^A-Za-z0-9._-]+")


def model_card(produced: ProducedModel, part: str = MODEL) -> str:
    """The card with everything that was measured since; `part`: MODEL or ADAPTER."""
    run = produced.run
    own, before = results_of(produced.endpoint), results_of(run.base)
    return card_text(run, produced.card, part, produced.release_digests, own, before)


def card_parts(produced: ProducedModel) -> list[str]:
    """What has a card: the merged weights, and the adapter where the run trained one."""
    return [MODEL, *([ADAPTER] if produced.card.get("artifacts", {}).get("adapter") else [])]


def write_model_cards(run: Run, card: Mapping[str, Any], digests: Sequence[str]) -> None:
    """Write README.md beside model and adapter, over what libraries left there. Raises OSError."""
    artifacts = card.get("artifacts", {})
    for part in (MODEL, ADAPTER):
        name = artifacts.get(part)
        if name and (place := run_folder.folder(run) / name).is_dir():
            _write(place / CARD, card_text(run, card, part, digests, [], []))


def card_text(
    run: Run,
    card: Mapping[str, Any],
    part: str,
    digests: Sequence[str],
    own: Sequence[ModelResult],
    before: Sequence[ModelResult],
) -> str:
    """The whole file. `card`: the run card; `own` and `before`: results of the model and of its base."""
    name = f"{run.study.slug}/run-{run.pk} {run.stage}{' ' + run.specialty if run.specialty else ''}"
    title = f"{name}, adapter" if part == ADAPTER else name
    releases = list(Release.objects.filter(digest__in=digests).select_related("study").order_by("pk"))
    artifacts = card.get("artifacts", {})
    digest = artifacts.get("adapter_digest" if part == ADAPTER else "digest", "")
    lines = [
        *front_matter(_metadata(run, part, title, releases, own)),
        "",
        f"# {as_text(title)}",
        "",
        _made(run),
        "",
        *_facts(run, card, part, digest),
        *_section("What it was trained on", _data(card, digests, releases)),
        *_section("Recipe", _recipe(card)),
        *_section("How it does, and how its base did", _comparison(own, before)),
        *_section("What it is for", _use(part)),
        *_section("Known limits", _limits(run)),
        *_section("How to load it", _loading(run, part, artifacts)),
        *_section("Licence", _licence(releases)),
    ]
    return "\n".join(lines).rstrip("\n") + "\n"


def _metadata(
    run: Run, part: str, title: str, releases: Sequence[Release], own: Sequence[ModelResult]
) -> dict[str, Any]:
    return {
        "library_name": "peft" if part == ADAPTER else "transformers",
        "pipeline_tag": "image-text-to-text",
        "base_model": _id(run.base.name),
        "base_model_relation": ADAPTER if part == ADAPTER else BASE_RELATION[Stage(run.stage)],
        "license": "other",
        "license_name": "base-model-and-data",
        "datasets": [f"{one.study.slug}-{one.kind}-{one.digest[:12]}" for one in releases],
        "tags": ["medical", run.stage, *(["lora"] if part == ADAPTER else []), *_named(run.specialty)],
        "model-index": [{"name": _id(title), "results": [_indexed(one) for one in own]}] if own else [],
    }  # fmt: skip


def _made(run: Run) -> str:
    """What kind of model it is, in a sentence or two."""
    if run.stage == Stage.DSA:
        return SUPERVISED.format(taught="one specialty" if run.specialty else "all specialties together")
    if run.stage != Stage.GBA:
        return MADE[Stage(run.stage)]
    chosen = {**defaults_of(run.stage), **run.settings}
    is_stock = len(chosen["paradigms"]) == 1 and chosen["variant"] == ADVANTAGE
    return REINFORCED.format(
        name="GRPO" if is_stock else "GBA",
        groups="among the answers to one prompt" if is_stock else "over several reasoning paradigms",
        start="the base alone" if chosen["start_from"] == FROM_BASE else AVERAGED,
    )


def _named(specialty: str) -> list[str]:
    return [specialty] if specialty else []


def _limits(run: Run) -> list[str]:
    made = "It was taught by a synthetic teaching set; nothing it says is medical."
    return [f"- {limit}" for limit in [*LIMITS, *([made] if run.study.is_teaching_set else [])]]


def _indexed(result: ModelResult) -> dict[str, Any]:
    kind, name = TASKS[result.task]
    return {
        "task": {"type": kind, "name": name},
        "dataset": {"type": result.folder, "name": result.release, "revision": result.digest},
        "metrics": [{"type": "accuracy", "value": round(result.value, 4), "name": result.metric}],
    }


def _facts(run: Run, card: Mapping[str, Any], part: str, digest: str) -> list[str]:
    inputs = card.get("inputs", {})
    experts = [*inputs.get("experts", []), *inputs.get("merged", [])]
    rows = [
        ("Base model", as_text(run.base.name)),
        ("Weights of the base", _code(card.get("base_digest"))),
        ("Weights of this", _code(digest)),
        ("Builds on", ", ".join(map(_code, experts))),
        ("Seed", f"{run.seed}"),
    ]
    if chosen := card.get("chosen"):
        rows.append(("Chosen of the candidates", _candidate(chosen)))
    if run.taught:
        rows.insert(0, ("Specialty", as_text(run.taught)))
    kept = [(name, told) for name, told in rows if told]
    note = "A digest is the SHA-256 over the lines of hash and name of the safetensors files."
    if part == ADAPTER and card.get("artifacts", {}).get("adapter") == ON_START:
        note += " This adapter is a delta of the base plus the average of the experts, not of the base alone."
    return [*table(("At a glance", ""), kept), note, ""]


def _candidate(chosen: Mapping[str, Any]) -> str:
    kept = f", share kept {chosen['density']:g}" if chosen.get("density") else ""
    worst = as_percent(chosen["worst"])
    return f"{as_text(chosen['method'])}{kept}, scale {chosen['scale']:g}; worst specialty on dev {worst}"


def _data(card: Mapping[str, Any], digests: Sequence[str], releases: Sequence[Release]) -> list[str]:
    known = {one.digest: one for one in releases}
    rows = [
        (as_text(known[digest].name), f"{known[digest].row_count:,}", _code(digest))
        if digest in known
        else ("not on this site", "", _code(digest))
        for digest in digests
    ]
    lines = table(("Release", "Rows", "Digest"), rows) if rows else ["None that is known."]
    if traces := card.get("inputs", {}).get("traces"):
        lines += [f"Of these, {traces:,} traces were read by this stage; it never saw another split.", ""]
    return [*lines, *_cases(card.get("inputs", {}))]


def _cases(inputs: Mapping[str, Any]) -> list[str]:
    if not inputs.get("pairs"):
        return []
    left_out = ", ".join(f"{count:,} for {reason}" for reason, count in inputs["left_out"].items())
    held_out = len(inputs["held_out"]["cases"])
    return [
        f"Of these, {inputs['pairs']:,} cases were trained on. {held_out:,} of other patients and images were"
        f" held out{', and left out ' + left_out if left_out else ''}. The run card names them. It must not"
        " be scored on a release that shares a patient, an image or a question with them.",
        "",
    ]


def _recipe(card: Mapping[str, Any]) -> list[str]:
    settings = card.get("spec", {}).get("settings", {})
    versions, metrics = card.get("versions", {}), card.get("metrics", {})
    chosen = ((word_of(name), _value(value)) for name, value in settings.items() if value is not None)
    lines = table(("Setting", "Value"), chosen)
    if metrics:
        named = ((word_of(name), f"{value:.4g}") for name, value in metrics.items())
        lines += table(("At the end", "Value"), named)
    told = ", ".join(f"{as_text(name)} {as_text(version)}" for name, version in versions.items())
    spent = f" The last start took {card['seconds']:.0f} seconds." if card.get("seconds") else ""
    return [*lines, f"Software: {told or 'not on record'}.{spent}"]


def _comparison(own: Sequence[ModelResult], before: Sequence[ModelResult]) -> list[str]:
    if not own:
        return ["It had not been measured when this card was written."]
    base = {(one.task, one.digest, one.method): one for one in before}
    rows = []
    for one in own:
        other = base.get((one.task, one.digest, one.method))
        gain = f"{100 * (one.value - other.value):+.1f}" if other else "not measured"
        rows.append(
            (
                TASKS[one.task][1], as_text(one.release), as_text(one.metric), f"{one.rows:,}",
                _with_ends(one), _with_ends(other) if other else "not measured", gain,
            )
        )  # fmt: skip
    head = ("Task", "Release", "Figure", "Rows", "This model", "Its base", "Difference in points")
    note = (
        "Differences are shown where both were asked with the same prompt and read by the same parser. In"
        " brackets: 95 % intervals of a bootstrap over patients or images."
    )
    return [*table(head, rows), note]


def _use(part: str) -> list[str]:
    lines = ["- research on medical reasoning and on the training of models like it;"]
    lines.append("- comparison with its base and with other recipes, on the releases named above.")
    if part == ADAPTER:
        lines.append("- as input of a merge, or as a start for another adapter.")
    return lines


def _loading(run: Run, part: str, artifacts: Mapping[str, Any]) -> Iterator[str]:
    yield "```python"
    if part == ADAPTER and artifacts.get("adapter") == ADAPTER:
        yield "from peft import PeftModel"
    yield "from transformers import AutoModelForImageTextToText, AutoProcessor"
    yield ""
    if part == MODEL:
        yield 'path = "."  # this folder, or OWNER/NAME'
        yield "model = AutoModelForImageTextToText.from_pretrained(path, use_safetensors=True)"
        yield "processor = AutoProcessor.from_pretrained(path)"
    else:
        yield f'base = "{_id(run.base.name)}"  # the folder or the name of the base model'
        yield "model = AutoModelForImageTextToText.from_pretrained(base, use_safetensors=True)"
        if artifacts.get("adapter") == ADAPTER:
            yield 'model = PeftModel.from_pretrained(model, ".")  # this folder, or OWNER/NAME'
        yield "processor = AutoProcessor.from_pretrained(base)"
    if run.stage == Stage.REWARD_MODEL and part == MODEL:
        yield ""
        yield "from safetensors.torch import load_file"
        yield ""
        yield f'head = load_file("{SCORE_HEAD}")["score.weight"][0]'
        yield "# inputs: question and answer in one conversation, written by the chat template"
        yield "score = head @ model.model(**inputs).last_hidden_state[0, -1].float()"
    yield "```"
    if part == ADAPTER and artifacts.get("adapter") != ADAPTER:
        yield ""
        if run.stage == Stage.REWARD_MODEL:
            yield "The adapter is one of language model and head together; the merged weights need none."
        else:
            yield "Add the average of the experts to the base first; the merged weights need no such step."


def _licence(releases: Sequence[Release]) -> list[str]:
    lines = ["The licence of the base model holds, and so do the terms of the sources of its data."]
    for one in releases:
        told = sorted(
            (row["name"], row["licence"])
            for row in side_rows_of(one, SOURCES).values_list("content", flat=True)
        )
        named = ", ".join(f"{as_text(name)} ({as_text(licence)})" for name, licence in told)
        lines += ["", f"Sources of {as_text(one.name)}: {named or 'see its card'}."]
    return lines


def _section(title: str, lines: Any) -> list[str]:
    kept = list(lines)
    while kept and not kept[-1]:
        kept.pop()
    return [f"## {title}", "", *kept, ""]


def _id(name: str) -> str:
    """A name as the Hub takes it: at most one stroke, no blanks."""
    owner, stroke, rest = name.partition("/")
    parts = [NOT_IN_ID.sub("-", part).strip("-.") for part in ((owner, rest) if stroke else (owner,))]
    return "/".join(filter(None, parts)) or "unnamed"


def _with_ends(result: ModelResult) -> str:
    told = as_percent(result.value)
    if result.low is None or result.high is None:
        return told
    return f"{told} [{100 * result.low:.1f}, {100 * result.high:.1f}]"


def _value(value: Any) -> str:
    if isinstance(value, list):
        return as_text(", ".join(spoken(str(one)) for one in value))
    return ("yes" if value else "no") if isinstance(value, bool) else as_text(value)


def _code(digest: object) -> str:
    return f"`{digest}`" if digest else ""


def _write(path: Path, text: str) -> None:
    """Whole or not at all."""
    part = path.with_name(f"{path.name}.part")
    part.write_text(text, encoding="utf-8")
    sync(part)
    part.rename(path)
