"""A judge's evaluation on the Hub: verdicts and run card without a text, brought there by a second person."""

import io
import json
from typing import Any

import pytest
import yaml
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from benchmark.models import Evaluation
from benchmark.publish import content_of_evaluation
from benchmark.published_evaluation import evaluation_readme, published_run_card
from benchmark.run_card import end_evaluation
from benchmark.verdict_card import published_judge
from consilium.answers.dimensions import DIMENSIONS
from consilium.hub.models import Push
from consilium.hub.push import confirm_push, start_hub_push
from consilium.hub.refusals import HubRefused
from consilium.hub.registry import Content
from consilium.inference.complete import CompletionTally
from consilium.people.permissions import NotAllowed
from consilium.refusals import Refused
from curation.models import Source
from curation.releases.freeze import rows_of, withdraw_release
from tests.factories import benchmark as making
from tests.factories.cast import Cast
from tests.hub.conftest import run
from tests.hub.loopback_hub import LoopbackHub

pytestmark = pytest.mark.django_db
REPOSITORY = "clinic/careful-judge"
LETTERS = [("A", "B"), ("B", "A"), ("tie", None), ("A", "A")]


@pytest.fixture
def made(cast: Cast) -> Evaluation:
    """A whole evaluation that Lena launched, of a model whose server calls it by a date."""
    release = making.preferences(cast, changes=[{"external_id": f"published-{n}"} for n in range(4)])
    judge = making.endpoint("careful judge", model_id="careful-2024-11-20")
    return with_card(making.judged(cast, release, judge, LETTERS))


def with_card(evaluation: Evaluation) -> Evaluation:
    end_evaluation(evaluation, CompletionTally())
    return Evaluation.objects.select_related("study", "endpoint", "release", "job").get(pk=evaluation.pk)


def content(evaluation: Evaluation) -> Content:
    found = content_of_evaluation(evaluation)
    assert found is not None
    return found


def test_a_second_person_brings_verdicts_and_card_to_the_hub(
    cast: Cast, hub: LoopbackHub, token: str, made: Evaluation
) -> None:
    push = start_hub_push(content=content(made), repo_id=REPOSITORY, by=cast.max)
    job = run(push)
    assert (job.state, job.error) == ("succeeded", "")
    there = hub.repository(REPOSITORY)
    assert list(there.tags) == [f"evaluation-{content(made).digest[:12]}"]
    files = {path: hub.content(stored) for path, stored in there.head.tree.items()}
    assert set(files) == {"README.md", "run_card.json", "verdicts.jsonl", ".gitattributes"}
    rows = [json.loads(line) for line in files["verdicts.jsonl"].splitlines()]
    names = ["case_id", "question_id", "order", *DIMENSIONS, "reason"]
    assert [list(row) for row in rows] == [names] * 8
    assert [(row["case_id"], row["order"], row["overall"]) for row in rows] == [
        (f"case-{number}", order, letter)
        for number, pair in enumerate((("A", "A"), ("B", "B"), ("tie", None), ("A", "B")))
        for order, letter in zip(("ab", "ba"), pair, strict=True)
    ]
    assert {row["question_id"] for row in rows} == {f"published-{n}" for n in range(4)}
    card = json.loads(files["run_card.json"])
    assert card["figures"] == made.run_card["figures"]
    assert card["sha256"]["answers"] == made.run_card["answers_sha256"]
    assert card["server"] == {"kind": "remote"}
    text = files["README.md"].decode()
    assert "| Overall | 4 |" in text
    assert "careful-2024-11-20" in text
    everything = b"".join(files.values()).decode()
    for row in rows_of(made.release):
        for held in (row.content["question"], row.content["answer_a"], row.content["answer_b"]):
            assert held not in everything
    assert "127.0.0.1" not in everything
    head = yaml.safe_load(text.split("---")[1])
    assert head["configs"] == [
        {"config_name": "verdicts", "data_files": [{"split": "test", "path": "verdicts.jsonl"}]}
    ]
    (result,) = head["model-index"][0]["results"]
    assert result["dataset"]["revision"] == made.release.digest
    assert result["metrics"][-1] == {"type": "accuracy", "name": "overall, both orders", "value": 0.375}


