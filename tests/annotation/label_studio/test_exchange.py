"""Push and pull against a server that replays 1.23.2: every task once, every annotation at most once."""

import json
from typing import Any

import pytest

from annotation.label_studio.connection import ConnectionRefused, connect_server, forget_token
from annotation.label_studio.models import (
    LabelStudioConnection,
    LabelStudioProject,
    LabelStudioTask,
    LabelStudioUser,
    TakenAnnotation,
)
from annotation.label_studio.people import UserNotNamed, known_user, name_user
from annotation.label_studio.pull import NothingToPull, start_pull
from annotation.label_studio.push import NothingToPush, start_push
from annotation.models import Case, Vote
from annotation.pairing import open_comparison_round
from annotation.states import CaseState
from consilium.audit.models import AuditEvent
from consilium.canonical_json import canonical_sha256
from consilium.inference.refusals import EndpointRefused
from consilium.jobs.models import Job
from consilium.jobs.run import run_now
from consilium.people.models import Membership, Participation, Role, Study
from consilium.people.participation import withdraw_participation
from consilium.people.permissions import NotAllowed
from consilium.workqueue.claim import next_claim
from consilium.workqueue.elsewhere import take_in
from consilium.workqueue.models import Claim, Submission, WorkItem
from consilium.workqueue.open import close_item
from curation.models import Source
from tests.annotation.label_studio.conftest import READERS
from tests.annotation.label_studio.stub import TOKEN, LabelStudioStub
from tests.annotation.label_studio.test_mapper import choice, result, without
from tests.factories import annotation as making
from tests.factories import curation as data
from tests.factories.cast import Cast, join

Raw = dict[str, Any]


def push(cast: Cast, kind: str = "compare") -> Job:
    return run_now(start_push(study=cast.study, kind=kind, by=cast.lena))


def pull(cast: Cast) -> Raw:
    job = run_now(start_pull(study=cast.study, by=cast.lena))
    assert job.state == "succeeded", job.error
    return dict(job.result)


def counts(told: Raw) -> dict[str, int]:
    names = ("taken", "changed", "unchanged", "skipped", "waiting", "refused_count")
    return {name: told[name] for name in names if told[name]}


def pushed(cast: Cast, questions: int = 1) -> None:
    making.opened(cast, questions)
    job = push(cast)
    assert (job.state, job.result["pushed"]) == ("succeeded", questions), job.error


# --- out ------------------------------------------------------------------------------------------------


def test_open_cases_lie_there_once_without_a_model_and_in_our_order(
    connected: Cast, stub: LabelStudioStub
) -> None:
    pushed(connected, 30)
    (project,) = stub.projects
    assert project["maximum_annotations"] == connected.study.settings.votes_per_case
    assert project["expert_instruction"] == "Judge what is written."
    assert [task["id"] for task in stub.tasks] == list(range(1, 31))
    sent = json.dumps([stub.projects, stub.tasks])
    for secret in (*making.MODELS, "family-", TOKEN, "answer_label"):
        assert secret not in sent
    sides = []
    for task in stub.tasks:
        ours = LabelStudioTask.objects.get(order_key=task["data"]["order_key"])
        case = Case.objects.get(pk=ours.object_id)
        texts = [case.response_a.text, case.response_b.text]
        shown = [task["data"]["first"], task["data"]["second"]]
        assert shown == (texts if ours.shown["first"] == "a" else texts[::-1])
        assert ours.number == task["id"]
        assert all(image.startswith("data:image/png;base64,") for image in task["data"]["images"])
        sides.append(shown[0].endswith("remark 1.\n\nAnswer: A"))
    assert sum(sides) == 15  # each model stands first as often as the other
    with pytest.raises(NothingToPush, match="lies there already"):
        push(connected)


def test_what_is_opened_later_goes_to_the_same_project_and_to_another_under_a_new_guideline(
    connected: Cast, stub: LabelStudioStub
) -> None:
    from consilium.people.studies import publish_guideline

    pushed(connected)
    more = data.question(connected.study, Source.objects.get(), 77, use="test")
    for name in making.MODELS:
        endpoint = data.endpoint(name, family=f"family-{name}")
        making.response(more, endpoint, f"By {len(name)}")
    open_comparison_round(study=connected.study, name="Round 2", by=connected.lena)
    assert push(connected).result["pushed"] == 1
    assert len(stub.projects) == 1
    assert len(stub.tasks) == 2
    publish_guideline(study=connected.study, text="Judge the image too.", by=connected.lena)
    with pytest.raises(NothingToPush):  # they lie there already, in the old project
        push(Cast(**{**vars(connected), "study": Study.objects.get(pk=connected.study.pk)}))


