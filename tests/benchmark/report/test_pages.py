"""The pages of the report: what they show, sort, filter and slice, for whom, and with how many judges."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from benchmark.models import EvaluationVariant, ReportSummary
from benchmark.report import kept
from benchmark.report.parts import PARTS
from benchmark.variants import PlannedVariant
from consilium.jobs import summaries
from consilium.jobs.models import Job
from consilium.jobs.run import run_now
from curation.models import Release
from tests.benchmark.report.test_figures import CASES, FIRST, LABELS, RIGHT
from tests.factories import benchmark as making
from tests.factories.cast import Cast

pytestmark = pytest.mark.django_db
WRONG = [(other, letter) for letter, other in RIGHT]


@pytest.fixture
def lead(cast: Cast) -> Client:
    client = Client()
    client.force_login(cast.lena)
    return client


@pytest.fixture
def votes(cast: Cast) -> Release:
    found = making.preferences(cast, LABELS, changes=CASES)
    right = making.endpoint("right/one")
    making.judged(cast, found, right, RIGHT)
    making.judged(cast, found, right, FIRST, PlannedVariant(EvaluationVariant.IMAGE_BLIND))
    making.judged(cast, found, making.endpoint("first", family="third"), FIRST)
    making.judged(cast, found, making.endpoint("wrong", family="other"), WRONG)
    making.judged(cast, found, making.endpoint("half way"), RIGHT[:3])
    return found


def look(client: Client, release: Release, part: str = "", **query: str) -> Any:
    name, own = ("benchmark:report-part", [part]) if part else ("benchmark:report", [])
    return client.get(reverse(name, args=[release.study.slug, release.pk, *own]), query)


def names(page: Any) -> list[str]:
    return [line["judge"].name for line in page.context["shown"]["lines"]]


def test_every_part_has_a_page(lead: Client, votes: Release) -> None:
    for part in PARTS:
        page = look(lead, votes, part)
        assert page.status_code == 200
        told = "No judge states probabilities" if part == "calibration" else "right/one"
        assert told in page.content.decode()
        assert f'aria-current="page">{PARTS[part].label}' in page.content.decode()


def test_the_board_sorts_filters_and_slices(lead: Client, votes: Release) -> None:
    assert names(look(lead, votes)) == ["right/one", "first", "Jury", "wrong", "half way"]
    assert names(look(lead, votes, sort="judge")) == ["first", "half way", "Jury", "right/one", "wrong"]
    assert names(look(lead, votes, sort="invalid_rate"))[-2:] == ["wrong", "half way"]
    assert names(look(lead, votes, words="RIGHT")) == ["right/one"]
    chest = look(lead, votes, slice="organ_system:chest", dimension="accuracy")
    assert [line["row"].cases for line in chest.context["shown"]["lines"]] == [4, 4, 4, 4, 3]
    assert chest.context["choices"].dimension == "accuracy"
    assert "Kappa" not in chest.content.decode()  # of all cases alone
    whole = look(lead, votes, slice="organ_system:nowhere", dimension="taste", sort="pk", judge="7")
    assert whole.context["choices"].query() == "?"


def test_one_judge_stands_against_all_others(lead: Client, votes: Release) -> None:
    judges = {one["name"]: one["key"] for one in look(lead, votes, "pairs").context["shown"]["judges"]}
    assert judges.keys() == {"right/one", "first", "wrong"}
    page = look(lead, votes, "pairs", judge=judges["wrong"])
    shown = page.context["shown"]
    assert {line["name"]: line["value"] for line in shown["against"]} == {
        "right/one": "\N{MINUS SIGN}100.0",
        "first": "\N{MINUS SIGN}50.0",
    }
    assert [cell and cell["value"] for cell in shown["matrix"][0]["cells"]] == [None, "+50.0", "+100.0"]


def test_published_rows_stand_apart(lead: Client, votes: Release) -> None:
    shown = look(lead, votes, "published").context["shown"]
    assert {line["judge"].name for line in shown["measured"]} >= {"right/one", "wrong"}
    assert len(shown["printed"]) == 34
    assert [
        one.name for one in look(lead, votes, "published", words="gpt-4").context["shown"]["printed"]
    ] == ["GPT-4o"]


def test_a_report_of_many_answers_is_a_job_and_is_kept(
    lead: Client, votes: Release, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(summaries, "FEW", 0)
    assert "being computed" in look(lead, votes).content.decode()
    job = Job.objects.get(kind="benchmark.report")
    run_now(job)
    assert names(look(lead, votes))[0] == "right/one"
    monkeypatch.delattr(kept, "judge_report")
    assert names(look(lead, votes))[0] == "right/one"
    assert ReportSummary.objects.count() == 1


def test_computing_anew_comes_back_to_the_same_part(lead: Client, votes: Release) -> None:
    address = reverse("benchmark:compute-report", args=[votes.study.slug, votes.pk])
    answer = lead.post(f"{address}?part=pairs")
    assert answer.headers["Location"].endswith("/report/pairs/")
    assert lead.post(f"{address}?part=//evil").headers["Location"].endswith("/report/board/")


def test_without_judges_the_page_says_what_to_do(lead: Client, cast: Cast) -> None:
    page = look(lead, making.preferences(cast, "AB"))
    assert "No judge has been scored" in page.content.decode()


def test_other_releases_parts_and_people_have_no_report(lead: Client, votes: Release, cast: Cast) -> None:
    assert look(lead, votes, "secrets").status_code == 404
    assert look(lead, making.questions(cast, 2)).status_code == 404
    reader = Client()
    reader.force_login(cast.anna)
    assert look(reader, votes).status_code == 403
    stranger = Client()
    stranger.force_login(cast.otto)
    assert look(stranger, votes).status_code == 404


def test_answers_whose_models_are_not_named_have_no_ranking(lead: Client, cast: Cast) -> None:
    nameless = making.preferences(cast, "AB", "Nameless", changes=[{"model_a": "", "model_b": ""}] * 2)
    making.judged(cast, nameless, making.endpoint("judge"), [("A", "A")] * 2)
    told = look(lead, nameless, "answers").content.decode()
    assert "No verdict is about the answers of two named models" in told
