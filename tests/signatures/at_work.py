"""A senior at a browser without a screen, and one object of each kind that is signed."""

import uuid
from typing import Any

from django.test import Client
from django.urls import reverse

from annotation.adjudication import vote_blind
from annotation.models import Case
from consilium.people.models import Person, Study
from consilium.signatures.models import Purpose, Sitting
from consilium.signatures.sittings import begin_sitting
from consilium.workqueue.models import Claim
from curation.models import Image, Release
from curation.releases.gather import freeze_traces
from tests.factories import annotation as voting
from tests.factories import curation as making
from tests.factories.cast import PASSWORD, Cast

JSON = "application/json"


def browser(person: Person) -> Client:
    client = Client()
    client.force_login(person)
    return client


def sit_down(client: Client, meaning: str, password: str = PASSWORD, study: str = "chest") -> int:
    """What the dialog sends; the status of the answer."""
    address = reverse("signatures:begin", args=[study, meaning])
    return int(client.post(address, {"password": password}, JSON).status_code)


def sitting(study: Study, person: Person, purpose: Purpose) -> Sitting:
    return begin_sitting(study=study, purpose=purpose, method="password", by=person)


def waiting_image(cast: Cast, number: int = 1) -> Image:
    of = making.source(cast.study, f"Archive {number}")
    return making.image(cast.study, of, number, state="quarantined")


def send_pixels(client: Client, image: Image, **more: str) -> Any:
    """The button of the pixel review."""
    address = reverse("curation:sign-pixels", args=["chest", image.pk])
    return client.post(address, {"pixel_sha256": image.pixel_sha256, "verdict": "clean", **more})


def frozen(cast: Cast, number: int = 1) -> Release:
    made = making.question(cast.study, making.source(cast.study, f"Traces {number}"), 100 + number)
    making.trace(made, making.endpoint())
    return freeze_traces(study=cast.study, name=f"Release {number}", by=cast.lena)


def disputed(cast: Cast) -> tuple[Case, Claim]:
    """A case on which Rosa has voted unseen, and her claim."""
    voting.set_up(cast.study, quiet_hours=0, senior_on_any_split=True)
    voting.opened(cast)
    for person, letter in zip(cast.annotators, "aab", strict=True):
        voting.vote(cast.study, person, letter)
    claim = voting.claim(cast.study, cast.rosa, "adjudicate")
    vote_blind(claim=claim, by=cast.rosa, choices=voting.content()["choices"], reasons={})
    return voting.only_case(), claim


def decide(client: Client, claim: Claim, key: str = "", comment: str = "The image decides.") -> Any:
    """What the screen sends when the adjudicator decides for answer B."""
    choices = voting.content(voting.shown(claim, "b"))["choices"]
    body = {
        "content": {"choices": choices, "reasons": {}, "comment": comment},
        "key": key or str(uuid.uuid4()),
        "active_seconds": 3,
        "base_version": 0,
    }
    return client.post(reverse("work:submit", args=[claim.token]), body, JSON)
