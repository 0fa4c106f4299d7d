"""The same export is taken twice at once while readers vote here: prints what went wrong as JSON.

Run as a module; CONSILIUM_HOME and DATABASE_URL say which database; it holds nothing, migrated or not.
"""

import json
import os
import sys
from collections import Counter
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import django

from tests.harness.races import at_once

if TYPE_CHECKING:
    from consilium.people.models import Person
    from tests.factories.cast import Cast

CASES = 10


def prepare(folder: Path) -> "tuple[Cast, list[Person], list[dict[str, Any]]]":
    """Six readers, and an export in which each of them annotated every case."""
    from django.core.management import call_command

    from annotation.label_studio.people import known_user, name_user
    from annotation.label_studio.task_files import write_task_file
    from consilium.people.models import Role
    from curation.models import Source
    from tests.annotation.label_studio.test_mapper import result
    from tests.factories import annotation as making
    from tests.factories.cast import join, make_cast

    call_command("migrate", verbosity=0)
    cast = make_cast()
    making.opened(cast, CASES)
    Source.objects.update(may_send_to_hosted=True)
    more = [join(cast.study, name, Role.ANNOTATOR) for name in ("dora", "emil", "fay")]
    readers = [*cast.annotators, *more]
    for number, person in enumerate(readers, start=2):
        name_user(user=known_user(study=cast.study, server="", number=number), person=person, by=cast.lena)
    write_task_file(study=cast.study, kind="compare", path=folder / "tasks.json", by=cast.lena)
    tasks = [
        {
            "id": number,
            "data": task["data"],
            "annotations": [
                {"id": 10 * number + user, "completed_by": user, "result": result()}
                for user in range(2, 2 + len(readers))
            ],
        }
        for number, task in enumerate(json.loads((folder / "tasks.json").read_text()), start=1)
    ]
    return cast, readers, tasks


def vote_here(cast: "Cast", person: "Person") -> None:
    from consilium.workqueue.claim import next_claim
    from tests.factories import annotation as making

    while claim := next_claim(study=cast.study, person=person, kind="compare"):
        making.send(claim, making.content())


def take(cast: "Cast", tasks: list[dict[str, Any]], told: list[dict[str, Any]]) -> None:
    from annotation.label_studio.pull import take_export

    told.append(take_export(tasks, study=cast.study, by=cast.lena).as_json())


def main() -> None:
    from annotation.label_studio.models import TakenAnnotation
    from annotation.models import Vote
    from consilium.audit.verify import verify_chains
    from consilium.workqueue.models import Submission, WorkItem

    cast, readers, tasks = prepare(Path(os.environ["CONSILIUM_HOME"]))
    told: list[dict[str, Any]] = []
    acts = [partial(take, cast, tasks, told), partial(take, cast, tasks[::-1], told)]
    failures = at_once([*acts, *(partial(vote_here, cast, person) for person in readers[:3])])
    pairs = Counter(Submission.objects.values_list("item", "person"))
    findings = [f"{pair} {times} times" for pair, times in pairs.items() if times > 1]
    for item in WorkItem.objects.filter(kind="compare"):
        if item.submissions.counted().count() != item.capacity:
            findings.append(f"item {item.pk}: {item.submissions.count()} of {item.capacity}")
    taken = sum(each["taken"] for each in told)
    if taken != TakenAnnotation.objects.count():
        findings.append(f"{taken} taken, {TakenAnnotation.objects.count()} rows")
    findings += [str(fault) for fault in verify_chains()[1]]
    report = {"failures": failures, "findings": findings, "votes": Vote.objects.count(), "taken": taken}
    json.dump(report, sys.stdout)


if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.workqueue.race_settings"
    django.setup()
    main()
