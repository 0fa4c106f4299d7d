"""What the exchange with Label Studio stores, made by hand."""

from django.utils import timezone

from annotation.label_studio.models import (
    LabelStudioConnection,
    LabelStudioProject,
    LabelStudioTask,
    LabelStudioUser,
    TakenAnnotation,
)
from annotation.label_studio.push import PULL
from annotation.models import Vote
from consilium.jobs.models import Job
from consilium.jobs.states import JobState
from consilium.people.models import Person, Study


def user(study: Study, number: int = 2) -> LabelStudioUser:
    """Somebody on a server whom nobody has named."""
    return LabelStudioUser.objects.create(study=study, number=number, email=f"user{number}@labels.example")


def taken(vote: Vote, by: Person) -> TakenAnnotation:
    """The row that a vote was made from."""
    study = vote.case.study
    project = LabelStudioProject.objects.create(study=study, kind="compare", mark="0" * 8, config_sha256="0")
    task = LabelStudioTask.objects.create(project=project, object_id=vote.case_id, order_key="0" * 32)
    return TakenAnnotation.objects.create(
        task=task,
        number=1,
        user=user(study),
        raw={},
        raw_sha256="0" * 64,
        result_sha256="0" * 64,
        submission=vote.submission,
        taken_by=by,
    )


def exchange(study: Study, by: Person) -> None:
    """A study in the middle of an exchange, for pictures: two projects, people, a pull with refusals."""
    LabelStudioConnection.objects.create(
        study=study,
        base_url="https://labels.clinic.example",
        sealed_token="sealed",
        last_four="7f3a",
        set_by=by,
    )
    server = "https://labels.clinic.example"
    for number, (kind, mark) in enumerate((("compare", "5d1f0c77"), ("review", "90ab31e2")), start=11):
        project = LabelStudioProject.objects.create(
            study=study,
            kind=kind,
            server=server,
            number=number,
            mark=mark,
            config_sha256=mark,
            guideline=study.guideline,
            pushed_at=timezone.now(),
            pulled_at=timezone.now(),
        )
        for place in range(40 if kind == "compare" else 6):
            LabelStudioTask.objects.create(
                project=project, object_id=10**6 + place, order_key=f"{mark}{place}", number=place + 1
            )
    members = [each.person for each in study.memberships.filter(role="annotator").order_by("pk")[:2]]
    for number, person in enumerate([*members, None], start=2):
        email = f"reader{number - 2}@labels.clinic.example"
        LabelStudioUser.objects.create(study=study, server=server, number=number, email=email, person=person)
    reasons = [
        {"item": "task 4, annotation 17", "reason": "It leaves out 'overall'."},
        {"item": "task 9", "reason": "Its texts, images or order were changed there after it was sent."},
        {"item": "task 12, annotation 40", "reason": "It has all its answers: every place is taken."},
    ]
    told = {"taken": 58, "changed": 1, "unchanged": 12, "skipped": 2, "refused": reasons, "refused_count": 3}
    Job.objects.create(
        kind=PULL,
        study=study,
        state=JobState.SUCCEEDED,
        created_by=by,
        finished_at=timezone.now(),
        result=told | {"waiting": 7, "waiting_people": {"reader2@labels.clinic.example": 7}},
    )
