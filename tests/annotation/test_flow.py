"""From answers to labels: rounds, orders, quiet periods, replacements, adjudicators, exclusions, releases."""

import json
import uuid
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
import time_machine
from django.core.management import call_command
from django.utils import timezone

from annotation.adjudication import AlreadyVotedBlind, vote_blind
from annotation.consensus import outcome_of, settle_due
from annotation.exclusion import exclude
from annotation.models import Adjudication, Case, Consensus, Vote
from annotation.pairing import NothingToPair, RoundNameTaken, open_comparison_round
from annotation.release import freeze_preferences
from annotation.stalled import mark_stalled
from annotation.states import CaseState
from annotation.votes import validate
from consilium.answers.dimensions import DIMENSIONS
from consilium.people.models import Participation, Role
from consilium.people.participation import withdraw_participation
from consilium.people.permissions import NotAllowed
from consilium.refusals import ReasonMissing
from consilium.states.transitions import TransitionRefused
from consilium.workqueue.hold import skip
from consilium.workqueue.kinds import InvalidContent
from consilium.workqueue.models import Claim, WorkItem
from consilium.workqueue.open import close_round
from consilium.workqueue.refusals import ItemClosed
from curation.releases.freeze import EmptyRelease, rows_of
from tests.factories import annotation as making
from tests.factories.cast import Cast, join


@pytest.fixture
def at_once(cast: Cast) -> Cast:
    """A study without a quiet period."""
    making.set_up(cast.study, quiet_hours=0)
    return cast


def labels(case: Case) -> dict[str, str]:
    return dict(case.consensus.values_list("dimension", "label"))


def vote_all(cast: Cast, letters: str, **others: str) -> Case:
    for person, letter in zip(cast.annotators, letters, strict=True):
        making.vote(cast.study, person, letter, **others)
    return making.only_case()


# --- rounds ---------------------------------------------------------------------------------------------


def test_a_round_pairs_ready_test_questions_with_two_answers(cast: Cast) -> None:
    questions = making.answered(cast.study, 4)
    questions[1].images.update(state="quarantined")
    type(questions[2]).objects.filter(pk=questions[2].pk).update(state="dropped", drop_reason="unclear")
    opened = open_comparison_round(study=cast.study, name="Round 1", by=cast.lena)
    cases = Case.objects.all()
    assert {case.question_id for case in cases} == {questions[0].pk, questions[3].pk}
    assert {case.state for case in cases} == {CaseState.OPEN}
    assert {item.capacity for item in opened.items.all()} == {3}
    with pytest.raises(NothingToPair):
        open_comparison_round(study=cast.study, name="Round 2", by=cast.lena)
    with pytest.raises(RoundNameTaken):
        open_comparison_round(study=cast.study, name="Round 1", by=cast.lena)
    with pytest.raises(NotAllowed):
        open_comparison_round(study=cast.study, name="Round 3", by=cast.anna)


def test_a_limit_holds_and_each_model_is_a_in_half_of_its_cases(cast: Cast) -> None:
    making.answered(cast.study, 21, models=("one", "two", "three"))
    for number, limit in enumerate((10, None), start=1):
        open_comparison_round(study=cast.study, name=f"Round {number}", by=cast.lena, limit=limit)
        assert Case.objects.count() == (10 if limit else 21)
        within: Counter[tuple[int, int]] = Counter()
        for a, b in Case.objects.values_list("response_a__endpoint", "response_b__endpoint"):
            within[min(a, b), max(a, b)] += 1 if a < b else -1
        assert all(abs(lead) <= 1 for lead in within.values())


def test_shown_order_is_balanced_over_readers_and_cases(cast: Cast) -> None:
    making.opened(cast, questions=12)
    readers = [*cast.annotators]
    for number in range(12):
        for person in readers[number % 3 :] + readers[: number % 3]:
            making.vote(cast.study, person)
    for case in Case.objects.all():
        shown = Counter(case.votes.values_list("shown_first", flat=True))
        assert abs(shown["a"] - shown["b"]) == 1
    for person in readers:
        shown = Counter(Vote.objects.filter(person=person).values_list("shown_first", flat=True))
        assert abs(shown["a"] - shown["b"]) <= 4


