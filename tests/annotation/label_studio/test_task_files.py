"""By file: the tasks that a person imports there, and the export that comes back, through the same mapper."""

import io
import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from django.core.management import CommandError, call_command

from annotation.label_studio.models import LabelStudioTask, LabelStudioUser
from annotation.label_studio.push import NothingToPush
from annotation.label_studio.task_files import FileRefused, take_file, write_task_file
from annotation.models import Vote
from consilium.people.permissions import NotAllowed
from curation.models import Source
from tests.annotation.label_studio.conftest import READERS
from tests.annotation.label_studio.stub import RECORDED, TOKEN, LabelStudioStub
from tests.annotation.label_studio.test_mapper import result
from tests.factories import annotation as making
from tests.factories.cast import Cast


def command(*words: str, stdin: str = "", monkeypatch: pytest.MonkeyPatch | None = None) -> dict[str, Any]:
    out = io.StringIO()
    if monkeypatch is not None:
        monkeypatch.setattr("sys.stdin", io.StringIO(stdin))
    call_command("label_studio", *words, "--json", stdout=out)
    return dict(json.loads(out.getvalue()))


def annotated(path: Path, votes: int = 3) -> list[dict[str, Any]]:
    """What Label Studio exports when people annotated every task of a file."""
    (frame,) = RECORDED["export"]
    made = frame["annotations"][0]
    tasks = []
    for number, task in enumerate(json.loads(path.read_text()), start=1):
        annotations = [
            made | {"id": 10 * number + user, "completed_by": user, "result": result()}
            for user in READERS[:votes]
        ]
        tasks.append(frame | {"id": number, "data": task["data"], "annotations": annotations})
    return tasks


@pytest.fixture
def permitted(cast: Cast) -> Cast:
    """Five open cases whose source permits being sent."""
    making.opened(cast, 5)
    Source.objects.update(may_send_to_hosted=True)
    return cast


def test_out_and_back_by_file(permitted: Cast, tmp_path: Path) -> None:
    out, back = tmp_path / "tasks.json", tmp_path / "export.json"
    told = command("push", "chest", "--file", str(out))
    assert told == {"tasks": 5, "left_out": {}, "file": "tasks.json", "config": "tasks.xml"}
    assert ElementTree.fromstring((tmp_path / "tasks.xml").read_text()).tag == "View"
    assert not any(model in out.read_text() for model in making.MODELS)
    back.write_text(json.dumps(annotated(out)))
    for number, name in zip(READERS, ("anna", "ben", "carla"), strict=True):
        command("name", "chest", "--user", str(number), "--person", name, "--by-file")
    assert command("pull", "chest", "--file", str(back))["taken"] == 15
    again = command("pull", "chest", "--file", str(back))
    assert (again["taken"], again["unchanged"]) == (0, 15)
    assert Vote.objects.count() == 15
    people = command("people", "chest")["people"]
    assert [entry["person"] for entry in people] == ["Anna", "Ben", "Carla"]


def test_a_second_file_has_the_same_keys_and_leaves_out_what_is_full(permitted: Cast, tmp_path: Path) -> None:
    keys = []
    for name, tasks in (("1.json", 5), ("2.json", 4)):
        told = write_task_file(study=permitted.study, kind="compare", path=tmp_path / name, by=permitted.lena)
        assert told["tasks"] == tasks
        keys.append({task["data"]["order_key"] for task in json.loads((tmp_path / name).read_text())})
        for person in permitted.annotators:  # all three get the same case first
            making.vote(permitted.study, person)
    assert keys[1] < keys[0]
    assert LabelStudioTask.objects.count() == 5


def test_no_file_of_what_may_not_leave(cast: Cast, tmp_path: Path) -> None:
    making.opened(cast, 2)
    with pytest.raises(NothingToPush, match="2: the source does not permit"):
        write_task_file(study=cast.study, kind="compare", path=tmp_path / "t.json", by=cast.lena)
    assert list(tmp_path.iterdir()) == []


def test_files_that_are_none_of_ours(permitted: Cast, tmp_path: Path) -> None:
    path = tmp_path / "export.json"
    for text, told in (("{", "is no JSON"), ("{}", "no list of tasks"), ("[" * 100_000, "is no JSON")):
        path.write_text(text)
        with pytest.raises(FileRefused, match=told):
            take_file(study=permitted.study, path=path, by=permitted.lena)
    with pytest.raises(FileRefused, match="could not be read"):
        take_file(study=permitted.study, path=tmp_path / "missing.json", by=permitted.lena)
    path.write_text(json.dumps([None, 7, {"id": 3}, *RECORDED["export"]]))
    with pytest.raises(CommandError) as ended:
        command("pull", "chest", "--file", str(path))
    assert ended.value.returncode == 1
    with pytest.raises(CommandError) as refused:
        command("push", "chest", "--file", str(path))
    assert (refused.value.returncode, "exists already" in str(refused.value)) == (2, True)
    with pytest.raises(NotAllowed):
        take_file(study=permitted.study, path=path, by=permitted.anna)
    assert not Vote.objects.exists()


def test_the_example_of_another_tool_is_refused_by_task(permitted: Cast, tmp_path: Path) -> None:
    """A project that Consilium did not make: nothing says which answer stood where."""
    path = tmp_path / "export.json"
    theirs = [{"id": 1, "completed_by": 1, "was_cancelled": False, "result": []}]
    path.write_text(json.dumps([{"id": 1, "data": {"question": "Which?"}, "annotations": theirs}]))
    told = take_file(study=permitted.study, path=path, by=permitted.lena)
    assert told["refused"] == [{"item": "task 1", "reason": "It is none that this study sent."}]


def test_the_commands_of_the_server(
    cast: Cast, stub: LabelStudioStub, monkeypatch: pytest.MonkeyPatch
) -> None:
    making.opened(cast, 2)
    with pytest.raises(CommandError, match="no Label Studio server"):
        command("push", "chest")
    told = command("connect", "chest", "--url", stub.url, stdin=f"{TOKEN}\n", monkeypatch=monkeypatch)
    assert told == {"url": stub.url, "token": f"…{TOKEN[-4:]}"}
    assert command("push", "chest")["pushed"] == 2
    for task in stub.tasks:
        stub.annotate(task, 2, result())
    assert command("pull", "chest")["waiting"] == 2
    command("name", "chest", "--user", "2", "--person", "anna")
    assert command("pull", "chest")["taken"] == 2
    stub.annotate(stub.tasks[0], 9, [])
    command("name", "chest", "--user", "9", "--person", "ben")
    with pytest.raises(CommandError) as ended:
        command("pull", "chest")
    assert ended.value.returncode == 1
    assert LabelStudioUser.objects.count() == 2


def test_a_folder_that_is_not_there(permitted: Cast, tmp_path: Path) -> None:
    folder = tmp_path / "gone"
    with pytest.raises(FileRefused, match="could not be written"):
        write_task_file(study=permitted.study, kind="compare", path=folder / "t.json", by=permitted.lena)
    assert not folder.exists()
