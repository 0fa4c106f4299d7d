"""What the exchange with Label Studio stores, made by hand."""

from annotation.label_studio.models import (
    LabelStudioProject,
    LabelStudioTask,
    LabelStudioUser,
    TakenAnnotation,
)
from annotation.models import Vote
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