# --- votes ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"choices": {}}, "choices.accuracy"),
        ({"choices": dict.fromkeys(DIMENSIONS, "A")}, "choices.accuracy"),
        ({"choices": dict.fromkeys(DIMENSIONS, "tie")}, "choices.overall"),
        ({"choices": dict.fromkeys((*DIMENSIONS, "beauty"), "first_clearly")}, "choices.beauty"),
        ({"choices": dict.fromkeys(DIMENSIONS, "cannot_judge")}, "reasons.accuracy"),
        ({"choices": {name: ["first_clearly"] for name in DIMENSIONS}}, "choices.accuracy"),
        ({"choices": "first_clearly"}, "choices.accuracy"),
        ({"harm": "a"}, "harm"),
        ({"harm": {"first": True}}, "harm"),
        ({"rationales": {"accuracy": "x" * 2001}}, "rationales.accuracy"),
        ({"rationales": {"beauty": "x"}}, "rationales.beauty"),
        ({"label": "A"}, "label"),
    ],
)
def test_a_vote_that_breaks_the_form_is_refused_field_by_field(
    cast: Cast, change: dict[str, object], field: str
) -> None:
    with pytest.raises(InvalidContent) as refused:
        validate(WorkItem(), making.content() | change, {"first": "a"})
    assert field in refused.value.errors


def test_a_reason_is_kept_only_where_something_could_not_be_judged(cast: Cast) -> None:
    body = making.content(accuracy="cannot_judge") | {"viewer": {"image-1": "1 of 1 frames"}}
    body["reasons"]["overall"] = "missing_context"
    cleaned = validate(WorkItem(), body, {"first": "a"})
    assert cleaned["reasons"] == {"accuracy": "missing_context"}
    assert cleaned["viewer"] == {"image-1": "1 of 1 frames"}


def test_three_votes_settle_a_case_after_its_quiet_period(cast: Cast) -> None:
    making.opened(cast)
    case = vote_all(cast, "aba")
    assert case.state == CaseState.QUIET
    assert settle_due() == 0
    with time_machine.travel(timezone.now() + timedelta(hours=25)):
        assert settle_due() == 1
        assert settle_due() == 0
    case.refresh_from_db()
    assert case.state == CaseState.SETTLED
    assert labels(case) == dict.fromkeys(DIMENSIONS, "A")
    assert set(Consensus.objects.values_list("votes_a", "votes_b", "cannot_judge")) == {(2, 1, 0)}
    assert not WorkItem.objects.filter(is_open=True).exists()


def test_a_vote_revised_in_the_quiet_period_counts_in_its_new_version(cast: Cast) -> None:
    making.opened(cast)
    case = vote_all(cast, "aba")
    mine = Claim.objects.get(person=cast.carla)
    making.send(mine, making.content(making.shown(mine, "b")), base=1)
    with time_machine.travel(timezone.now() + timedelta(hours=25)):
        settle_due()
        with pytest.raises(ItemClosed):
            making.send(mine, making.content(), base=2)
    assert labels(case)["overall"] == "B"
    assert case.votes.count() == 4


def test_without_a_quiet_period_the_last_vote_settles(at_once: Cast) -> None:
    making.opened(at_once)
    case = vote_all(at_once, "bbb")
    assert case.state == CaseState.SETTLED
    assert labels(case)["accuracy"] == "B"


def test_cannot_judge_brings_a_fourth_reader_where_a_majority_is_missing(at_once: Cast) -> None:
    dora = join(at_once.study, "dora", role=Role.ANNOTATOR)
    making.opened(at_once)
    making.vote(at_once.study, at_once.anna, "a")
    making.vote(at_once.study, at_once.ben, "b")
    making.vote(at_once.study, at_once.carla, "b", accuracy="cannot_judge")
    case = making.only_case()
    assert case.state == CaseState.OPEN
    assert WorkItem.objects.get().capacity == 4
    making.vote(at_once.study, dora, "a")
    case.refresh_from_db()
    assert case.state == CaseState.SETTLED
    found = labels(case)
    assert (found["accuracy"], found["relevance"]) == ("A", "B")


def test_a_round_closed_by_a_lead_sends_what_lacks_a_majority_to_a_senior(cast: Cast) -> None:
    opened = making.opened(cast)
    making.vote(cast.study, cast.anna, "a")
    making.vote(cast.study, cast.ben, "b")
    making.vote(cast.study, cast.carla, "a")
    mine = Claim.objects.get(person=cast.carla)
    making.send(mine, making.content("cannot_judge"), base=1)
    close_round(work_round=opened, by=cast.lena)
    with time_machine.travel(timezone.now() + timedelta(hours=25)):
        settle_due()
    case = making.only_case()
    assert case.state == CaseState.DISPUTED
    assert outcome_of(case, mine.item).is_disputed


