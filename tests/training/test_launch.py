"""What may be launched, and the shape of a pipeline."""

from typing import Any

import pytest

from consilium.audit.models import AuditEvent
from consilium.inference.models import ModelEndpoint
from consilium.jobs.models import Job
from consilium.jobs.states import JobState
from consilium.people.permissions import NotAllowed
from consilium.refusals import Refused
from curation.models import Release, ReleaseKind, Source
from curation.releases.contents import NewRow
from curation.releases.freeze import freeze, withdraw_release
from tests.factories import training as making
from tests.factories.cast import Cast
from training.launch import launch, launch_pipeline
from training.models import Run, Stage
from training.preconditions import LaunchRefused, taught_specialties


@pytest.fixture
def ground(db: None) -> ModelEndpoint:
    """A local endpoint; nothing of it is read while a run is only launched."""
    return making.base_endpoint()


def dsa(cast: Cast, release: Release | None, base: ModelEndpoint, **changes: Any) -> Run:
    wanted: dict[str, Any] = {
        "study": cast.study,
        "stage": "dsa",
        "release": release,
        "base": base,
        "by": cast.lena,
    }
    return launch(**wanted | {"specialty": making.PEDIATRICS} | changes)


def refusal(*arguments: Any, **changes: Any) -> str:
    with pytest.raises(Refused) as caught:
        dsa(*arguments, **changes)
    assert not Run.objects.exists()
    assert not Job.objects.exists()
    return str(caught.value)


def test_a_launch_stores_run_job_and_audit_event_together(
    cast: Cast, release: Release, ground: ModelEndpoint
) -> None:
    run = dsa(cast, release, ground, settings={"epochs": 2}, seed=9)
    assert (run.release_digest, run.settings, run.seed) == (release.digest, {"epochs": 2}, 9)
    assert (run.job.kind, run.job.queue, run.job.state) == ("training.run", "gpu", JobState.QUEUED)
    event = AuditEvent.objects.get(action="run.launched")
    assert event.data["release"] == release.digest


def test_only_leads_of_the_study_launch(cast: Cast, release: Release, ground: ModelEndpoint) -> None:
    for person in (cast.anna, cast.rosa, cast.otto, cast.nora):
        with pytest.raises(NotAllowed):
            dsa(cast, release, ground, by=person)
    assert not Run.objects.exists()


def test_a_release_of_another_kind_state_or_study_trains_nothing(
    cast: Cast, release: Release, ground: ModelEndpoint
) -> None:
    row = NewRow("case-1", {"id": "case-1"})
    votes = freeze(
        study=cast.study, kind=ReleaseKind.PREFERENCES, name="P", rows=[row], left_out={}, by=cast.lena
    )
    foreign = making.trace_release(cast.other_study, cast.nora)
    for wrong in (None, votes, foreign):
        assert refusal(cast, wrong, ground) == "Choose a trace release of this study."
    withdraw_release(release=release, reason="A patient objected.", by=cast.lena)
    release.refresh_from_db()
    assert "is withdrawn; only frozen releases" in refusal(cast, release, ground)


def test_a_source_that_lost_its_permission_to_train_stops_the_launch(
    cast: Cast, release: Release, ground: ModelEndpoint
) -> None:
    Source.objects.filter(study=cast.study).update(may_train=False)
    said = refusal(cast, release, ground)
    assert making.SOURCE in said
    assert "may_train" in said


def test_training_starts_from_a_local_model_this_study_may_use(cast: Cast, release: Release) -> None:
    remote = ModelEndpoint.objects.create(name="far", base_url="http://127.0.0.1:9/v1", family="x")
    assert "remote endpoint" in refusal(cast, release, remote)
    foreign = making.base_endpoint(name="theirs", study=cast.other_study)
    assert "no such model" in refusal(cast, release, foreign)
    aside = making.base_endpoint(name="old", is_active=False)
    assert "no longer in use" in refusal(cast, release, aside)


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        ({"learning_rat": 1e-4}, "settings.learning_rat: unknown key; known keys are"),
        ({"epochs": 0}, "settings.epochs: must be positive"),
        ({"epochs": "3"}, "settings.epochs: '3' has the wrong type"),
        ({"batch": 5}, "settings.micro_batch: must divide batch"),
        ({"learning_rate": float("inf")}, "settings.learning_rate: must be a finite number"),
        ({"learning_rate": float("nan")}, "settings.learning_rate: must be a finite number"),
    ],
)
def test_settings_are_checked_by_the_reader_of_the_training_process(
    cast: Cast, release: Release, ground: ModelEndpoint, chosen: dict[str, Any], said: str
) -> None:
    assert said in refusal(cast, release, ground, settings=chosen)


@pytest.mark.parametrize("seed", [-1, 2**31])
def test_a_seed_out_of_range_is_refused(
    cast: Cast, release: Release, ground: ModelEndpoint, seed: int
) -> None:
    assert "The seed must lie between" in refusal(cast, release, ground, seed=seed)


