"""Two runs side by side."""

import pytest
from django.test import Client
from django.urls import reverse

from curation.models import Release
from tests.factories import training as making
from tests.factories.cast import Cast
from training.comparison import ComparedFact, compare_runs
from training.launch import launch
from training.models import Run, RunAttempt, RunEvent


@pytest.fixture
def two(cast: Cast, release: Release) -> tuple[Run, Run]:
    """Two experts that differ in rank and seed; the second one has a loss."""
    base = making.base_endpoint()
    made = [
        launch(
            study=cast.study, stage="dsa", base=base, by=cast.lena, release=release,
            specialty=making.PEDIATRICS, settings={"lora_r": rank}, seed=seed,
        )
        for rank, seed in ((64, 1), (32, 2))
    ]  # fmt: skip
    for step in (1, 2):
        RunEvent.objects.create(run=made[1], sequence=step, kind="step", step=step, data={"loss": 2.0 / step})
    RunAttempt.objects.create(run=made[1], number=1, memory_bytes=5 << 20)
    return made[0], made[1]


def test_what_differs_stands_first_and_the_rest_is_there_too(two: tuple[Run, Run]) -> None:
    groups = dict(compare_runs(*two))
    assert groups["Settings"][0] == ComparedFact("Adapter rank", "64", "32")
    assert [line.differs for line in groups["Settings"]][1:] == [False] * (len(groups["Settings"]) - 1)
    assert groups["What went in"][0] == ComparedFact("Seed", "1", "2")
    assert ComparedFact("Memory, most at once (MiB)", "", "5") in groups["What came out"]
    assert not any(line.differs for _, lines in compare_runs(two[0], two[0]) for line in lines)


def test_the_page_takes_two_runs_of_this_study_and_draws_them_together(
    cast: Cast, two: tuple[Run, Run]
) -> None:
    client = Client()
    client.force_login(cast.lena)
    address = reverse("training:compare", args=["chest"])
    text = client.get(address, {"left": two[0].pk, "right": two[1].pk}).content.decode()
    assert "Adapter rank" in text
    assert '<path class="chart-line series-1"' in text
    assert client.get(address, {"left": "x", "right": "9" * 40}).context["left"] == two[0]
    client.force_login(cast.nora)
    theirs = client.get(reverse("training:compare", args=[cast.other_study.slug]), {"left": two[0].pk})
    assert "Fewer than two runs" in theirs.content.decode()