def test_votes_of_somebody_who_withdraws_stay(at_once: Cast) -> None:
    making.opened(at_once)
    making.vote(at_once.study, at_once.anna, "a")
    withdraw_participation(participation=Participation.objects.get(person=at_once.anna), by=at_once.anna)
    making.vote(at_once.study, at_once.ben, "a")
    making.vote(at_once.study, at_once.carla, "b")
    assert labels(making.only_case())["overall"] == "A"
    assert Vote.objects.counted().count() == 3


def test_a_case_nobody_can_read_is_stalled_until_somebody_joins(at_once: Cast) -> None:
    making.opened(at_once)
    making.vote(at_once.study, at_once.anna, "a")
    making.vote(at_once.study, at_once.ben, "b")
    assert mark_stalled() == 0
    held = making.claim(at_once.study, at_once.carla)
    assert mark_stalled() == 0
    skip(token=held.token, person=at_once.carla, reason="I treated this patient.")
    assert mark_stalled() == 1
    assert making.only_case().state == CaseState.STALLED
    dora = join(at_once.study, "dora", role=Role.ANNOTATOR)
    assert mark_stalled() == 1
    assert making.only_case().state == CaseState.OPEN
    Case.objects.update(state=CaseState.STALLED)
    making.vote(at_once.study, dora, "b")  # before the sweep has looked again
    assert making.only_case().state == CaseState.SETTLED


# --- adjudicators --------------------------------------------------------------------------------------


def test_harm_flagged_twice_goes_to_a_senior_who_did_not_vote(at_once: Cast) -> None:
    making.opened(at_once)
    making.vote(at_once.study, at_once.anna, "a", harm="b")
    making.vote(at_once.study, at_once.ben, "a", harm="b")
    making.vote(at_once.study, at_once.carla, "a")
    case = making.only_case()
    assert case.state == CaseState.DISPUTED
    assert set(case.votes.values_list("harm", flat=True)) == {"b", "neither"}
    item = WorkItem.objects.get(kind="adjudicate")
    assert set(item.excluded.all()) == set(at_once.annotators)
    assert item.role == "adjudicator"


def test_a_seniors_blind_vote_is_kept_beside_the_decision(at_once: Cast) -> None:
    making.set_up(at_once.study, senior_on_any_split=True)
    making.opened(at_once)
    case = vote_all(at_once, "aab")
    claim = making.claim(at_once.study, at_once.rosa, "adjudicate")
    body = {
        "choices": making.content(making.shown(claim, "b"))["choices"],
        "reasons": {},
        "comment": " Side. ",
    }
    with pytest.raises(InvalidContent):
        making.send(claim, body)
    blind = making.content(making.shown(claim, "a", "slightly"), overall="cannot_judge")
    vote_blind(claim=claim, by=at_once.rosa, choices=blind["choices"], reasons=blind["reasons"])
    with pytest.raises(AlreadyVotedBlind):
        vote_blind(claim=claim, by=at_once.rosa, choices=body["choices"], reasons={})
    with pytest.raises(NotAllowed):
        vote_blind(claim=claim, by=at_once.lena, choices=body["choices"], reasons={})
    making.send(claim, body)
    stored = Adjudication.objects.get()
    assert stored.blind == dict.fromkeys(DIMENSIONS, "a_slightly") | {"overall": "cannot_judge"}
    assert set(stored.final.values()) == {"b_clearly"}
    assert stored.comment == "Side."
    case.refresh_from_db()
    assert case.state == CaseState.SETTLED
    assert set(case.consensus.values_list("label", "is_adjudicated", "votes_a")) == {("B", True, 2)}
    with pytest.raises(ItemClosed):
        making.send(claim, body | {"comment": "again"}, base=1)


def test_what_a_senior_cannot_judge_keeps_the_readers_majority(at_once: Cast) -> None:
    making.set_up(at_once.study, senior_on_any_split=True)
    making.opened(at_once)
    case = vote_all(at_once, "aab")
    claim = making.claim(at_once.study, at_once.rosa, "adjudicate")
    body = making.content(making.shown(claim, "b"), overall="cannot_judge")
    vote_blind(claim=claim, by=at_once.rosa, choices=body["choices"], reasons=body["reasons"])
    making.send(claim, {"choices": body["choices"], "reasons": body["reasons"], "comment": ""})
    labels = {entry.dimension: (entry.label, entry.is_adjudicated) for entry in case.consensus.all()}
    assert labels["overall"] == ("A", False)
    assert labels["accuracy"] == ("B", True)


