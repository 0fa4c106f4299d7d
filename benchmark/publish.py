"""What the Hub's room learns of evaluations: which can be pushed, and their folder of verdicts or letters.

The folder holds letters and no text of the release: ids of its rows, what the judge stated, and the run card.
"""

import json
from pathlib import Path
from typing import Final

from django.urls import reverse

from benchmark.letter_card import letter_rows, published_solver
from benchmark.models import Evaluation, EvaluationKind
from benchmark.published_evaluation import evaluation_readme, published_run_card
from benchmark.verdict_card import published_judge, stated_rows
from consilium.atomic_folder import atomic_folder
from consilium.canonical_json import canonical_sha256
from consilium.disk_space import check_disk_space
from consilium.hub import registry
from consilium.hub.registry import Content, Publishable
from consilium.jobs.handle import JobHandle
from consilium.people.models import Person
from consilium.people.permissions import check_lead
from consilium.refusals import Refused
from curation.permissions import check_release_sources
from curation.releases.export_gate import check_export
from curation.releases.let_through import let_through_in
from curation.releases.sign import check_signed
from curation.releases.withdrawn_images import check_images_stand
from curation.states import ReleaseState

NAME: Final = "evaluation"
KINDS: Final = frozenset({".jsonl", ".json", ".md"})
_PART: Final = 2000


class NotPublished(Refused):
    """An evaluation that may not leave; the text says why."""


def register_publishable_evaluations() -> None:
    """Make evaluations known to the Hub's room."""
    registry.register(
        Publishable(
            name=NAME,
            label="Evaluation",
            repo_type="dataset",
            kinds=KINDS,
            find=_find,
            named=_named,
            check_may_leave=_check_may_leave,
            folder=_folder,
        )
    )


def content_of_evaluation(evaluation: Evaluation) -> Content | None:
    """An evaluation as the Hub's room sees it, once its run card says what came out.

    The digest is that of the run card, which holds one over all answers and their requests.
    """
    if "answers_sha256" not in evaluation.run_card:
        return None
    return Content(
        kind=NAME,
        pk=evaluation.pk,
        study=evaluation.study,
        name=f"{evaluation.endpoint.name} on {evaluation.release.name}",
        digest=canonical_sha256(evaluation.run_card),
        page=reverse("benchmark:evaluation", args=[evaluation.study.slug, evaluation.pk]),
        made_by=evaluation.created_by_id,
    )


def _evaluation(pk: int) -> Evaluation | None:
    related = Evaluation.objects.select_related("study", "endpoint", "release", "job")
    return related.filter(pk=pk).first()


def _find(pk: int) -> Content | None:
    found = _evaluation(pk)
    return content_of_evaluation(found) if found else None


def _named(digest: str) -> list[Content]:
    """By the first digits; a few hundred cards are hashed in no time."""
    related = Evaluation.objects.select_related("study", "endpoint", "release")
    ended = related.exclude(run_card={}).order_by("pk").iterator(_PART)
    contents = filter(None, map(content_of_evaluation, ended))
    return [content for content in contents if content.digest.startswith(digest)][:2]


def _check_may_leave(content: Content, by: Person) -> None:
    """A lead; the evaluation is whole; its release stands, and its sources may be passed on."""
    check_lead(by, content.study)
    one = _evaluation(content.pk)
    assert one is not None
    if not one.job.is_over or one.run_card["answers"] < one.expected_calls:
        count, of = one.run_card["answers"], one.expected_calls
        raise NotPublished(f"{one} has {count:,} of {of:,} answers; only a whole evaluation is published.")
    if one.release.state != ReleaseState.FROZEN:
        raise NotPublished(f"{one.release} is {one.release.state}; what was scored on it is not passed on.")
    check_images_stand(one.release)
    check_signed(one.release)
    check_release_sources(one.release, "may_redistribute")


def _folder(content: Content, scratch: Path, handle: JobHandle) -> Path:
    """Verdicts or letters, run card and dataset card, past the gate of exports; the same at every try."""
    if scratch.exists():
        return scratch
    check_disk_space()
    one = _evaluation(content.pk)
    assert one is not None
    is_judge = one.kind == EvaluationKind.JUDGE
    told, rows = (
        (published_judge(one), stated_rows(one)) if is_judge else (published_solver(one), letter_rows(one))
    )
    with atomic_folder(scratch, is_only_writer=True) as beside:
        with (beside / f"{told.rows}.jsonl").open("w", encoding="utf-8") as out:
            for number, row in enumerate(rows):
                if number % _PART == 0:
                    handle.progress(number, one.expected_calls, f"{told.rows.capitalize()} are being written")
                out.write(json.dumps(row, ensure_ascii=False) + "\n")
        card = json.dumps(published_run_card(one), indent=2, sort_keys=True, ensure_ascii=False)
        (beside / "run_card.json").write_text(card + "\n", encoding="utf-8")
        readme = evaluation_readme(one, content.digest, told)
        (beside / "README.md").write_text(readme, encoding="utf-8")
        check_export(
            beside, study=one.study, images={}, let_through=let_through_in(one.release), check=handle.check
        )
    return scratch
