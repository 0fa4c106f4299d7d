"""Questions whose text may name a person are held until a lead has decided about each place."""

import re

import pytest
from django.test import Client

from consilium.audit.models import AuditEvent
from consilium.people.permissions import NotAllowed
from consilium.refusals import ReasonMissing
from curation.held_texts import (
    DecisionRefused,
    decide,
    declare_harmless,
    harmless_everywhere,
    hold_question,
    marked_texts,
)
from curation.models import Question, Source, TextChoice, TextFinding
from curation.questions import open_questions
from curation.states import QuestionState
from tests.factories import curation as making
from tests.factories.cast import Cast

TEXT = "Seen by Dr Smith on 12 March 2024 (MRN 4711-0815). Is the Smith sign positive?"


def asked(cast: Cast, number: int = 1, **fields: object) -> Question:
    of = Source.objects.first() or making.source(cast.study)
    question = making.question(cast.study, of, number, state=QuestionState.IMPORTED)
    for name, value in ({"text": TEXT} | fields).items():
        setattr(question, name, value)
    question.save()
    return question


def all_as(question: Question, choice: str) -> dict[int, str]:
    return dict.fromkeys(question.text_findings.filter(choice="").values_list("pk", flat=True), choice)


def test_a_held_question_is_never_opened(cast: Cast) -> None:
    question = asked(cast)
    assert hold_question(question)
    question.refresh_from_db()
    assert question.state == QuestionState.HELD
    assert {finding.kind for finding in question.text_findings.all()} == {"name", "date", "record"}
    assert open_questions(study=cast.study, by=cast.lena).opened == 0
    stored = str(list(TextFinding.objects.values())) + str(
        list(AuditEvent.objects.values_list("data", flat=True))
    )
    assert not re.search("smith|march|4711-0815", stored, re.IGNORECASE)


def test_an_ordinary_question_is_not_held(cast: Cast) -> None:
    assert not hold_question(asked(cast, text="A 45-year-old man. L4/5, 12 x 8 mm, BI-RADS 4, in 2019?"))
    assert not TextFinding.objects.exists()


def test_what_is_masked_is_gone_from_every_field(cast: Cast) -> None:
    question = asked(
        cast,
        options={"A": "As Dr Smith says", "B": "No"},
        answer="As Dr Smith says",
        reference_trace="dr  smith saw it on 12 March 2024.",
    )
    hold_question(question)
    outcome = decide(study=cast.study, choices=all_as(question, "mask"), reason="", by=cast.lena)
    assert (outcome.masked, outcome.freed) == (3, 1)
    question.refresh_from_db()
    assert question.state == QuestionState.IMPORTED
    assert question.text == "Seen by Dr [name] on [date] (MRN [record]). Is the Smith sign positive?"
    assert question.options == {"A": "As Dr [name] says", "B": "No"}
    assert question.answer == question.options["A"]
    event = AuditEvent.objects.get(action="question.imported", data__mask=3)
    assert event.actor == cast.lena


def test_each_place_has_its_own_decision(cast: Cast) -> None:
    question = asked(cast)
    hold_question(question)
    kinds = {finding.kind: finding.pk for finding in question.text_findings.all()}
    first = decide(study=cast.study, choices={kinds["date"]: "remove"}, reason="", by=cast.lena)
    question.refresh_from_db()
    assert (first.removed, first.freed, question.state) == (1, 0, QuestionState.HELD)
    assert question.text.startswith("Seen by Dr Smith on (MRN 4711-0815).")
    left = {kinds["name"]: "harmless", kinds["record"]: "mask"}
    with pytest.raises(ReasonMissing):
        decide(study=cast.study, choices=left, reason=" ", by=cast.lena)
    decide(study=cast.study, choices=left, reason="a textbook's author", by=cast.lena)
    question.refresh_from_db()
    assert (question.state, "Dr Smith" in question.text) == (QuestionState.IMPORTED, True)
    kept = question.text_findings.get(choice=TextChoice.HARMLESS)
    assert (kept.reason, kept.decided_by, kept.digest in harmless_everywhere(cast.study)) == (
        "a textbook's author", cast.lena, True,
    )  # fmt: skip