# --- leaving out and freezing ---------------------------------------------------------------------------


def test_an_excluded_case_takes_no_more_votes(cast: Cast) -> None:
    making.opened(cast)
    making.vote(cast.study, cast.anna)
    case = making.only_case()
    with pytest.raises(ReasonMissing):
        exclude(case=case, reason="  ", by=cast.lena)
    with pytest.raises(NotAllowed):
        exclude(case=case, reason="Blurred", by=cast.anna)
    held = making.claim(cast.study, cast.ben)
    exclude(case=case, reason="Blurred", by=cast.lena)
    held.refresh_from_db()
    assert held.state == "withdrawn"
    assert case.votes.count() == 1
    with pytest.raises(TransitionRefused):
        exclude(case=case, reason="Blurred", by=cast.lena)


def test_a_release_holds_settled_cases_and_counts_the_others(at_once: Cast) -> None:
    making.opened(at_once, questions=4)
    with pytest.raises(EmptyRelease):
        freeze_preferences(study=at_once.study, name="P0", by=at_once.lena)
    for person, letter in zip(at_once.annotators, "aab", strict=True):
        making.vote(at_once.study, person, letter)
    settled = Case.objects.get(state=CaseState.SETTLED)
    exclude(case=Case.objects.filter(state=CaseState.OPEN)[0], reason="Blurred", by=at_once.lena)
    release = freeze_preferences(study=at_once.study, name="P1", by=at_once.lena)
    assert release.left_out == {"still open": 2, "excluded": 1}
    row = rows_of(release).get().content
    assert row["id"] == f"case-{settled.pk}"
    assert row["question_id"] == f"question-{settled.question_id}"
    assert row["answer_a"] == settled.response_a.text
    assert row["label"] == dict.fromkeys(DIMENSIONS, "A")
    assert row["votes"]["overall"] == {"A": 2, "B": 1, "cannot_judge": 0}
    assert row["adjudicated"] == dict.fromkeys(DIMENSIONS, False)
    assert {row["model_a"], row["model_b"]} == set(making.MODELS)
    assert len(row["images"]) == len(row["sha256"]) == 1


def test_a_release_costs_the_same_queries_whatever_its_size(
    at_once: Cast, django_assert_max_num_queries: Callable[[int], Any]
) -> None:
    making.opened(at_once, questions=9)
    for _ in range(9):
        for person in at_once.annotators:
            making.vote(at_once.study, person, "a")
    with django_assert_max_num_queries(37):
        assert freeze_preferences(study=at_once.study, name="P1", by=at_once.lena).row_count == 9


def test_settled_cases_whose_question_or_image_was_taken_back_stay_out(at_once: Cast) -> None:
    making.opened(at_once, questions=3)
    for _ in range(3):
        for person in at_once.annotators:
            making.vote(at_once.study, person, "a")
    first, second, _ = Case.objects.order_by("pk")
    first.question.images.update(state="quarantined")
    type(second.question).objects.filter(pk=second.question_id).update(state="dropped", drop_reason="unclear")
    release = freeze_preferences(study=at_once.study, name="P1", by=at_once.lena)
    assert release.row_count == 1
    left_out = {"an image was withdrawn or waits for its pixel review": 1, "question dropped": 1}
    assert release.left_out == left_out


def test_the_freeze_command_makes_a_preference_release(at_once: Cast) -> None:
    making.opened(at_once)
    vote_all(at_once, "aaa")
    out = StringIO()
    call_command("freeze", "chest", "preferences", "--name", "P1", "--json", stdout=out)
    told = json.loads(out.getvalue())
    assert (told["rows"], told["left_out"]) == (1, {})
    assert len(told["digest"]) == 64


def test_the_same_key_twice_is_one_vote(cast: Cast) -> None:
    from consilium.workqueue.submit import submit

    making.opened(cast)
    claim, key = making.claim(cast.study, cast.anna), uuid.uuid4()
    for _ in range(2):
        submit(claim_token=claim.token, person=cast.anna, content=making.content(), idempotency_key=key)
    assert Vote.objects.count() == 1
