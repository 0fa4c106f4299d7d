"""The dataset card of a published evaluation, with the Hub's metadata at its head, and its run card."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from benchmark.models import Evaluation
from consilium.answers.dimensions import DIMENSIONS
from curation.cards.front_matter import front_matter
from curation.cards.markdown import as_percent, as_text, table

VERDICTS: Final = "verdicts.jsonl"
FIGURES: Final = {
    "accuracy": "Accuracy, both orders", "strict": "Right in both orders", "reference": "Stored order alone",
    "valid_only": "Of valid replies", "position_consistency": "Position consistency",
    "first_position_rate": "First position", "invalid_rate": "Invalid", "tie_rate": "Tie",
}  # fmt: skip
_DIGESTS: Final = {
    "release": "release", "prompt_sha256": "prompt", "answers_sha256": "answers", "code_commit": "code",
}  # fmt: skip
_TIMES: Final = ("launched", "started", "finished")
_SYNTHETIC: Final = "The release is a synthetic teaching set; nothing it says is medical."
_LIMITS: Final = (
    "It measures agreement with the majority of readers on this release, and nothing else.",
    "Labels of readers are uncertain themselves; no judge can be more right than they are.",
    "Other prompts, decoding or versions of the model may give other figures.",
)


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


def verdict_card(evaluation: Evaluation, digest: str) -> str:
    """The whole README.md; `digest` is the evaluation's."""
    card = evaluation.run_card
    title = f"{evaluation.endpoint.name} as a judge on {evaluation.release.name}"
    lines = [
        *front_matter(_metadata(evaluation, title)),
        "",
        f"# {as_text(title)}",
        "",
        "What one judge stated of every case of a release, in both orders of the two answers:"
        f" {card['answers']:,} verdicts. No text of the release, no label, nothing about readers.",
        "",
        "## How it did",
        "",
        *table(("Dimension", "Cases", *FIGURES.values()), _figures(card["figures"])),
        "A case scores the mean over both orders; invalid and tie are wrong. In brackets: 95 % intervals of a"
        " bootstrap over patients or images.",
        "",
        "## Files",
        "",
        f"- `{VERDICTS}`: one row per case and order: `case_id` of the release, `question_id` as in an export"
        " in the Med-RewardBench layout, `order` (`ab`: answer A was shown first), a letter of the case's own"
        " answers for each dimension (`A`, `B`, `tie`, or null where the reply was invalid), and `reason`:"
        " how the reply was read.",
        "- `run_card.json`: everything that the figures were made from, and the figures.",
        "",
        "## What it was made from",
        "",
        *table(("", ""), _facts(evaluation, digest)),
        "## Known limits",
        "",
        *(f"- {limit}" for limit in (*_LIMITS, *([_SYNTHETIC] if evaluation.study.is_teaching_set else []))),
    ]
    return "\n".join(lines).rstrip("\n") + "\n"


def _metadata(evaluation: Evaluation, title: str) -> dict[str, Any]:
    release, figures = evaluation.release, evaluation.run_card["figures"]
    return {
        "pretty_name": title,
        "license": "other",
        "license_name": "model-and-sources",
        "task_categories": ["image-text-to-text"],
        "tags": ["medical", "evaluation", "llm-as-a-judge"],
        "configs": [{"config_name": "verdicts", "data_files": [{"split": "test", "path": VERDICTS}]}],
        "model-index": [
            {
                "name": evaluation.endpoint.name,
                "results": [
                    {
                        "task": {"type": "image-text-to-text", "name": "Judges pairs of answers"},
                        "dataset": {
                            "type": f"{release.study.slug}-{release.kind}-{release.digest[:12]}",
                            "name": release.name,
                            "revision": release.digest,
                        },
                        "metrics": list(_metrics(figures)),
                    }
                ],
            }
        ],
    }


def _metrics(figures: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for name in DIMENSIONS:
        value = figures[name]["accuracy"]["value"]
        if isinstance(value, float):
            yield {"type": "accuracy", "name": f"{name}, both orders", "value": round(value, 4)}


def _figures(figures: Mapping[str, Any]) -> Iterator[tuple[object, ...]]:
    for name in DIMENSIONS:
        row = figures[name]
        yield (name.capitalize(), f"{row['cases']:,}", *(_shown(row[figure]) for figure in FIGURES))


def _shown(stored: Any) -> str:
    """A share in percent with its interval, as the card's JSON has it; a dash where it does not exist."""
    value, ends = (
        (stored, None) if not isinstance(stored, Mapping) else (stored.get("value"), stored.get("interval"))
    )
    if not isinstance(value, float):
        return "\N{EN DASH}"
    told = as_percent(value)
    return f"{told} [{100 * ends[0]:.1f}, {100 * ends[1]:.1f}]" if isinstance(ends, list) else told


def _facts(evaluation: Evaluation, digest: str) -> list[tuple[str, str]]:
    card, local = evaluation.run_card, evaluation.endpoint.is_local
    return [
        ("Model", as_text(evaluation.endpoint.name)),
        *([] if local else [("Known to its server as", as_text(card["model_id"]))]),
        ("Served by", as_text(card["server"]["kind"])),
        ("Release", f"{as_text(evaluation.release.name)}, {evaluation.release.row_count:,} cases"),
        ("Digest of the release", f"`{card['release']}`"),
        ("Digest of the evaluation", f"`{digest}`"),
        ("Parser", as_text(card["parser_version"])),
        ("Decoding", f"temperature 0, at most {card['sampling']['max_tokens']:,} tokens"),
        ("Images", as_text(card["image_limits"])),
    ]
