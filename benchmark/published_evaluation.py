"""The dataset card of a published evaluation, with the Hub's metadata at its head, and its run card."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from benchmark.models import Evaluation
from curation.cards.front_matter import front_matter
from curation.cards.markdown import as_text, table

_DIGESTS: Final = {
    "release": "release", "prompt_sha256": "prompt", "answers_sha256": "answers", "code_commit": "code",
}  # fmt: skip
_TIMES: Final = ("launched", "started", "finished")
_SYNTHETIC: Final = "The release is a synthetic teaching set; nothing it says is medical."
_SAME_ELSEWHERE: Final = "Other prompts, decoding or versions of the model may give other figures."


@dataclass(frozen=True)
class PublishedEvaluation:
    """What cards of judges and of solvers say differently.

    `role` and `unit`: what the model was and what it was asked of; `rows`: name of the rows' file without its
    ending; `figures`: columns, then a line each; `metrics`: as the Hub's model index has them.
    """

    role: str
    unit: str
    tag: str
    task: str
    summary: str
    columns: Sequence[str]
    figures: Sequence[Sequence[object]]
    reading: str
    rows: str
    file: str
    metrics: Sequence[dict[str, Any]]
    limits: Sequence[str]


def published_run_card(evaluation: Evaluation) -> dict[str, Any]:
    """The run card without this site's addresses and folders; digests and times by themselves, by name."""
    card = evaluation.run_card
    apart = {*_DIGESTS, *_TIMES, *(["model_id"] if evaluation.endpoint.is_local else [])}
    kept = {name: value for name, value in card.items() if name not in apart}
    return {
        **kept,
        "server": {name: value for name, value in card["server"].items() if name != "address"},
        "sha256": {shown: card[name] for name, shown in _DIGESTS.items()},
        "created": {name: card[name] for name in _TIMES},
    }


def evaluation_readme(evaluation: Evaluation, digest: str, told: PublishedEvaluation) -> str:
    """The whole README.md; `digest` is the evaluation's."""
    title = f"{evaluation.endpoint.name} as a {told.role} on {evaluation.release.name}"
    limits = (*told.limits, _SAME_ELSEWHERE, *([_SYNTHETIC] if evaluation.study.is_teaching_set else []))
    lines = [
        *front_matter(_metadata(evaluation, title, told)),
        "",
        f"# {as_text(title)}",
        "",
        told.summary,
        "",
        "## How it did",
        "",
        *table(told.columns, told.figures),
        told.reading,
        "",
        "## Files",
        "",
        f"- `{told.rows}.jsonl`: {told.file}",
        "- `run_card.json`: everything that the figures were made from, and the figures.",
        "",
        "## What it was made from",
        "",
        *table(("", ""), _facts(evaluation, digest, told.unit)),
        "## Known limits",
        "",
        *(f"- {limit}" for limit in limits),
    ]
    return "\n".join(lines).rstrip("\n") + "\n"


def _metadata(evaluation: Evaluation, title: str, told: PublishedEvaluation) -> dict[str, Any]:
    release = evaluation.release
    files = [{"split": "test", "path": f"{told.rows}.jsonl"}]
    return {
        "pretty_name": title,
        "license": "other",
        "license_name": "model-and-sources",
        "task_categories": ["image-text-to-text"],
        "tags": ["medical", "evaluation", told.tag],
        "configs": [{"config_name": told.rows, "data_files": files}],
        "model-index": [
            {
                "name": evaluation.endpoint.name,
                "results": [
                    {
                        "task": {"type": "image-text-to-text", "name": told.task},
                        "dataset": {
                            "type": f"{release.study.slug}-{release.kind}-{release.digest[:12]}",
                            "name": release.name,
                            "revision": release.digest,
                        },
                        "metrics": list(told.metrics),
                    }
                ],
            }
        ],
    }


def _facts(evaluation: Evaluation, digest: str, unit: str) -> list[tuple[str, str]]:
    card, local = evaluation.run_card, evaluation.endpoint.is_local
    return [
        ("Model", as_text(evaluation.endpoint.name)),
        *([] if local else [("Known to its server as", as_text(card["model_id"]))]),
        ("Served by", as_text(card["server"]["kind"])),
        ("Release", f"{as_text(evaluation.release.name)}, {evaluation.release.row_count:,} {unit}"),
        ("Digest of the release", f"`{card['release']}`"),
        ("Digest of the evaluation", f"`{digest}`"),
        ("Parser", as_text(card["parser_version"])),
        ("Decoding", f"temperature 0, at most {card['sampling']['max_tokens']:,} tokens"),
        ("Images", as_text(card["image_limits"])),
    ]
