"""From a model to the frozen rows, readers and judgements behind it, and back; under pseudonyms alone."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from consilium.people.models import pseudonym
from curation.models import Release, ReleaseKind
from curation.releases.contents import NewRow
from curation.releases.freeze import freeze
from tests.factories import benchmark as scoring
from tests.factories import training as making
from tests.factories.cast import Cast
from tests.factories.curation import source
from training.launch import launch, launch_pipeline
from training.learned import ReadPart, judgements_of, learned_parts, learners, parts_read
from training.models import ProducedModel, Run


def review(number: int, trace: int, reader: str, *, is_newest: bool = True) -> NewRow:
    row_id = f"review-{number}"
    content = {
        "id": row_id,
        "trace_id": f"trace-{trace}",
        "reader": reader,
        "decision": "accepted",
        "is_newest": is_newest,
    }
    return NewRow(row_id, content, table="reviews")


@pytest.fixture
def readers(cast: Cast) -> dict[str, str]:
    return {name: pseudonym(cast.study.pk, getattr(cast, name).pk) for name in ("anna", "ben")}


@pytest.fixture
def reviewed(cast: Cast, home: Any, readers: dict[str, str]) -> Release:
    """Traces 0 to 3, adult medicine and pediatrics in turn; Anna reviewed 0 and 1 twice, Ben 1 and 2."""
    source(cast.study, making.SOURCE)
    rows = [making.new_row(making.content(item), item.image_png) for item in making.items(4)]
    first = [review(1, 0, readers["anna"]), review(2, 1, readers["anna"], is_newest=False)]
    more = [review(3, 1, readers["anna"]), review(4, 1, readers["ben"]), review(5, 2, readers["ben"])]
    return freeze(
        study=cast.study,
        kind=ReleaseKind.TRACES,
        name="Reviewed",
        rows=[*rows, *first, *more],
        left_out={},
        by=cast.lena,
    )


@pytest.fixture
def pipeline(cast: Cast, reviewed: Release) -> list[Run]:
    base = making.base_endpoint()
    return launch_pipeline(study=cast.study, release=reviewed, base=base, by=cast.lena)


def make(run: Run) -> ProducedModel:
    made = scoring.endpoint(
        f"made by {run.pk}", study=run.study, path=f"runs/run-{run.pk}/model", base_url=""
    )
    return ProducedModel.objects.create(
        run=run, endpoint=made, digest=f"{run.pk}" * 64, release_digests=[run.release_digest]
    )


def test_an_expert_read_its_specialty_and_a_merge_what_its_inputs_read(
    pipeline: list[Run], reviewed: Release
) -> None:
    adult, pediatrics, reinforced, merge = pipeline
    assert parts_read(adult) == [ReadPart(reviewed.digest, "adult_medicine")]
    assert parts_read(reinforced) == parts_read(merge) == [ReadPart(reviewed.digest)]
    merge.inputs.set([adult, pediatrics])
    assert [part.specialty for part in parts_read(merge)] == ["adult_medicine", "pediatrics"]


def test_what_a_trained_base_had_read_counts_too(cast: Cast, pipeline: list[Run], reviewed: Release) -> None:
    made = make(pipeline[0])
    later = making.trace_release(cast.study, cast.lena, name="Later")
    run = launch(
        study=cast.study, stage="dsa", base=made.endpoint, by=cast.lena, release=later,
        specialty=making.PEDIATRICS,
    )  # fmt: skip
    expected = {ReadPart(reviewed.digest, "adult_medicine"), ReadPart(later.digest, making.PEDIATRICS)}
    assert set(parts_read(run)) == expected
    foreign = making.base_endpoint(name="from elsewhere", provenance={"releases": ["f" * 64]})
    run.base = foreign
    unknown = next(part for part in learned_parts(run) if part.release is None)
    assert unknown.part == ReadPart("f" * 64)


def test_readers_are_counted_by_the_newest_judgement_of_each_row_that_was_read(
    pipeline: list[Run], reviewed: Release, readers: dict[str, str]
) -> None:
    adult, pediatrics = learned_parts(pipeline[0])[0], learned_parts(pipeline[1])[0]
    assert (adult.rows, adult.readers) == (2, {readers["anna"]: 1, readers["ben"]: 1})
    assert (pediatrics.rows, pediatrics.readers) == (2, {readers["anna"]: 1, readers["ben"]: 1})
    behind = judgements_of(reviewed, ["trace-1"])["trace-1"]
    assert [(one.row_id, one.reader) for one in behind] == [
        ("review-3", readers["anna"]),
        ("review-4", readers["ben"]),
    ]


def test_a_judgement_leads_to_the_models_that_learned_from_its_row(
    cast: Cast, pipeline: list[Run], readers: dict[str, str]
) -> None:
    adult, pediatrics, _, merge = (make(run) for run in pipeline)
    making.trace_release(cast.study, cast.lena, name="Unread")

    def found(asked: str) -> list[tuple[int, int]]:
        return [(one.produced.pk, one.rows) for one in learners(cast.study, asked)]

    all_models = [adult.pk, merge.pk - 1, merge.pk]
    assert found("review-5") == [(pk, 1) for pk in all_models]  # trace 2 is adult medicine
    assert pediatrics.pk not in dict(found("review-5"))
    assert found(" review-2 ") == found("review-3") == found("review-4")
    assert dict(found(readers["ben"])) == {adult.pk: 1, pediatrics.pk: 1, merge.pk - 1: 2, merge.pk: 2}
    for nothing in ("", "review-99", "Anna", "trace-99", "%"):
        assert found(nothing) == []
    assert learners(cast.other_study, "review-5") == []


def test_the_pages_show_pseudonyms_and_no_names_to_leads_alone(
    cast: Cast, pipeline: list[Run], readers: dict[str, str]
) -> None:
    make(pipeline[0])
    client = Client()
    client.force_login(cast.lena)
    forward = reverse("training:learned", args=["chest", pipeline[0].pk])
    back = reverse("training:learned-from", args=["chest"])
    text = client.get(forward).content.decode()
    assert readers["anna"] in text
    assert "review-1" in text
    found = client.get(back, {"q": readers["anna"]}).content.decode()
    assert f"made by {pipeline[0].pk}" in found
    assert "Anna" not in text + found
    assert "No model of this study learned from it" in client.get(back, {"q": "<b>"}).content.decode()
    assert client.get(forward, {"part": "7"}).status_code == 404
    for person, status in ((cast.anna, 403), (cast.nora, 404)):
        client.force_login(person)
        assert [client.get(address).status_code for address in (forward, back)] == [status] * 2
