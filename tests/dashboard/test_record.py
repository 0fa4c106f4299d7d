"""The study's record as leads read it: complete, and it does not say who judged which case."""

import re

from django.test import Client
from django.urls import reverse

from annotation.adjudication import vote_blind
from consilium.audit.models import AuditEvent
from consilium.people.models import Person, pseudonym
from curation.traces.review import open_reviews
from tests.curation.traces.test_review import ACCEPT, review
from tests.factories import annotation as voting
from tests.factories import curation as making
from tests.factories.cast import Cast


def page(person: Person, address: str) -> str:
    client = Client()
    client.force_login(person)
    return client.get(address).content.decode()


def main(html: str) -> str:
    return re.sub(r"<[^>]+>", " ", html[html.index("<main") :])


def adjudicated(cast: Cast) -> int:
    """A case that three readers split and an adjudicator decided; its key."""
    voting.set_up(cast.study, quiet_hours=0, senior_on_any_split=True)
    voting.opened(cast)
    for person, letter in zip(cast.annotators, "aba", strict=True):
        voting.vote(cast.study, person, letter)
    claim = voting.claim(cast.study, cast.rosa, "adjudicate")
    choices = voting.content()["choices"]
    vote_blind(claim=claim, by=cast.rosa, choices=choices, reasons={})
    voting.send(claim, {"choices": choices, "reasons": {}, "comment": ""})
    return voting.only_case().pk


def test_the_record_and_the_case_agree_on_pseudonyms_and_the_chain_keeps_the_names(cast: Cast) -> None:
    case = adjudicated(cast)
    record = main(page(cast.lena, reverse("site:record", args=["chest"])))
    shown = main(page(cast.lena, reverse("annotation:case", args=["chest", case])))
    front = main(page(cast.lena, reverse("site:study", args=["chest"])))
    for judge in (*cast.annotators, cast.rosa):
        name = pseudonym(cast.study.pk, judge.pk)
        assert name in record
        assert name in shown
        assert str(judge) not in record + shown + front
        assert AuditEvent.objects.filter(study=cast.study, actor=judge).exists()
    assert "Lena" in record, "who leads is named"


def test_who_reviewed_a_trace_is_named_in_the_record_as_on_the_trace(cast: Cast) -> None:
    """By the pseudonym here and by name there, a lead could learn whose pseudonym it is."""
    making.trace(making.question(cast.study, making.source(cast.study), 1), making.endpoint(), "checked")
    open_reviews(study=cast.study, name="Reviews", by=cast.lena)
    review(cast, cast.anna, ACCEPT)
    record = main(page(cast.lena, reverse("site:record", args=["chest"])))
    assert "Anna" in record
    assert pseudonym(cast.study.pk, cast.anna.pk) not in record
