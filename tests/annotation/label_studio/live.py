"""`make test-labelstudio`: the exchange with a real Label Studio, started privately on loopback.

100 cases are pushed by a process that is killed on the way and by one that goes on; three users annotate them
through the server's API, each by a preference that only this program knows; everything is pulled twice, then
once as an export file. Exactly 300 votes have to be there, each on the side its user chose.
"""

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import django

ROOT = Path(__file__).resolve().parents[3]
CASES, TRACES, READERS = 100, 6, 3
STRENGTHS = ("clearly", "slightly")


def main() -> None:
    """Run everything; an AssertionError names what is wrong."""
    sys.path.insert(0, str(ROOT / "perf"))
    from label_studio import running  # type: ignore[import-not-found]

    with tempfile.TemporaryDirectory(prefix="label-studio-live-") as home, ExitStack() as open_until_the_end:
        with step("Label Studio 1.23.2 starts"):
            peer = open_until_the_end.enter_context(running(cases=1, readers=READERS, seats=1))
        set_up(Path(home), peer.web.port)
        exchange(f"http://127.0.0.1:{peer.web.port}", peer.tokens)


@contextmanager
def step(what: str) -> Iterator[None]:
    """Print what is done and how long it took."""
    began = time.monotonic()
    yield
    print(f"{what}: {time.monotonic() - began:.1f} s", flush=True)  # noqa: T201


def set_up(home: Path, port: int) -> None:
    """A study with open cases and traces, in a data folder of its own."""
    os.environ |= {
        "CONSILIUM_HOME": str(home),
        "CONSILIUM_LABEL_STUDIO_HOSTS": f"127.0.0.1:{port}",
        "CONSILIUM_JOB_LEASE": "6",
        "DJANGO_SETTINGS_MODULE": "consilium.settings",
        "CONSILIUM_LOG_LEVEL": "WARNING",
    }
    django.setup()
    from django.core.management import call_command

    from curation.traces.review import open_reviews
    from tests.factories import annotation as making
    from tests.factories import curation as data
    from tests.factories.cast import make_cast

    with step(f"{CASES} cases and {TRACES} traces are opened"):
        call_command("migrate", verbosity=0)
        cast = make_cast()
        making.set_up(cast.study, quiet_hours=24, reviews_per_trace=1)
        making.opened(cast, CASES)
        of = data.source(cast.study, "Traces")
        for number in range(TRACES):
            data.trace(data.question(cast.study, of, 500 + number), data.endpoint(), "checked")
        open_reviews(study=cast.study, name="Reviews", by=cast.lena)


def exchange(url: str, tokens: list[str]) -> None:
    """Push, annotate, pull, compare."""
    from label_studio_sdk import LabelStudio

    from annotation.label_studio.models import LabelStudioProject
    from annotation.models import Case, Vote
    from consilium.workqueue.models import Claim, Submission

    owner, *readers = [LabelStudio(base_url=url, api_key=token) for token in tokens]
    numbers = {user.email: user.id for user in owner.users.list()}
    command("connect", "--url", url, stdin=owner.tokens.create().token)  # a personal access token
    for place, name in enumerate(("anna", "ben", "carla")):
        command("name", "--user", str(numbers[f"reader{place}@peer.example"]), "--person", name)
    with step("push, killed once on the way"):
        killed_push(owner)
    project = LabelStudioProject.objects.get(kind="compare").number
    assert project is not None
    tasks = list(owner.tasks.list(project=project))
    keys = {task.data["order_key"] for task in tasks}
    check(len(tasks) == len(keys) == CASES, f"{len(tasks)} tasks there, {len(keys)} different")
    again = command("push", status=2)
    check("lies there already" in again["error"], "a further push sends nothing")
    sent = json.dumps([task.data for task in tasks])
    check("Zephyrion" not in sent and "Quillmed" not in sent, "no model is named there")
    with step(f"{READERS} users annotate {CASES} tasks each"):
        wanted = annotate(readers, tasks)
    first, second = command("pull"), command("pull")
    print(f"first pull: {counts(first)}\nsecond pull: {counts(second)}")  # noqa: T201
    check(counts(first) == {"taken": CASES * READERS}, "everything is taken at the first pull")
    check(counts(second) == {"unchanged": CASES * READERS}, "and nothing at the second")
    check(Vote.objects.count() == CASES * READERS, f"{Vote.objects.count()} votes")
    check(
        Submission.objects.count() == Claim.objects.count() == CASES * READERS,
        "one submission and claim each",
    )
    check(sides(wanted) == CASES * READERS * 6, "every choice is on the side that its user chose")
    firsts = [vote.shown_first for vote in Vote.objects.all()]
    print(f"A stood first in {firsts.count('a')} of {len(firsts)} votes")  # noqa: T201
    states = sorted(set(Case.objects.values_list("state", flat=True)))
    check(states == ["quiet"], f"every case has its votes ({', '.join(states)})")
    change_one(readers[0], tasks[0])
    check(counts(command("pull"))["changed"] == 1, "a changed annotation becomes one new version")
    check(Vote.objects.newest().count() == CASES * READERS, "and no further vote")
    by_file(owner, project)
    reviews(owner, readers[0])