def test_findings_are_numbered_as_they_are_read(cast: Cast) -> None:
    question = asked(cast, reference_trace="On 12 March 2024.")
    hold_question(question)
    marked, said = marked_texts(question, question.text_findings.all())
    assert list(said.values()) == ["Smith", "12 March 2024", "4711-0815"]
    assert [text.label for text in marked] == ["the question", "the worked solution"]
    assert ["".join(piece.text for piece in text.pieces) for text in marked] == [TEXT, "On 12 March 2024."]
    assert [[piece.number for piece in text.pieces if piece.number] for text in marked] == [[1, 2, 3], [2]]
    assert marked_texts(question, []) == ([], {})


def test_a_lead_masks_what_the_patterns_do_not_know(cast: Cast) -> None:
    question = asked(cast, text=f"{TEXT} The plumber Okafor  Ltd was there.")
    hold_question(question)
    with pytest.raises(DecisionRefused, match="does not stand in it"):
        decide(
            study=cast.study,
            choices=all_as(question, "mask"),
            also={question.pk: "Okafor GmbH"},
            reason="",
            by=cast.lena,
        )
    assert question.text_findings.filter(choice="").count() == 3
    choices, also = all_as(question, "mask"), {question.pk: "okafor ltd"}
    outcome = decide(study=cast.study, choices=choices, also=also, reason="", by=cast.lena)
    question.refresh_from_db()
    assert (outcome.masked, question.state) == (4, QuestionState.IMPORTED)
    assert question.text.endswith("The plumber [masked] was there.")


def test_only_the_leads_own_study_is_changed(cast: Cast) -> None:
    question = asked(cast)
    hold_question(question)
    choices, also = all_as(question, "mask"), {question.pk: "sign"}
    assert decide(study=cast.other_study, choices=choices, also=also, reason="", by=cast.nora).masked == 0
    question.refresh_from_db()
    assert question.text == TEXT


def test_a_decision_that_leaves_no_question_is_refused_and_changes_nothing(cast: Cast) -> None:
    question = asked(
        cast, text="What?", options={"A": "12 March 2024", "B": "13 March 2024"}, answer="12 March 2024"
    )
    hold_question(question)
    with pytest.raises(DecisionRefused, match="read the same"):
        decide(study=cast.study, choices=all_as(question, "mask"), reason="", by=cast.lena)
    with pytest.raises(DecisionRefused, match="nothing"):
        decide(study=cast.study, choices=all_as(question, "remove"), reason="", by=cast.lena)
    question.refresh_from_db()
    assert (question.options["A"], question.state) == ("12 March 2024", QuestionState.HELD)
    assert question.text_findings.filter(choice="").count() == 2


def test_other_peoples_findings_and_roles_are_refused(cast: Cast) -> None:
    question = asked(cast)
    hold_question(question)
    for person in (cast.anna, cast.rosa, cast.nora):
        with pytest.raises(NotAllowed):
            decide(study=cast.study, choices=all_as(question, "mask"), reason="", by=person)


def test_what_is_harmless_in_the_study_holds_nothing(cast: Cast) -> None:
    assert declare_harmless(study=cast.study, text="by Dr SMITH", reason="a sign", by=cast.lena) == 1
    assert not hold_question(asked(cast, text="What does Dr Smith's book say of it?"))
    assert hold_question(asked(cast, 2, text="Dr Smith on 3 May 2020?"))
    assert list(TextFinding.objects.exclude(question=None).values_list("kind", flat=True)) == ["date"]
    with pytest.raises(DecisionRefused):
        declare_harmless(study=cast.study, text="a nodule", reason="a sign", by=cast.lena)


def test_the_page_shows_each_place_and_masks_what_is_left(cast: Cast, client: Client) -> None:
    question = asked(cast)
    hold_question(question)
    client.force_login(cast.lena)
    url = f"/s/{cast.study.slug}/texts/"
    shown = client.get(url).content.decode()
    assert "<mark>12 March 2024<sup>2</sup></mark>" in shown
    name = question.text_findings.get(kind="name")
    refused = client.post(url, {f"finding-{name.pk}": "harmless", "do": "mask"})
    assert (refused.status_code, "Say why it is harmless" in refused.content.decode()) == (422, True)
    sent = {f"finding-{name.pk}": "harmless", "reason": "an author", "do": "mask"}
    assert client.post(url, sent, follow=True).status_code == 200
    question.refresh_from_db()
    assert question.text == "Seen by Dr Smith on [date] (MRN [record]). Is the Smith sign positive?"
    assert "No text waits" in client.get(url).content.decode()
    assert (
        client.post(f"{url}harmless/", {"text": "Dr Jekyll", "reason": "a film"}, follow=True).status_code
        == 200
    )
    assert TextFinding.objects.filter(question=None).count() == 1
