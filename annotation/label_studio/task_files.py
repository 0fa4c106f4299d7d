"""The same exchange by file: tasks that a person imports there, and the JSON export that returns."""

import json
import os
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Final

from django.db import transaction

from annotation.label_studio.exchanged import EXCHANGED
from annotation.label_studio.models import LabelStudioProject
from annotation.label_studio.pull import take_export
from annotation.label_studio.push import (
    SENT_AT_ONCE,
    NothingToPush,
    leaving,
    note_sent,
    open_objects,
    project_for,
    reserve_tasks,
)
from consilium.audit.record import record
from consilium.people.models import Person, Study
from consilium.people.permissions import check_lead
from consilium.refusals import Refused

LARGEST_FILE: Final = 1 << 30


class FileRefused(Refused):
    """A file that cannot be read or written; the text names it without its folder."""


class TaskFile:
    """The tasks of everything of one kind that is open now, those of earlier files too, under the same keys.

    Iterating gives the bytes of a JSON list and notes what leaves; `tasks` and `left_out` count it.
    """

    @transaction.atomic
    def __init__(self, *, study: Study, kind: str, by: Person) -> None:
        """Decide what readers will see of what is new. Raises NotAllowed, NothingToPush."""
        check_lead(by, study)
        self.tasks, self.left_out = 0, Counter[str]()
        self._by = by
        self._project = project_for(study, kind, "")
        reserved = 1
        while reserved:
            reserved, left_out = reserve_tasks(self._project, by)
        self._waiting = self._project.tasks.filter(object_id__in=open_objects(self._project)).order_by("pk")
        if not self._waiting.exists():
            reasons = "; ".join(f"{number}: {reason}" for reason, number in left_out.items())
            raise NothingToPush(f"Nothing open may leave ({reasons or 'nothing is open'}).")
        self.left_out.update(left_out)

    def __iter__(self) -> Iterator[bytes]:
        kind = EXCHANGED[self._project.kind]
        ready = leaving(self._waiting.iterator(SENT_AT_ONCE), self._project, self.left_out)
        before = b"[\n"
        while part := list(islice(ready, SENT_AT_ONCE)):
            with transaction.atomic():
                note_sent(part, kind)
            for _, data in part:
                yield before + json.dumps({"data": data}, ensure_ascii=False).encode()
                before = b",\n"
            self.tasks += len(part)
        yield b"[]\n" if not self.tasks else b"\n]\n"
        _note_written(self._project, self.tasks, self._by)


def write_task_file(*, study: Study, kind: str, path: Path, by: Person) -> dict[str, Any]:
    """Write the tasks to a new file, and the labelling configuration beside it (`.xml`).

    Raises NotAllowed, NothingToPush, FileRefused; no file is left then.
    """
    config = path.with_suffix(".xml")
    for each in (path, config):
        if each.exists():
            raise FileRefused(f"{each.name} exists already; name a new file.")
    tasks = TaskFile(study=study, kind=kind, by=by)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with beside.open("wb") as out:
            out.writelines(tasks)
        config.write_text(EXCHANGED[kind].config(), encoding="utf-8")
        beside.replace(path)
    except OSError as error:
        raise FileRefused(f"{path.name} could not be written: {error.strerror or 'disk error'}.") from None
    finally:
        beside.unlink(missing_ok=True)
    return {"tasks": tasks.tasks, "left_out": dict(tasks.left_out), "file": path.name, "config": config.name}


def take_file(*, study: Study, path: Path, by: Person) -> dict[str, Any]:
    """Take the annotations of a JSON export (full JSON, not JSON-MIN or CSV).

    Raises NotAllowed, FileRefused; nothing is stored then.
    """
    check_lead(by, study)
    return take_export(_tasks_in(path), study=study, by=by).as_json()


def _tasks_in(path: Path) -> list[Any]:
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise FileRefused(
                f"{path.name} is larger than {LARGEST_FILE >> 20} MB; export fewer tasks at once."
            )
        found = json.loads(path.read_bytes())
    except OSError as error:
        raise FileRefused(f"{path.name} could not be read: {error.strerror or 'disk error'}.") from None
    except (ValueError, RecursionError):
        raise FileRefused(f"{path.name} is no JSON.") from None
    if not isinstance(found, list):
        raise FileRefused(f"{path.name} holds no list of tasks; choose JSON where Label Studio exports.")
    return found


def _note_written(project: LabelStudioProject, tasks: int, by: Person) -> None:
    with transaction.atomic():
        data = {"kind": project.kind, "tasks": tasks}
        record(action="label_studio.file", obj=project, by=by, study=project.study, data=data)