@pytest.mark.parametrize("fault", ["lost", "500", "302"])
def test_an_import_without_an_answer_is_looked_for_before_it_is_sent_again(
    connected: Cast, stub: LabelStudioStub, fault: str
) -> None:
    making.opened(connected, 45)
    stub.faults = ["", fault]  # the second of three requests
    first = push(connected)
    assert first.state == "failed"
    assert TOKEN not in first.error
    assert first.attempt == 1  # and the SDK did not repeat it either
    assert sum(path.endswith("task_ids=true") for _, path in stub.seen) == 2
    second = push(connected)
    assert second.state == "succeeded", second.error
    keys = [task["data"]["order_key"] for task in stub.tasks]
    assert len(set(keys)) == len(keys) == 45
    assert len(stub.projects) == 1
    numbers = dict(LabelStudioTask.objects.values_list("order_key", "number"))
    assert numbers == {task["data"]["order_key"]: task["id"] for task in stub.tasks}


def test_a_push_that_is_stopped_goes_on_where_it_was(
    connected: Cast, stub: LabelStudioStub, monkeypatch: pytest.MonkeyPatch
) -> None:
    from annotation.label_studio import push as pushing

    making.opened(connected, 45)
    job = start_push(study=connected.study, kind="compare", by=connected.lena)
    sent = pushing.note_sent

    def stopped(*given: Any) -> None:
        sent(*given)
        Job.objects.filter(pk=job.pk).update(cancel_requested=True)

    monkeypatch.setattr(pushing, "note_sent", stopped)
    assert run_now(job).state == "cancelled"
    monkeypatch.setattr(pushing, "note_sent", sent)
    assert 0 < len(stub.tasks) < 45
    assert push(connected).state == "succeeded"
    keys = [task["data"]["order_key"] for task in stub.tasks]
    assert len(set(keys)) == len(keys) == 45


def test_a_project_made_by_a_try_that_died_is_found_by_its_title(
    connected: Cast, stub: LabelStudioStub
) -> None:
    pushed(connected)
    LabelStudioProject.objects.update(number=None)
    data.question(connected.study, Source.objects.get(), 88, use="test")
    LabelStudioTask.objects.update(number=None)  # killed after the import, before its numbers were kept
    assert push(connected).state == "succeeded"
    assert (len(stub.projects), len(stub.tasks)) == (1, 1)


def test_images_leave_only_where_their_source_permits_it(connected: Cast, stub: LabelStudioStub) -> None:
    making.opened(connected, 3)
    first = Case.objects.earliest("pk")
    first.question.images.update(state="quarantined")
    assert push(connected).result["left_out"] == {"an image waits for its pixel review or is damaged": 1}
    assert len(stub.tasks) == 2
    LabelStudioConnection.objects.update(base_url="https://labels.example")
    Source.objects.update(may_send_to_hosted=False)
    with pytest.raises(EndpointRefused, match="CONSILIUM_LABEL_STUDIO_HOSTS"):
        push(connected)


def test_another_machine_gets_nothing_that_may_not_leave(connected: Cast, settings: Any) -> None:
    making.opened(connected, 2)
    settings.LABEL_STUDIO_HOSTS = ["labels.example"]
    connect_server(study=connected.study, base_url="https://labels.example/", token=TOKEN, by=connected.lena)
    Source.objects.update(may_send_to_hosted=False)
    with pytest.raises(NothingToPush, match="2 waiting, the source does not permit"):
        push(connected)


def test_one_exchange_at_a_time_and_leads_alone(connected: Cast) -> None:
    making.opened(connected)
    with pytest.raises(NothingToPull):
        start_pull(study=connected.study, by=connected.lena)
    for person in (connected.anna, connected.rosa, connected.nora, connected.otto):
        with pytest.raises(NotAllowed):
            start_push(study=connected.study, kind="compare", by=person)
        with pytest.raises(NotAllowed):
            start_pull(study=connected.study, by=person)
        with pytest.raises(NotAllowed):
            connect_server(study=connected.study, base_url="https://x.example", token=TOKEN, by=person)
        with pytest.raises(NotAllowed):
            forget_token(study=connected.study, by=person)
    job = start_push(study=connected.study, kind="compare", by=connected.lena)
    with pytest.raises(ConnectionRefused, match="going on"):
        start_push(study=connected.study, kind="compare", by=connected.max)
    run_now(job)


