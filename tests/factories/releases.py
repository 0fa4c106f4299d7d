"""Frozen releases with everything a layout has to hold, made as people make them; one in a test."""

from annotation.models import Consensus
from annotation.pairing import open_comparison_round
from annotation.release import freeze_preferences
from curation.models import Question, QuestionImage, Release, TraceStep
from curation.releases.gather import freeze_questions, freeze_traces
from curation.states import TraceState
from tests.factories import annotation as voting
from tests.factories import curation as making
from tests.factories.cast import Cast

ORGANS = ("brain", "brain", "lung", "", "lung")
# Why Anna, Ben and Carla reject a step.
REASONS = ("wrong_fact", "unclear", "wrong_fact")


def traces(cast: Cast, name: str = "Traces") -> Release:
    """Four traces: plain; open with an edited step; two images and a rejected step; words like a place."""
    of, teacher = making.source(cast.study), making.endpoint()
    plain, edited, rejected, odd = (
        making.trace(making.question(cast.study, of, number), teacher) for number in range(4)
    )
    Question.objects.filter(pk=edited.question_id).update(options={}, answer_label="", answer="A field")
    more = making.image(cast.study, of, 40)
    QuestionImage.objects.create(question=rejected.question, image=more, position=1)
    Question.objects.filter(pk=odd.question_id).update(text="Which tag is <image>, and which <video>?")
    _decide(edited.pk, 1, status="edited", text="The field is crimson.")
    _decide(rejected.pk, 2, status="rejected", text="")
    for person in (cast.anna, cast.ben):
        making.review(plain, person)
    for person, reason in zip(cast.annotators, REASONS, strict=True):
        review = making.review(rejected, person, decision="rejected")
        steps = [{"id": "step-1", "status": "accepted"}]
        steps.append({"id": "step-2", "status": "rejected", "reason": reason})
        type(review).objects.filter(pk=review.pk).update(steps=steps)
    for trace in (edited, rejected):
        type(trace).objects.filter(pk=trace.pk).update(state=TraceState.EDITED)
    return freeze_traces(study=cast.study, name=name, by=cast.lena)


def questions(cast: Cast, name: str = "Questions") -> Release:
    """Three questions held out for testing."""
    of = making.source(cast.study)
    for number in range(3):
        making.question(cast.study, of, number, use="test")
    return freeze_questions(study=cast.study, name=name, by=cast.lena)


def preferences(cast: Cast, name: str = "Preferences") -> Release:
    """Five cases, each with three votes: the fourth has no organ system, the fifth lacks one label."""
    voting.set_up(cast.study, quiet_hours=0)
    asked = voting.answered(cast.study, len(ORGANS))
    for question, organ in zip(asked, ORGANS, strict=True):
        type(question).objects.filter(pk=question.pk).update(
            organ_system=organ, department="radiology", question_type="diagnosis", body_part="head"
        )
    open_comparison_round(study=cast.study, name="Round 1", by=cast.lena)
    for number in range(len(ORGANS)):
        for person, letter in zip(cast.annotators, ("aab", "bba", "aaa", "bbb", "aba")[number], strict=True):
            voting.vote(cast.study, person, letter, creativity="b")
    Consensus.objects.filter(case__question=asked[4], dimension="creativity").update(label="")
    return freeze_preferences(study=cast.study, name=name, by=cast.lena)


def _decide(trace: int, step: int, **fields: str) -> None:
    TraceStep.objects.filter(trace=trace, position=step - 1).update(**fields)