def test_dsa_names_a_specialty_that_the_release_trains(
    cast: Cast, release: Release, ground: ModelEndpoint
) -> None:
    said = refusal(cast, release, ground, specialty="brain_senses")
    assert "choose one of those: adult_medicine, pediatrics" in said
    assert "Only DSA trains one specialty" in refusal(cast, release, ground, stage="gba")
    dev = making.trace_release(cast.study, cast.lena, name="Dev", split="dev")
    assert "there is none" in refusal(cast, dev, ground, specialty="")
    whole = dsa(cast, release, ground, specialty="")
    assert (whole.specialty, str(whole)) == ("", f"Run {whole.pk}: DSA all specialties")
    merged = dsa(cast, None, ground, stage="merge", specialty="", inputs=[whole])
    assert taught_specialties(merged.inputs.all()) == ["adult_medicine", "pediatrics"]


def test_gba_starts_from_experts_or_from_the_base_as_its_setting_says(
    cast: Cast, release: Release, ground: ModelEndpoint
) -> None:
    plain = {"start_from": "base", "paradigms": ["neutral"], "rollouts": 8}
    common: dict[str, Any] = {"stage": "gba", "specialty": ""}
    said = refusal(cast, release, ground, **common)
    assert said == ("GBA needs the runs of at least one expert. Choose some, or set start_from to base.")
    run = dsa(cast, release, ground, settings=plain, **common)
    assert (run.inputs.count(), run.settings) == (0, plain)
    expert = dsa(cast, release, ground)
    with pytest.raises(LaunchRefused, match="starts from the base, so it takes no experts: choose none"):
        dsa(cast, release, ground, settings=plain, inputs=[expert], **common)


def test_a_pipeline_is_one_expert_per_specialty_then_gba_then_the_merge(
    cast: Cast, release: Release, ground: ModelEndpoint
) -> None:
    runs = launch_pipeline(
        study=cast.study,
        release=release,
        base=ground,
        by=cast.lena,
        settings={"gba": {"rollouts": 3}},
        seed=4,
    )
    *experts, reinforced, merge = runs
    assert [(run.stage, run.specialty) for run in experts] == [
        ("dsa", "adult_medicine"),
        ("dsa", "pediatrics"),
    ]
    assert (reinforced.stage, set(reinforced.inputs.all())) == (Stage.GBA, set(experts))
    assert (merge.stage, set(merge.inputs.all())) == (Stage.MERGE, {*experts, reinforced})
    assert reinforced.settings == {"rollouts": 3}
    assert [run.settings for run in (*experts, merge)] == [{}, {}, {}]
    assert {run.seed for run in runs} == {4}
    assert merge.release is None
    assert {run.release_digest for run in (*experts, reinforced)} == {release.digest}


def test_a_refused_pipeline_leaves_nothing_behind(
    cast: Cast, release: Release, ground: ModelEndpoint
) -> None:
    wanted: dict[str, Any] = {"study": cast.study, "release": release, "base": ground, "by": cast.lena}
    with pytest.raises(LaunchRefused, match="'gab' is no stage"):
        launch_pipeline(**wanted, settings={"gab": {}})
    with pytest.raises(LaunchRefused, match="density"):
        launch_pipeline(**wanted, settings={"merge": {"density": 2}})
    held_out = making.trace_release(cast.study, cast.lena, name="Dev", split="dev")
    with pytest.raises(LaunchRefused, match="no row that is meant for training"):
        launch_pipeline(**wanted | {"release": held_out})
    assert not Run.objects.exists()
    assert not Job.objects.exists()


def test_a_stage_builds_on_fitting_runs_only(cast: Cast, release: Release, ground: ModelEndpoint) -> None:
    expert = dsa(cast, release, ground)
    other = making.base_endpoint(name="another base")
    gone = dsa(cast, release, ground)
    Job.objects.filter(pk=gone.job_id).update(state=JobState.FAILED)
    gone.job.refresh_from_db()
    twin = dsa(cast, release, ground, seed=2)
    whole = dsa(cast, release, ground, specialty="")
    gba = dsa(cast, release, ground, stage="gba", specialty="", inputs=[expert])
    cases: dict[str, dict[str, Any]] = {
        "same base model": {"stage": "gba", "specialty": "", "base": other, "inputs": [expert]},
        "needs the runs of at least one expert": {
            "stage": "merge",
            "release": None,
            "specialty": "",
            "inputs": [gba],
        },
        "reads the runs that it merges": {"stage": "merge", "specialty": "", "inputs": [expert]},
        "DSA cannot build on": {"inputs": [expert]},
        "takes one expert per specialty": {"stage": "gba", "specialty": "", "inputs": [expert, twin]},
        "or one of all, or some rows": {"stage": "gba", "specialty": "", "inputs": [expert, whole]},
        "GBA cannot build on": {"stage": "gba", "specialty": "", "inputs": [expert, gba]},
        "has failed, so there is nothing": {"stage": "gba", "specialty": "", "inputs": [gone]},
    }
    for said, changes in cases.items():
        with pytest.raises(LaunchRefused, match=said):
            dsa(cast, **{"release": release, "base": ground} | changes)
    assert Run.objects.count() == 5