def command(*words: str, status: int = 0, stdin: str = "") -> dict[str, Any]:
    """`manage.py label_studio`, as people script it."""
    verb, *more = words
    done = subprocess.run(
        [sys.executable, "manage.py", "label_studio", verb, "chest", *more, "--json"],
        cwd=ROOT, input=stdin, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == status, f"{words}: {done.returncode} {done.stdout} {done.stderr}"
    return {"error": done.stderr} if status == 2 else dict(json.loads(done.stdout))


def killed_push(owner: Any) -> None:
    """kill -9 once the server has some of the tasks; another process goes on when the lease ends."""
    from consilium.jobs.models import Job
    from consilium.jobs.run import run_until_over

    pushing = subprocess.Popen(
        [sys.executable, "manage.py", "label_studio", "push", "chest", "--json"],
        cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    until(lambda: there(owner) >= 20)
    pushing.send_signal(signal.SIGKILL)
    pushing.wait()
    before = there(owner)
    job = run_until_over(Job.objects.get(kind="annotation.push_tasks"))
    check(
        job.state == "succeeded", f"killed with {before} tasks there, then {job.state} in try {job.attempt}"
    )


def there(owner: Any) -> int:
    return sum(project.task_number or 0 for project in owner.projects.list(title="chest comparisons"))


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not true():
        assert time.monotonic() < deadline, "it takes too long"


def annotate(readers: list[Any], tasks: list[Any]) -> dict[tuple[int, str], dict[str, str]]:
    """By (reader, order key): the text that the reader preferred, per dimension."""
    from consilium.answers.dimensions import DIMENSIONS

    draw, wanted = random.Random(5), {}
    for place, reader in enumerate(readers):
        for task in draw.sample(tasks, len(tasks)):
            choices, preferred = [], {}
            for name in DIMENSIONS:
                word = draw.choice(("first", "second"))
                preferred[name] = task.data[word]
                choices.append(choice(name, f"{word}_{draw.choice(STRENGTHS)}"))
            reader.annotations.create(id=task.id, result=choices, lead_time=30.0)
            wanted[place, task.data["order_key"]] = preferred
    return wanted


def choice(name: str, value: str) -> dict[str, Any]:
    return {"from_name": name, "to_name": "question", "type": "choices", "value": {"choices": [value]}}


def sides(wanted: dict[tuple[int, str], dict[str, str]]) -> int:
    """How many of the choices say the answer that the user preferred."""
    from annotation.label_studio.models import TakenAnnotation

    right = 0
    names = ("anna", "ben", "carla")
    rows = TakenAnnotation.objects.select_related("task", "submission__person", "submission__vote__case")
    for row in rows:
        vote, case = row.submission.vote, row.submission.vote.case
        texts = {"A": case.response_a.text, "B": case.response_b.text}
        preferred = wanted[names.index(row.submission.person.username), row.task.order_key]
        right += sum(texts[vote.label(name) or ""] == text for name, text in preferred.items())
    return right


def change_one(reader: Any, task: Any) -> None:
    """The reader thinks again in the browser."""
    mine = next(each for each in reader.annotations.list(id=task.id) if each.completed_by == 2)
    changed = [dict(entry) for entry in mine.result]
    was = changed[5]["value"]["choices"][0]
    changed[5]["value"] = {"choices": ["second_clearly" if was.startswith("first") else "first_clearly"]}
    reader.annotations.update(id=mine.id, result=changed)


def by_file(owner: Any, project: int) -> None:
    """The server's own JSON export, through the same mapper."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "export.json"
        path.write_text(json.dumps(owner.projects.exports.as_json(project)))
        told = command("pull", "--file", str(path))
    check(counts(told) == {"unchanged": CASES * READERS}, f"the export file says the same: {counts(told)}")


def reviews(owner: Any, reader: Any) -> None:
    """Traces as a project of step reviews."""
    from annotation.label_studio.models import LabelStudioProject
    from curation.models import Trace, TraceReview

    check(command("push", "--kind", "review")["pushed"] == TRACES, f"{TRACES} traces are there")
    project = LabelStudioProject.objects.get(kind="review")
    for task in owner.tasks.list(project=project.number):
        last = len(task.data["steps"]) - 1
        decided = [choice(f"step_{number}", "accepted") for number in range(last)]
        decided += [choice(f"step_{last}", "rejected"), choice(f"step_{last}_reason", "wrong_fact")]
        reader.annotations.create(id=task.id, result=decided)
    told = counts(command("pull"))
    check(told == {"taken": TRACES, "unchanged": CASES * READERS}, f"and their reviews come back: {told}")
    check(TraceReview.objects.count() == TRACES, f"{TraceReview.objects.count()} reviews")
    found = set(Trace.objects.values_list("state", flat=True))
    check(found == {"edited"}, "every trace is decided as its steps say")


def counts(told: dict[str, Any]) -> dict[str, int]:
    names = ("taken", "changed", "unchanged", "skipped", "waiting", "refused_count")
    return {name: told[name] for name in names if told[name]}


def check(holds: bool, what: str) -> None:
    print(f"{'ok' if holds else 'WRONG'}: {what}", flush=True)  # noqa: T201
    assert holds, what


if __name__ == "__main__":
    main()
