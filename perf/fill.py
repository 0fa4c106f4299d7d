"""Fills an installation for measuring: `python perf/fill.py --cases N --readers N --seats N`; prints JSON.

The working directory is the checkout that is measured, CONSILIUM_HOME (and DATABASE_URL) say where it keeps
its data. Rows are stored in bulk, as the product's own use cases would leave them. Prints slug,
name of the session cookie and a session per reader.
"""

import argparse
import hashlib
import json
import os
import random
import sys
from pathlib import Path
from typing import Any

import django

SENTENCES = (
    "The heart is enlarged and the left border is straightened.",
    "There is no pneumothorax and no displaced fracture.",
    "An opacity in the right lower zone blurs the diaphragm.",
    "The costophrenic angle on the right is blunted.",
    "A follow-up in six weeks is reasonable when symptoms persist.",
    "The trachea lies in the midline and the hila look normal.",
    "In this context an infection is more likely than a mass.",
    "Comparison with an earlier image would help to date the change.",
)
BATCH = 1000


def text(draw: random.Random) -> str:
    """An answer of about a hundred words."""
    return " ".join(draw.choice(SENTENCES) for _ in range(9)) + f"\n\nAnswer: {draw.choice('ABCD')}"


def people(readers: int) -> tuple[Any, list[Any]]:
    """A lead and the readers."""
    from consilium.people.models import Person

    names = ["lead", *(f"reader{number}" for number in range(readers))]
    made = [Person.objects.create(username=name, display_name=name.title()) for name in names]
    return made[0], made[1:]


def study(lead: Any, readers: list[Any], seats: int, slug: str = "perf") -> Any:
    """An open study in which everybody takes part."""
    from consilium.people.models import (
        ConsentText,
        GuidelineVersion,
        Membership,
        Participation,
        Role,
        Study,
    )

    settings = {"votes_per_case": seats, "claim_minutes": 600}
    made = Study.objects.create(slug=slug, name="Measured study", settings_data=settings)
    ConsentText.objects.create(study=made, version=1, text="You take part freely.")
    GuidelineVersion.objects.create(study=made, number=1, text="Judge what is written.", created_by=lead)
    roles = {lead: Role.LEAD, **dict.fromkeys(readers, Role.ANNOTATOR)}
    Membership.objects.bulk_create(
        Membership(study=made, person=one, role=role) for one, role in roles.items()
    )
    consent = {"consent_version": 1, "consent_sha256": "0" * 64, "credit": "pseudonym"}
    Participation.objects.bulk_create(Participation(study=made, person=one, **consent) for one in roles)
    return made


