"""What a lead sees before a freeze."""

import pytest
from django.test import Client
from django.urls import reverse

from consilium.jobs.models import Job
from consilium.jobs.run import run_now
from consilium.people.models import Membership, Role
from consilium.people.permissions import NotAllowed
from curation.models import Release
from curation.releases.contents import NewRow
from curation.releases.freeze import freeze
from curation.releases.preview import start_preview
from curation.states import TraceState
from tests.factories import annotation as voting
from tests.factories import curation as making
from tests.factories.cast import Cast


def test_it_counts_what_goes_in_and_names_what_stays_out(cast: Cast) -> None:
    of = making.source(cast.study)
    for number in range(3):
        making.review(making.trace(making.question(cast.study, of, number), making.endpoint()), cast.anna)
    rejected = making.trace(making.question(cast.study, of, 3), making.endpoint(), TraceState.REJECTED)
    found = run_now(start_preview(study=cast.study, kind="traces", by=cast.lena)).result
    assert (found["rows"], found["clusters"], found["files"], found["tables"]) == (
        3,
        3,
        3,
        {"reviews": 3, "readers": 1},
    )
    assert found["bytes"] > 0
    assert found["left_out"] == [{"reason": "trace rejected", "count": 1, "first": [rejected.pk]}]
    (source,) = found["sources"]
    assert (source["name"], source["rows"], source["may_redistribute"]) == ("Own archive", 3, True)
    assert not Release.objects.exists()


def test_of_cases_it_tells_agreement_balance_and_what_models_may_have_seen(cast: Cast) -> None:
    voting.set_up(cast.study, quiet_hours=0)
    voting.opened(cast, questions=2)
    for _ in range(2):
        for person in (cast.anna, cast.ben, cast.carla):
            voting.vote(cast.study, person, "a")
    found = run_now(start_preview(study=cast.study, kind="preferences", by=cast.lena)).result
    assert (found["rows"], found["tables"], found["in_training"]) == (2, {"votes": 6, "readers": 3}, 0)
    assert found["balance"] == [["not said", "not said", 2]]
    assert [(row["dimension"], row["percent"]) for row in found["agreement"]][:1] == [("accuracy", 1.0)]
    client = Client()
    client.force_login(cast.lena)
    page = client.get(
        reverse("curation:release-preview", args=["chest", Job.objects.latest("created_at").pk])
    )
    assert "every lead may export it" in page.content.decode()


def test_the_first_of_what_stays_out_are_links(cast: Cast) -> None:
    trace = making.trace(
        making.question(cast.study, making.source(cast.study), 3), making.endpoint(), TraceState.REJECTED
    )
    job = run_now(start_preview(study=cast.study, kind="traces", by=cast.lena))
    client = Client()
    client.force_login(cast.lena)
    page = client.get(reverse("curation:release-preview", args=["chest", job.pk])).content.decode()
    assert f'href="{reverse("curation:trace", args=["chest", trace.pk])}"' in page
    assert "Nothing would go in" in page


def test_patients_of_a_trace_release_are_pointed_out(cast: Cast) -> None:
    """A cluster has one use for ever; a release made before that rule, or elsewhere, may say otherwise."""
    held = making.question(cast.study, making.source(cast.study), 2, use="test")
    row = {"id": "trace-1", "cluster": f"cluster-{held.cluster_id}", "source": "Own archive"}
    rows = [NewRow("trace-1", row)]
    freeze(study=cast.study, kind="traces", name="Old", rows=rows, left_out={}, by=cast.lena)
    found = run_now(start_preview(study=cast.study, kind="questions", by=cast.lena)).result
    assert (found["rows"], found["in_training"]) == (1, 1)


def test_only_leads_look_and_only_at_their_own(cast: Cast) -> None:
    for person in (cast.anna, cast.rosa, cast.otto, cast.nora):
        with pytest.raises(NotAllowed):
            start_preview(study=cast.study, kind="traces", by=person)
    job = start_preview(study=cast.study, kind="traces", by=cast.lena)
    assert start_preview(study=cast.study, kind="traces", by=cast.lena) == job
    Membership.objects.filter(study=cast.study, person=cast.lena).update(role=Role.ANNOTATOR)
    assert run_now(job).state == "failed"
    client = Client()
    client.force_login(cast.nora)
    address = reverse("curation:release-preview", args=["other", job.pk])
    assert client.get(address).status_code == 404