# --- back -----------------------------------------------------------------------------------------------


def test_three_readers_votes_are_taken_in_the_right_frame_and_once(
    named: Cast, stub: LabelStudioStub
) -> None:
    pushed(named, 10)
    for task in stub.tasks:
        for user, letter in zip(READERS, "aab", strict=True):
            ours = LabelStudioTask.objects.get(number=task["id"])
            word = "first" if ours.shown["first"] == letter else "second"
            stub.annotate(task, user, result(**dict.fromkeys(("accuracy", "overall"), f"{word}_slightly")))
    assert counts(pull(named)) == {"taken": 30}
    assert counts(pull(named)) == {"unchanged": 30}
    assert Vote.objects.count() == Submission.objects.count() == 30
    for person, letter in zip(named.annotators, "aab", strict=True):
        votes = Vote.objects.filter(person=person)
        assert {(vote.accuracy, vote.overall) for vote in votes} == {(f"{letter}_slightly",) * 2}
        assert all(vote.submission.shown["taken_at"] == "label_studio" for vote in votes)
        assert all(vote.submission.guideline == named.study.guideline for vote in votes)
    assert set(Case.objects.values_list("state", flat=True)) == {CaseState.QUIET}
    named.study.refresh_from_db()
    assert named.study.protocol_locked_at is not None


def test_the_row_as_it_came_is_kept_with_its_digest_and_the_lead_stands_in_the_record(
    named: Cast, stub: LabelStudioStub
) -> None:
    pushed(named)
    raw = stub.annotate(stub.tasks[0], 2, result())
    pull(named)
    taken = TakenAnnotation.objects.get()
    assert taken.raw == raw
    assert taken.raw_sha256 == canonical_sha256(raw)
    assert (taken.submission.person, taken.taken_by) == (named.anna, named.lena)
    stored = AuditEvent.objects.get(action="submission.stored")
    assert stored.actor == named.lena
    assert (stored.data["taken_at"], stored.data["person"]) == ("label_studio", named.anna.pk)
    assert AuditEvent.objects.filter(action="claim.taken_in", actor=named.lena).count() == 1
    (pulled,) = AuditEvent.objects.filter(action="label_studio.pulled")
    assert pulled.data["taken"] == 1


def test_a_changed_annotation_is_a_new_version_and_changing_back_another(
    named: Cast, stub: LabelStudioStub
) -> None:
    pushed(named)
    made = stub.annotate(stub.tasks[0], 2, result())
    pull(named)
    made["result"] = result(overall="second_clearly")
    assert counts(pull(named)) == {"changed": 1}
    made["result"] = result()
    assert counts(pull(named)) == {"changed": 1}
    assert counts(pull(named)) == {"unchanged": 1}
    versions = Submission.objects.order_by("version").values_list("version", "content__choices__overall")
    assert list(versions) == [(1, "first_clearly"), (2, "second_clearly"), (3, "first_clearly")]
    assert Claim.objects.count() == 1
    assert TakenAnnotation.objects.count() == 3


def test_people_nobody_named_wait_and_are_counted(connected: Cast, stub: LabelStudioStub) -> None:
    pushed(connected, 2)
    for task in stub.tasks:
        stub.annotate(task, 3, result())
    told = pull(connected)
    assert counts(told) == {"waiting": 2}
    assert told["waiting_people"] == {"reader1@peer.example": 2}
    assert not Vote.objects.exists()
    user = LabelStudioUser.objects.get()
    with pytest.raises(NotAllowed):
        name_user(user=user, person=connected.ben, by=connected.anna)
    for wrong in (connected.nora, connected.lena):
        with pytest.raises(UserNotNamed, match="no active annotator"):
            name_user(user=user, person=wrong, by=connected.lena)
    name_user(user=user, person=connected.ben, by=connected.lena)
    assert counts(pull(connected)) == {"taken": 2}
    assert set(Vote.objects.values_list("person", flat=True)) == {connected.ben.pk}
    with pytest.raises(UserNotNamed, match="that stays"):
        name_user(user=user, person=connected.anna, by=connected.lena)