def test_a_solvers_letters_give_no_key_away(cast: Cast, hub: LoopbackHub, token: str) -> None:
    held_out = making.questions(cast, 4)
    right = {0: True, 1: True, 2: False, 3: None}
    solver = with_card(making.solved(cast, held_out, making.endpoint("solver"), right))
    with pytest.raises(HubRefused, match="another lead has to push it"):
        start_hub_push(content=content(solver), repo_id=REPOSITORY, by=cast.lena)
    job = run(start_hub_push(content=content(solver), repo_id=REPOSITORY, by=cast.max))
    assert (job.state, job.error) == ("succeeded", "")
    files = {path: hub.content(stored) for path, stored in hub.repository(REPOSITORY).head.tree.items()}
    assert set(files) == {"README.md", "run_card.json", "letters.jsonl", ".gitattributes"}
    letters = dict(solver.solver_results.values_list("row_id", "letter"))
    rows = [json.loads(line) for line in files["letters.jsonl"].splitlines()]
    assert rows == [{"question_id": key, "letter": letters[key] or None} for key in sorted(letters)]
    text = files["README.md"].decode()
    assert "| With options | 4 | 50.0 % [" in text
    result = yaml.safe_load(text.split("---")[1])["model-index"][0]["results"][0]
    assert [metric["value"] for metric in result["metrics"]] == [0.5]
    everything = b"".join(files.values()).decode()
    assert not any(row.content["question"] in everything for row in rows_of(held_out))


def test_who_launched_it_does_not_publish_it_alone(
    cast: Cast, hub: LoopbackHub, token: str, made: Evaluation
) -> None:
    with pytest.raises(HubRefused, match="another lead has to push it"):
        start_hub_push(content=content(made), repo_id=REPOSITORY, by=cast.lena)
    assert not Push.objects.exists()
    push = start_hub_push(content=content(made), repo_id=REPOSITORY, by=cast.lena, is_private=False)
    with pytest.raises(HubRefused, match="another lead has to confirm"):
        confirm_push(push=push, by=cast.lena)
    assert confirm_push(push=push, by=cast.max).state == "queued"


def test_what_may_not_leave_is_refused(cast: Cast, hub: LoopbackHub, token: str, made: Evaluation) -> None:
    def refused(evaluation: Evaluation, by: Any = cast.max) -> str:
        with pytest.raises(Refused) as refusal:
            start_hub_push(content=content(evaluation), repo_id=REPOSITORY, by=by)
        return str(refusal.value)

    with pytest.raises(NotAllowed):
        start_hub_push(content=content(made), repo_id=REPOSITORY, by=cast.anna)
    part = making.judged(cast, made.release, making.endpoint("half way"), LETTERS[:2])
    assert "4 of 8 answers" in refused(with_card(part))
    Source.objects.update(may_redistribute=False)
    assert "does not permit being passed on" in refused(made)
    Source.objects.update(may_redistribute=True)
    old = making.judged(cast, made.release, making.endpoint("old"), LETTERS)
    assert content_of_evaluation(old) is None  # its card does not say what came out
    withdraw_release(release=made.release, reason="An image is of another patient.", by=cast.lena)
    made.release.refresh_from_db()
    assert "withdrawn" in refused(made)


def test_the_folder_of_a_local_model_is_not_told(cast: Cast, made: Evaluation) -> None:
    one = with_card(
        making.judged(
            cast, made.release, making.endpoint("local", path="runs/7", base_url="", model_id=""), LETTERS
        )
    )
    assert one.run_card["model_id"] == "runs/7"
    told = json.dumps(published_run_card(one)) + evaluation_readme(one, "0" * 64, published_judge(one))
    assert "runs/7" not in told


def test_a_new_reading_is_another_content(cast: Cast, hub: LoopbackHub, token: str, made: Evaluation) -> None:
    push = start_hub_push(content=content(made), repo_id=REPOSITORY, by=cast.max)
    Evaluation.objects.filter(pk=made.pk).update(run_card=made.run_card | {"parser_version": "verdicts-99"})
    assert "no longer what was to be pushed" in run(push).error
    assert hub.asked == []


def test_by_page_and_by_command(cast: Cast, hub: LoopbackHub, token: str, made: Evaluation) -> None:
    client = Client()
    client.force_login(cast.max)
    address = reverse("benchmark:evaluation", args=[made.study.slug, made.pk])
    page = client.get(address).content.decode()
    assert "Evaluation on the Hub" in page
    assert "You launched this" not in page
    start = reverse("hub:start", args=[made.study.slug, "evaluation", made.pk])
    answer = client.post(start, {"repo_id": REPOSITORY, "seen_by": "private"})
    assert (answer.status_code, answer["Location"]) == (302, address)
    assert Push.objects.get().created_by == cast.max
    client.force_login(cast.lena)
    assert "You launched this" in client.get(address).content.decode()
    out = io.StringIO()
    words = (content(made).digest[:10], "clinic/other", "--by", "max", "--json")
    call_command("push", *words, stdout=out)
    told = json.loads(out.getvalue())
    assert (told["state"], told["tag"]) == ("queued", f"evaluation-{content(made).digest[:12]}")