def pixels() -> Any:
    """The grey values of the one picture that all cases show."""
    import numpy as np

    return (np.arange(512 * 512).reshape(512, 512) // 1031 % 256).astype(np.uint8)


def png() -> bytes:
    """The picture as a file."""
    import io

    from PIL import Image as Pixels

    encoded = io.BytesIO()
    Pixels.fromarray(pixels()).save(encoded, "PNG")
    return encoded.getvalue()


def picture(study: Any, source: Any) -> Any:
    """One released grey image that all questions share."""
    import gzip

    import numpy as np

    from consilium.blobs.store import put
    from curation.imaging.frame_files import planes
    from curation.models import Cluster, Image

    encoded = png()
    sha256 = hashlib.sha256(encoded).hexdigest()
    model = put(encoded, "image/png")
    frame = put(
        gzip.compress(b"".join(planes(pixels().astype(np.int16))), mtime=0), "application/octet-stream"
    )
    window = {"center": 128, "width": 256}
    facts = {"slope": 1, "intercept": 0, "inverted": False, "window": window, "spacing": None, "aspect": 1.0}
    return Image.objects.create(
        study=study,
        source=source,
        cluster=Cluster.objects.create(study=study, group_key=sha256, use="test"),
        state="released",
        pixel_sha256=sha256,
        source_sha256=sha256,
        perceptual_hash="0" * 16,
        facts={**facts, "presets": [{"name": "Default", **window}], "spacing_meaning": ""},
        kind="grey",
        modality="OT",
        rows=512,
        columns=512,
        frame_blobs=[frame.sha256],
        model_blobs=[model.sha256],
        thumbnail_blob=model.sha256,
    )


def answers(study: Any, count: int) -> None:
    """Ready test questions with two answers each."""
    from annotation.models import Response
    from consilium.inference.models import ModelEndpoint, Reply
    from curation.models import Cluster, Question, QuestionImage, Source

    draw = random.Random(1)
    source = Source.objects.create(
        study=study, name="Own", licence="CC-BY-4.0", may_train=True, may_redistribute=True, is_synthetic=True
    )
    shared = picture(study, source)
    models = [
        ModelEndpoint.objects.get_or_create(
            name=name, defaults={"base_url": "http://127.0.0.1:9/v1", "model_id": name, "family": name}
        )[0]
        for name in ("one", "two")
    ]
    for start in range(0, count, 5000):
        numbers = range(start, min(start + 5000, count))
        keys = [hashlib.sha256(f"{number}".encode()).hexdigest() for number in numbers]
        Cluster.objects.bulk_create(
            [Cluster(study=study, group_key=key, use="test") for key in keys], batch_size=BATCH
        )
        clusters = dict(Cluster.objects.filter(study=study).values_list("group_key", "pk"))
        Question.objects.bulk_create(
            [
                Question(
                    study=study, source=source, cluster_id=clusters[key], state="ready",
                    external_id=f"case-{number}", text=f"What does image {number} of this chest series show?",
                    options={"A": "Pneumonia", "B": "Effusion", "C": "Mass", "D": "Nothing"},
                    specialty="adult_medicine", specialty_rule="default", content_sha256=key,
                )
                for number, key in zip(numbers, keys, strict=True)
            ],
            batch_size=BATCH,
        )  # fmt: skip
        found = Question.objects.filter(study=study, content_sha256__in=keys[:1]).values_list("pk", flat=True)
        first = found[0]
        questions = list(Question.objects.filter(study=study, pk__gte=first).values_list("pk", flat=True))
        QuestionImage.objects.bulk_create(
            [QuestionImage(question_id=pk, image=shared) for pk in questions], batch_size=BATCH
        )
        for model in models:
            digests = [hashlib.sha256(f"{model.pk} {pk}".encode()).hexdigest() for pk in questions]
            Reply.objects.bulk_create(
                [Reply(endpoint=model, request_sha256=digest, text=text(draw)) for digest in digests],
                batch_size=BATCH,
            )
            replies = {
                digest: (pk, said)
                for digest, pk, said in Reply.objects.filter(endpoint=model)
                .order_by("-pk")
                .values_list("request_sha256", "pk", "text")[: len(digests)]
            }
            made = []
            for pk, digest in zip(questions, digests, strict=True):
                reply, said = replies[digest]
                made.append(
                    Response(
                        study=study, question_id=pk, endpoint=model, reply_id=reply, text=said, original=said
                    )
                )
            Response.objects.bulk_create(made, batch_size=BATCH)


def open_cases(study: Any, lead: Any, seats: int) -> None:
    """What a lead leaves behind who opens one round of all of them."""
    from annotation.models import Case, Response
    from consilium.workqueue.open import open_items

    pairs: dict[int, list[int]] = {}
    for question, pk in Response.objects.filter(study=study).order_by("pk").values_list("question_id", "pk"):
        pairs.setdefault(question, []).append(pk)
    Case.objects.bulk_create(
        [
            Case(study=study, question_id=question, response_a_id=one, response_b_id=two, state="draft")
            for question, (one, two) in pairs.items()
        ],
        batch_size=BATCH,
    )
    objects: list[tuple[int, dict[str, Any]]] = [
        (pk, {}) for pk in Case.objects.filter(study=study).order_by("pk").values_list("pk", flat=True)
    ]
    opened = open_items(
        study=study,
        kind="compare",
        name="Round 1",
        objects=objects,
        role="annotator",
        capacity=seats,
        by=lead,
    )
    Case.objects.filter(study=study).update(state="open", round=opened)


def votes(study: Any, readers: list[Any], per_case: int, left: int) -> None:
    """`per_case` votes on every case but the last `left`, as if it had been settled by a majority."""
    from annotation.models import Case
    from consilium.workqueue.models import WorkItem

    draw = random.Random(2)
    items = list(WorkItem.objects.filter(study=study).order_by("pk").values_list("pk", "object_id"))
    voted = items[: len(items) - left]
    for start in range(0, len(voted), BATCH):
        some_votes(study, readers, per_case, voted[start : start + BATCH], draw)
    if voted:
        item, case = voted[-1]
        Case.objects.filter(study=study, pk__lte=case).update(state="settled")
        WorkItem.objects.filter(study=study, pk__lte=item).update(is_full=True, is_open=False)


def some_votes(
    study: Any, readers: list[Any], per_case: int, items: list[tuple[int, int]], draw: random.Random
) -> None:
    """Claims, submissions, votes and labels of some cases, on any of the sixty days before today."""
    import uuid
    from datetime import timedelta

    from django.utils import timezone

    from annotation.models import Consensus, Vote
    from consilium.answers.dimensions import DIMENSIONS
    from consilium.workqueue.models import Claim, Submission

    today = timezone.now()
    claims, submissions, made, labels = [], [], [], []
    for item, case in items:
        truth = {name: draw.choice("ab") for name in DIMENSIONS}
        for slot, person in enumerate(draw.sample(readers, per_case)):
            said = {name: truth[name] if draw.random() < 0.8 else draw.choice("ab") for name in DIMENSIONS}
            common = {"item_id": item, "study": study, "person": person, "shown": {"first": "a", "lead": 1}}
            when = today - timedelta(seconds=draw.randrange(86_400, 61 * 86_400))
            day = dict.fromkeys(("claimed_at", "heartbeat_at", "expires_at"), when)
            claims.append(Claim(**common, **day, state="submitted", slot=slot, active_seconds=60))
            content = {"choices": dict.fromkeys(DIMENSIONS, "first_clearly"), "harm": "neither"}
            submission = Submission(
                **common, kind="compare", idempotency_key=uuid.uuid4(), content=content,
                content_sha256="0" * 64, active_seconds=60, submitted_at=when,
            )  # fmt: skip
            submissions.append(submission)
            choices = {name: f"{letter}_clearly" for name, letter in said.items()}
            made.append(Vote(submission=submission, case_id=case, person=person, shown_first="a", **choices))
        labels += [
            Consensus(case_id=case, dimension=name, label=letter.upper(), votes_a=2, votes_b=1)
            for name, letter in truth.items()
        ]
    Claim.objects.bulk_create(claims, batch_size=BATCH)
    Submission.objects.bulk_create(submissions, batch_size=500)
    Vote.objects.bulk_create(made, batch_size=BATCH)
    Consensus.objects.bulk_create(labels, batch_size=BATCH)


def sessions(people: list[Any]) -> dict[str, str]:
    """A logged-in session of each person."""
    from django.conf import settings
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.db import SessionStore

    made: dict[str, str] = {}
    for person in people:
        session = SessionStore()
        session[SESSION_KEY] = str(person.pk)
        session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
        session[HASH_SESSION_KEY] = person.get_session_auth_hash()
        session.save()
        made[person.username] = str(session.session_key)
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, required=True)
    parser.add_argument("--readers", type=int, default=16)
    parser.add_argument("--seats", type=int, default=3)
    parser.add_argument("--votes", type=int, default=0, help="votes on every case; settled then")
    parser.add_argument("--left", type=int, default=0, help="the last cases stay without votes")
    options = parser.parse_args()
    sys.path.insert(0, str(Path.cwd()))
    os.environ["DJANGO_SETTINGS_MODULE"] = "consilium.settings"
    django.setup()
    from django.conf import settings
    from django.core.management import call_command
    from django.db import connection, transaction

    call_command("migrate", verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    with transaction.atomic():
        lead, readers = people(options.readers)
        made = study(lead, readers, options.seats)
        answers(made, options.cases)
        open_cases(made, lead, options.seats)
        if options.votes:
            votes(made, readers, options.votes, options.left)
        keys = sessions([lead, *readers])
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    print(json.dumps({"study": made.slug, "cookie": settings.SESSION_COOKIE_NAME, "sessions": keys}))


if __name__ == "__main__":
    main()