def test_one_member_is_one_user(named: Cast) -> None:
    user = LabelStudioUser.objects.get(number=2)
    with pytest.raises(UserNotNamed, match="is User 3 already"):
        name_user(user=user, person=named.ben, by=named.lena)
    name_user(user=user, person=None, by=named.lena)
    assert LabelStudioUser.objects.get(number=2).person is None


def test_what_is_not_whole_is_refused_by_item_and_the_rest_is_taken(
    named: Cast, stub: LabelStudioStub
) -> None:
    pushed(named, 2)
    one, other = stub.tasks
    stub.annotate(one, 2, without(result(), "overall"))
    stub.annotate(one, 3, [*result(), choice("winner", "A")])
    stub.annotate(one, 4, result())
    stub.annotate(other, 2, result(), was_cancelled=True)
    stub.annotate(other, 3, [*result(), choice("harm", "a\x00b")])
    stub.annotate(other, 3, result(), completed_by=None)
    told = pull(named)
    assert counts(told) == {"taken": 1, "skipped": 1, "refused_count": 4}
    assert [entry["item"] for entry in told["refused"]] == [
        "task 1, annotation 1",
        "task 1, annotation 2",
        "task 2, annotation 5",
        "task 2, annotation 6",
    ]
    assert "'overall'" in told["refused"][0]["reason"]
    assert Submission.objects.count() == TakenAnnotation.objects.count() == Claim.objects.count() == 1


def test_a_task_whose_order_was_tampered_with_counts_for_nothing(named: Cast, stub: LabelStudioStub) -> None:
    pushed(named, 3)
    for task in stub.tasks:
        stub.annotate(task, 2, result())
    one, other, third = (task["data"] for task in stub.tasks)
    one["first"], one["second"] = one["second"], one["first"]
    other["order_key"], third["order_key"] = third["order_key"], other["order_key"]
    told = pull(named)
    assert counts(told) == {"refused_count": 3}
    assert all("changed there after it was sent" in entry["reason"] for entry in told["refused"])
    one["order_key"] = "0" * 32
    assert "none that this study sent" in pull(named)["refused"][0]["reason"]
    assert not Vote.objects.exists()


def test_capacity_consent_and_one_vote_per_reader_hold(named: Cast, stub: LabelStudioStub) -> None:
    pushed(named, 2)
    one, other = stub.tasks
    for user in READERS:
        stub.annotate(one, user, result())
    stub.annotate(one, 2, result(overall="second_clearly"))  # Anna a second time
    withdraw_participation(participation=Participation.objects.get(person=named.ben), by=named.ben)
    Membership.objects.filter(person=named.carla).update(is_active=False)
    for user in READERS:
        stub.annotate(other, user, result())
    told = pull(named)
    assert counts(told) == {"taken": 2, "refused_count": 5}
    reasons = [entry["reason"] for entry in told["refused"]]
    assert sum("not agreed to take part" in reason for reason in reasons) == 2
    assert sum("no active member" in reason for reason in reasons) == 2
    assert sum("here already" in reason for reason in reasons) == 1
    assert Vote.objects.filter(person=named.anna).count() == 2


def test_never_more_votes_than_places(named: Cast, stub: LabelStudioStub) -> None:
    pushed(named, 2)
    user = known_user(study=named.study, server=stub.url, number=5)
    name_user(user=user, person=join(named.study, "dora", Role.ANNOTATOR), by=named.lena)
    for task in stub.tasks:
        for number in (*READERS, 5):
            stub.annotate(task, number, result())
    closed = LabelStudioTask.objects.get(number=2).object_id
    close_item(WorkItem.objects.get(kind="compare", object_id=closed))
    told = pull(named)
    assert counts(told) == {"taken": 3, "refused_count": 5}
    assert [entry["reason"] for entry in told["refused"]] == [
        "It has all its answers: every place is taken.",
        *["It takes no more answers: it is decided or was closed."] * 4,
    ]


def test_a_reader_who_has_the_case_here_is_not_taken_from_there(named: Cast, stub: LabelStudioStub) -> None:
    pushed(named, 2)
    making.vote(named.study, named.anna)
    held = next_claim(study=named.study, person=named.ben, kind="compare")
    assert held is not None
    for task in stub.tasks:
        for user in (2, 3):
            stub.annotate(task, user, result())
    told = pull(named)
    assert counts(told) == {"taken": 2, "refused_count": 2}
    assert all("here already" in entry["reason"] for entry in told["refused"])
    held.refresh_from_db()
    assert held.state == "claimed"  # what is in hand here is not touched


