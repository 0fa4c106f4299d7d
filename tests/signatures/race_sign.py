"""Signing from several tabs at once: run as a module, it prints what went wrong as JSON.

CONSILIUM_HOME and DATABASE_URL say which database; it must be empty.
"""

import json
import os
import sys
from functools import partial
from typing import TYPE_CHECKING

import django

from tests.harness.races import at_once

if TYPE_CHECKING:
    from consilium.people.models import Person
    from consilium.signatures.models import Sitting
    from curation.models import Image, Release

TABS, ROUNDS = 3, 3


def sign_once(release: "Release", by: "Person", sitting: "Sitting") -> None:
    from curation.releases.sign import sign_release

    sign_release(release=release, by=by, sitting=sitting)


def use_up(release: "Release", by: "Person", sitting: "Sitting") -> None:
    from consilium.signatures.refusals import NotSigned

    try:
        sign_once(release, by, sitting)
    except NotSigned:
        return


def review(image: "Image", by: "Person", sitting: "Sitting") -> None:
    from consilium.states.transitions import StateChanged, TransitionRefused
    from curation.images.pixel_review import sign_pixels

    mine = type(image).objects.get(pk=image.pk)
    try:
        sign_pixels(
            image=mine, pixel_sha256=mine.pixel_sha256, is_clean=True, note="", by=by, sitting=sitting
        )
    except (StateChanged, TransitionRefused):
        return


def main() -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.workqueue.race_settings"
    django.setup()
    from django.core.management import call_command

    from consilium.signatures.models import Purpose, Signature
    from tests.factories.cast import make_cast
    from tests.signatures.at_work import frozen, sitting, waiting_image

    call_command("migrate", verbosity=0)
    cast = make_cast()
    failures, counts = [], []
    for number in range(ROUNDS):
        release, *others = (frozen(cast, 3 * number + place) for place in range(3))
        image = waiting_image(cast, 500 + number)
        one_for_two = sitting(cast.study, cast.max, Purpose.RELEASE)
        mine = partial(sitting, cast.study)
        failures += at_once(
            [
                *(
                    partial(sign_once, release, cast.lena, mine(cast.lena, Purpose.RELEASE))
                    for _ in range(TABS)
                ),
                partial(sign_once, release, cast.max, mine(cast.max, Purpose.RELEASE)),
                *(partial(use_up, of, cast.max, one_for_two) for of in others),
                *(partial(review, image, cast.rosa, mine(cast.rosa, Purpose.PIXELS)) for _ in range(TABS)),
            ]
        )
        made = Signature.objects.filter(object_type="curation.release")
        counts.append(
            {
                "lena": made.filter(object_id=release.pk, signer=cast.lena).count(),
                "max": made.filter(object_id=release.pk, signer=cast.max).count(),
                "used once": one_for_two.signatures.count(),
                "reviews": image.pixel_reviews.count(),
                "signed reviews": Signature.objects.filter(
                    object_type="curation.pixelreview", object_id__in=image.pixel_reviews.values("pk")
                ).count(),
            }
        )
    sys.stdout.write(json.dumps({"failures": failures, "counts": counts}))


if __name__ == "__main__":
    main()
