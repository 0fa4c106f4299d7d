"""Takes in pairs that another team labelled: the Med-RewardBench layout as external labels (METHOD.md 4)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from django.db import transaction

from annotation.medrewardbench_files import ExternalCase, Unpacked, are_pairs, unpack
from annotation.models import ExternalLabel
from consilium.audit.record import record
from curation.imports.deidentify import RefusedItem
from curation.imports.formats import ImportFormat, ImportWork, Taken
from curation.imports.plan import Plan, make_plan
from curation.imports.store import store_pictures, store_questions
from curation.models import Import, Question, Use

OF_TRAINING: Final = "its question is kept for training here; a use, once given, never changes"
OTHER: Final = "another pair of this study has that id"


@dataclass(slots=True)
class _Keeping:
    """What becomes of each case; `refused` by id."""

    work: ImportWork
    plan: Plan
    cases: Mapping[str, ExternalCase]
    refused: dict[str, RefusedItem] = field(default_factory=dict)

    def cases_of(self, content: str) -> list[ExternalCase]:
        return [self.cases[asker.external_id] for asker in self.plan.askers.get(content, ())]

    def keep(self, question: Question, content: str) -> None:
        """Store the labels of a question; without a batch, find only what would be refused."""
        for case in self.cases_of(content):
            stored = self.stored(case)
            if problem := _problem(question, case, stored):
                self.refused[case.external_id] = RefusedItem(case.item, problem, case.place)
            elif stored is None and self.work.batch is not None:
                _store(self.work, self.work.batch, question, case)

    def taken(self) -> Taken:
        """Labels of this import are taken in, however often it began; those of another were there."""
        made = Taken(refused=list(self.refused.values()))
        batch = self.work.batch.pk if self.work.batch else None
        for case in (case for content in self.plan.askers for case in self.cases_of(content)):
            if case.external_id in self.refused:
                continue
            stored = self.stored(case)
            if stored is None or stored.batch_id == batch:
                made.accepted += 1
            else:
                made.duplicates += 1
        return made

    def stored(self, case: ExternalCase) -> ExternalLabel | None:
        own = ExternalLabel.objects.filter(study=self.work.study, external_id=case.external_id)
        return own.first()


def take_pairs(work: ImportWork) -> Taken:
    """Questions, images and pairs with their labels, each pair whole or not at all."""
    # Anew at each try: what a try that died has left goes with the uploaded files.
    with TemporaryDirectory(dir=work.folder, prefix="unpacked-") as out:
        unpacked = unpack(work.received, work.folder, Path(out))
        plan = _plan(work, unpacked, Path(out))
    keeping = _Keeping(work, plan, unpacked.cases)
    if work.handle is not None:
        store_pictures(plan, work.handle)
        store_questions(plan, work.handle, keeping.keep)
    _each_stored(plan, keeping)
    taken = keeping.taken()
    taken.refused += [*unpacked.refused, *_told(plan, unpacked)]
    return taken


def _problem(question: Question, case: ExternalCase, stored: ExternalLabel | None) -> str:
    if question.cluster.use != Use.TEST:
        return OF_TRAINING
    same = stored is None or (stored.question_id, _said(stored)) == (question.pk, _said(case))
    return "" if same else OTHER


def _plan(work: ImportWork, unpacked: Unpacked, folder: Path) -> Plan:
    assert work.source is not None
    return make_plan(
        unpacked.files,
        folder,
        source=work.source,
        batch=work.batch,
        keep=work.handle is not None,
        folders=True,
        done=work.told("{done} of {total} pictures looked at"),
        use=Use.TEST,
    )


def _each_stored(plan: Plan, keeping: _Keeping) -> None:
    """Questions that were there before: of another import, or of a try of this one that died."""
    for content in plan.askers:
        question = Question.objects.filter(study=plan.study, content_sha256=content).first()
        if question is not None:
            with transaction.atomic():
                keeping.keep(question, content)


def _store(work: ImportWork, batch: Import, question: Question, case: ExternalCase) -> None:
    made = ExternalLabel.objects.create(
        study=work.study, question=question, batch=batch, external_id=case.external_id, **_said(case)
    )
    record(action="external_label.imported", obj=made, by=None, study=work.study, data={"label": case.label})


def _said(of: ExternalCase | ExternalLabel) -> dict[str, Any]:
    names = ("answer_a", "answer_b", "label", "dataset", "image_name")
    return {name: getattr(of, name) for name in names}


def _told(plan: Plan, unpacked: Unpacked) -> list[RefusedItem]:
    """What the plan refused, by row of the parquet file, and each row once: a picture before its question."""
    by_item = {case.item: case for case in unpacked.cases.values()}
    told: dict[str, RefusedItem] = {}
    for refused in plan.refused:
        item = refused.item.replace(".parquet.jsonl line ", ".parquet row ")
        case = by_item.get(item)
        told.setdefault(item, RefusedItem(item, refused.reason, case.place if case else refused.place))
    return list(told.values())


MEDREWARDBENCH: Final = ImportFormat(
    name="medrewardbench",
    label="Med-RewardBench",
    meaning="pairs with published labels (pair_gt_all: a JSONL and a parquet file per organ system)",
    take_in=take_pairs,
    recognises=are_pairs,
)