def test_work_that_expired_here_unsent_may_come_from_there(named: Cast, stub: LabelStudioStub) -> None:
    pushed(named)
    held = next_claim(study=named.study, person=named.anna, kind="compare")
    assert held is not None
    Claim.objects.filter(pk=held.pk).update(state="expired", slot=None)
    WorkItem.objects.update(is_full=False)
    stub.annotate(stub.tasks[0], 2, result())
    assert counts(pull(named)) == {"taken": 1}
    held.refresh_from_db()
    task = LabelStudioTask.objects.get()
    assert (held.state, held.shown["first"], held.slot) == ("submitted", task.shown["first"], 0)


def test_a_vote_changed_here_is_not_overwritten_from_there(named: Cast, stub: LabelStudioStub) -> None:
    pushed(named)
    made = stub.annotate(stub.tasks[0], 2, result())
    pull(named)
    mine = Claim.objects.get()
    making.send(mine, making.content("second_clearly"), base=1)
    assert counts(pull(named)) == {"unchanged": 1}
    made["result"] = [*result(overall="cannot_judge"), choice("overall_reason", "missing_context")]
    told = pull(named)
    assert counts(told) == {"refused_count": 1}
    assert "changed it here meanwhile" in told["refused"][0]["reason"]
    assert Submission.objects.count() == 2


def test_the_order_here_balances_what_was_seen_there(named: Cast, stub: LabelStudioStub) -> None:
    pushed(named)
    stub.annotate(stub.tasks[0], 2, result())
    pull(named)
    there = LabelStudioTask.objects.get().shown["first"]
    here = next_claim(study=named.study, person=named.ben, kind="compare")
    assert here is not None
    assert {there, here.shown["first"]} == {"a", "b"}


def test_a_job_that_died_in_the_middle_goes_on_where_it_was(
    named: Cast, stub: LabelStudioStub, monkeypatch: pytest.MonkeyPatch
) -> None:
    from annotation.label_studio import pull as pulling

    pushed(named, 4)
    for task in stub.tasks:
        stub.annotate(task, 2, result())
    real, calls = take_in, list[Any]()

    def dies(**given: Any) -> Any:
        calls.append(given)
        if len(calls) == 3:
            raise RuntimeError("killed")
        return real(**given)

    monkeypatch.setattr(pulling, "take_in", dies)
    job = run_now(start_pull(study=named.study, by=named.lena))
    assert (job.state, job.attempt, counts(job.result)) == ("succeeded", 2, {"taken": 2, "unchanged": 2})
    assert Vote.objects.count() == Submission.objects.count() == TakenAnnotation.objects.count() == 4


# --- the connection -------------------------------------------------------------------------------------


def test_the_token_is_kept_sealed_and_is_found_nowhere(connected: Cast, stub: LabelStudioStub) -> None:
    pushed(connected)
    pull(connected)
    kept = LabelStudioConnection.objects.get()
    assert kept.last_four == TOKEN[-4:]
    rows = [kept.sealed_token, *map(str, Job.objects.values())]
    rows += [json.dumps(event.data) for event in AuditEvent.objects.all()]
    assert not any(TOKEN in row for row in rows)
    other = connect_server(study=connected.study, base_url=stub.url, token="wrong-token", by=connected.max)
    assert other.sealed_token != kept.sealed_token
    with pytest.raises(NothingToPush):
        push(connected)
    job = run_now(start_pull(study=connected.study, by=connected.lena))
    assert job.error == (
        "Label Studio refuses the token: it is wrong, expired, or may not do this. Enter a new one."
    )
    forget_token(study=connected.study, by=connected.lena)
    with pytest.raises(ConnectionRefused, match="no Label Studio server"):
        start_pull(study=connected.study, by=connected.lena)


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("https://labels.example", "not among the addresses"),
        ("http://labels.example:8080", "neither https nor on this machine"),
        ("https://user:secret@labels.example:8080", "without user name"),
        ("file:///etc/passwd", "must look like"),
    ],
)
def test_only_listed_addresses_that_nobody_can_listen_to(
    cast: Cast, settings: Any, url: str, told: str
) -> None:
    settings.LABEL_STUDIO_HOSTS = ["labels.example:8080"]
    with pytest.raises((EndpointRefused, ConnectionRefused), match=told) as refusal:
        connect_server(study=cast.study, base_url=url, token=TOKEN, by=cast.lena)
    assert TOKEN not in str(refusal.value)
