"""Calibration in the report: of both orders together, on its page and in the files."""

import csv
import io
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from benchmark.models import Evaluation
from benchmark.report.figures import judge_report
from tests.benchmark.report.test_figures import FIRST, LABELS, RIGHT
from tests.factories import benchmark as making
from tests.factories.cast import Cast

CONFIDENCE = [0.6, 0.7, 0.8, 0.9] * 2


@pytest.fixture
def judges(cast: Cast) -> list[Evaluation]:
    """One right and sure of it, one that takes the first answer and is as sure, one that says nothing."""
    votes = making.preferences(cast, LABELS)
    made = [
        making.judged(cast, votes, making.endpoint(name), letters)
        for name, letters in (("right", RIGHT), ("first", FIRST), ("silent", RIGHT))
    ]
    making.state_probabilities(made[0], CONFIDENCE)
    making.state_probabilities(made[0], [1.0] * 8, "accuracy")
    making.state_probabilities(made[1], CONFIDENCE)
    return made


def look(cast: Cast, made: Evaluation, **query: str) -> str:
    client = Client()
    client.force_login(cast.lena)
    address = reverse("benchmark:report-part", args=["chest", made.release_id, "calibration"])
    return client.get(address, query).content.decode()


def test_a_case_has_the_mean_probability_of_both_orders(cast: Cast, judges: list[Evaluation]) -> None:
    right, first, _ = (str(one.pk) for one in judges)
    found = judge_report(judges[0].release, replicates=100).calibrations
    assert {key: sorted(own) for key, own in found.items()} == {
        right: ["accuracy", "overall"],
        first: ["overall"],
    }
    sure = found[right]["overall"]
    assert (sure.cases, sure.correct) == (8, 1.0)
    assert sure.confidence == pytest.approx(0.75)
    assert sure.ece == pytest.approx(0.25)
    assert sure.brier.value == pytest.approx((0.16 + 0.09 + 0.04 + 0.01) / 4)
    assert (found[right]["accuracy"].ece, found[right]["accuracy"].brier.value) == (0.0, 0.0)
    # Both orders of the one that takes the first answer cancel out.
    undecided = found[first]["overall"]
    assert undecided.confidence == pytest.approx(0.5)
    assert undecided.ece == pytest.approx(0, abs=1e-9)
    assert undecided.brier.value == pytest.approx(0.25)


def test_an_order_without_a_probability_leaves_its_case_out(cast: Cast, judges: list[Evaluation]) -> None:
    judges[0].verdicts.filter(order="ba", row_id="case-0").update(probabilities=None)
    found = judge_report(judges[0].release, replicates=100).calibrations[str(judges[0].pk)]
    assert found["overall"].cases == 7


def test_the_page_shows_who_states_what_and_where(cast: Cast, judges: list[Evaluation]) -> None:
    page = look(cast, judges[0])
    assert page.count("<figure") == 2
    assert "right, overall" in page
    assert "0.250" in page
    assert "silent" not in page
    assert look(cast, judges[0], dimension="accuracy").count("<figure") == 1
    assert "No probability in this dimension" in look(cast, judges[0], dimension="relevance")
    assert "No such judge states probabilities" in look(cast, judges[0], words="silent")


def test_files_hold_figures_bins_and_a_diagram_each(
    cast: Cast, judges: list[Evaluation], tmp_path: Path
) -> None:
    folder = tmp_path / "report"
    digest = judges[0].release.digest
    call_command("report", digest, folder, "--by", "lena", "--replicates", "100", stdout=io.StringIO())

    def rows(name: str) -> list[dict[str, str]]:
        return list(csv.DictReader(io.StringIO((folder / name).read_text().removeprefix("\ufeff"))))

    told: dict[Any, Any] = {(row["judge"], row["dimension"]): row for row in rows("calibration.csv")}
    assert told.keys() == {("right", "overall"), ("right", "accuracy"), ("first", "overall")}
    own = told["right", "overall"]
    assert (own["cases"], own["bins"]) == ("8", "10")
    assert float(own["ece"]) == pytest.approx(0.25)
    assert float(own["brier_low"]) <= float(own["brier"]) <= float(own["brier_high"])
    bins = [
        row for row in rows("reliability.csv") if (row["judge"], row["dimension"]) == ("right", "overall")
    ]
    assert sum(int(row["cases"]) for row in bins) == 8
    charts = sorted(path.name for path in folder.glob("charts/calibration-*.svg"))
    assert charts == [
        "calibration-accuracy-1-right.svg",
        "calibration-overall-1-right.svg",
        "calibration-overall-2-first.svg",
    ]
    for name in charts:
        assert ElementTree.fromstring((folder / "charts" / name).read_text()).tag.endswith("svg")
    assert "Calibration, accuracy" in (folder / "report.html").read_text()
