"""The queue of the GPUs: who waits for what, and other studies unnamed."""

from consilium.jobs.models import Job
from consilium.jobs.states import JobState
from curation.models import Release
from tests.factories import training as making
from tests.factories.cast import Cast
from training.gpu_queue import gpu_queue
from training.launch import launch_pipeline


def test_each_run_says_what_it_waits_for_and_another_study_is_not_named(cast: Cast, release: Release) -> None:
    Job.objects.create(kind="training.run", queue="gpu", study=cast.other_study, created_by=cast.nora)
    base = making.base_endpoint()
    first, second, gba, merge = launch_pipeline(study=cast.study, release=release, base=base, by=cast.lena)
    Job.objects.filter(pk=first.job_id).update(
        state=JobState.RUNNING, claim_token="00000000-0000-4000-8000-000000000000",
        lease_until=first.created_at, started_at=first.created_at,
    )  # fmt: skip
    Job.objects.filter(pk=merge.job_id).update(state=JobState.CANCELLED)
    told = [(work.name, work.state, work.waits_for) for work in gpu_queue(cast.study)]
    assert told == [
        (str(first), "running", ""),
        ("Work of another study", "queued", "a free worker, after 1 other"),
        (str(second), "queued", "a free worker, after 2 others"),
        (str(gba), "queued", f"{first}, {second}"),
    ]
    Job.objects.filter(pk=second.job_id).update(error="The disk is nearly full.")
    assert gpu_queue(cast.study)[2].waits_for == "The disk is nearly full."
    assert "disk" not in "".join(work.waits_for for work in gpu_queue(cast.other_study))
    Job.objects.update(state=JobState.SUCCEEDED)
    assert gpu_queue(cast.study) == []
