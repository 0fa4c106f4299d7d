"""Two leads open rounds in parts while readers vote and one round is closed: prints what went wrong as JSON.

Run as a module; CONSILIUM_HOME and DATABASE_URL say which database; it must be empty.
"""

import json
import os
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import django

from tests.harness.races import at_once

if TYPE_CHECKING:
    from consilium.people.models import Person
    from tests.factories.cast import Cast

QUESTIONS, PART, VOTES = 40, 4, 12


def prepare() -> "Cast":
    from django.core.management import call_command

    from annotation import pairing
    from tests.factories import annotation as making
    from tests.factories.cast import make_cast

    call_command("migrate", verbosity=0)
    cast = make_cast()
    making.answered(cast.study, QUESTIONS)
    pairing.PART = PART  # type: ignore[misc]
    pairing.open_comparison_round(study=cast.study, name="First", by=cast.lena, limit=8)
    draw, together = pairing._draw, threading.Barrier(2)

    def drawn(*args: Any) -> Any:
        """Both leads draw at the same moment, if nothing keeps them from it."""
        found = draw(*args)
        with suppress(threading.BrokenBarrierError):
            together.wait(1)
        return found

    pairing._draw = drawn  # type: ignore[assignment]
    return cast


def open_round(cast: "Cast", lead: "Person", name: str) -> None:
    from annotation.pairing import NothingToPair, open_comparison_round
    from consilium.workqueue.refusals import AlreadyOpen

    try:
        open_comparison_round(study=cast.study, name=name, by=lead)
    except (NothingToPair, AlreadyOpen):  # the other was faster, or somebody closed the round
        return


def close_when_begun(cast: "Cast", name: str) -> None:
    from annotation.models import Case
    from consilium.workqueue.models import Round
    from consilium.workqueue.open import close_round

    until = time.monotonic() + 60
    while time.monotonic() < until:
        begun = Case.objects.filter(round__name=name).first()
        if begun is not None or Case.objects.count() == QUESTIONS:
            break
        time.sleep(0.002)  # a loop without pause would keep the others from their turn
    for one in Round.objects.filter(name=name):
        close_round(work_round=one, by=cast.lena)


def vote_often(cast: "Cast", person: "Person") -> None:
    from consilium.workqueue.claim import next_claim
    from consilium.workqueue.refusals import ClaimOver, ItemClosed
    from tests.factories import annotation as making

    for _ in range(VOTES):
        claim = next_claim(study=cast.study, person=person, kind="compare")
        if claim is None:
            return
        with suppress(ClaimOver, ItemClosed):  # of the round that is closed meanwhile
            making.send(claim, making.content(making.shown(claim, "a")))


def findings() -> list[str]:
    from annotation.models import Case
    from consilium.audit.verify import verify_chains
    from consilium.workqueue.models import Round, WorkItem

    wrong = [f"chain: {broken}" for broken in verify_chains()[1]]
    twice = [pk for pk, n in Counter(Case.objects.values_list("question_id", flat=True)).items() if n > 1]
    wrong += [f"question {pk} has several cases" for pk in twice]
    items = set(WorkItem.objects.filter(kind="compare").values_list("object_id", flat=True))
    if items != set(Case.objects.values_list("pk", flat=True)):
        wrong.append("cases and items differ")
    wrong += [f"case {case.pk} is {case.state}" for case in Case.objects.filter(state="draft")]
    for one in Round.objects.exclude(closed_at=None):
        if one.items.filter(is_open=True).exists():
            wrong.append(f"closed round {one.name} has open items")
    return wrong


def main() -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.workqueue.race_settings"
    django.setup()
    from annotation.models import Case, Vote

    cast = prepare()
    acts: list[Callable[[], None]] = [
        lambda: open_round(cast, cast.lena, "Of Lena"),
        lambda: open_round(cast, cast.max, "Of Max"),
        lambda: close_when_begun(cast, "Of Max"),
        lambda: vote_often(cast, cast.anna),
        lambda: vote_often(cast, cast.ben),
    ]
    report = {
        "failures": at_once(acts),
        "findings": findings(),
        "cases": Case.objects.count(),
        "votes": Vote.objects.count(),
    }
    sys.stdout.write(json.dumps(report))


if __name__ == "__main__":
    main()
