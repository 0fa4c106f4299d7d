"""Label Studio as a subject: its open-source edition on a data folder of its own, served as ours is.

Telemetry and the check for newer versions are off. The project is the same task: pairwise cases with two
answers of about a hundred words, six choices, as many readers per case as ours. Its readers use the calls of
its own browser page: `next` locks and returns a task, `submit` stores an annotation.
"""

import json
import os
import random
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from clients import Times
from fill import png, text
from processes import ROOT, Database, Web, gunicorn
from server import DIMENSIONS
from wire import Wire

PEER = "PEER_LABEL_STUDIO"
PASSWORD = "measured-only-on-loopback"
BATCH = 1000
BOUNDARY = "picture-of-all-cases"
CHOICES = "".join(
    f'<Header value="{name}" size="5"/>'
    f'<Choices name="{name}" toName="question" choice="single-radio" showInLine="true" required="true">'
    '<Choice value="A"/><Choice value="B"/></Choices>'
    for name in DIMENSIONS
)
SCREEN = f"""<View>
<Image name="image" value="$image" maxWidth="512px"/><Text name="question" value="$question"/>
<View style="display: flex; gap: 1em">
<View style="flex: 1"><Header value="Answer 1"/><Text name="first" value="$first"/></View>
<View style="flex: 1"><Header value="Answer 2"/><Text name="second" value="$second"/></View>
</View>{CHOICES}</View>"""

PICTURES = """<View><Image name="image" value="$image"/>
<Choices name="kept" toName="image"><Choice value="yes"/></Choices></View>"""


def home() -> Path:
    """Its environment: where `make perf-peers` puts it, unless the environment says otherwise."""
    return Path(os.environ.get(PEER) or ROOT / ".peers" / "label-studio")


def is_installed() -> bool:
    """Whether it can be measured here."""
    return (home() / "bin" / "python").exists()


def result() -> list[dict[str, Any]]:
    """A complete annotation, as the browser sends it."""
    return [
        {"id": name, "type": "choices", "from_name": name, "to_name": "question", "value": {"choices": ["A"]}}
        for name in DIMENSIONS
    ]


@dataclass(frozen=True, slots=True)
class LabelStudio:
    """A running Label Studio with one project; the tokens are the owner's and the readers'."""

    web: Web
    tokens: list[str]
    project: int
    name: str = "label-studio"

    def cpu_seconds(self) -> float:
        """CPU time of the server, its children and its database so far."""
        return self.web.cpu_seconds()

    def sit(self, number: int) -> "Annotator":
        """The annotator of this number."""
        return Annotator(wire(self.web, self.tokens[number + 1]), self.project)


@dataclass(frozen=True, slots=True)
class Annotator:
    """One annotator's connection."""

    wire: Wire
    project: int

    def work_one(self, times: Times) -> bool:
        """Take the next task and annotate it."""
        taken = self.wire.ask("GET", f"/api/projects/{self.project}/next")
        times.next.append(taken.seconds)
        if taken.status != 200:
            return times.fail(f"next {taken.status} {taken.body[:200]!r}")
        address = f"/api/tasks/{json.loads(taken.body)['id']}/annotations/?project={self.project}"
        sent = self.wire.ask("POST", address, {"result": result(), "lead_time": 30, "draft_id": 0})
        times.submit.append(sent.seconds)
        times.turn.append(taken.seconds + sent.seconds)
        return sent.status == 201 or times.fail(f"submit {sent.status} {sent.body[:200]!r}")


def wire(web: Web, token: str) -> Wire:
    """A connection of whoever has this token."""
    made = Wire(web.port, headers={"Authorization": f"Token {token}"})
    made.ask("GET", "/api/version")
    return made


@contextmanager
def running(
    *, cases: int, readers: int, seats: int, database: Database | None = None
) -> Iterator[LabelStudio]:
    """Start it with a project of `cases` tasks for `readers` annotators, `seats` of them on each."""
    database = database or Database()
    python = home() / "bin" / "python"
    code = next(home().glob("lib/python3*/site-packages/label_studio"))
    with tempfile.TemporaryDirectory(prefix="peer-label-studio-") as folder:
        environment = os.environ | _settings(folder, database)

        def run(*command: str | Path) -> str:
            done = subprocess.run(
                [python, *command], cwd=code, env=environment, check=True,
                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
            )  # fmt: skip
            return done.stdout

        run("manage.py", "migrate", "-v0")
        people = Path(__file__).parent / "peers" / "label_studio_people.py"
        tokens = json.loads(run(people, str(readers), PASSWORD).splitlines()[-1])
        with gunicorn(
            python, "core.wsgi:application", cwd=code, environment=environment,
            health="/health", beside=database.pids, is_silent=True,
        ) as web:  # fmt: skip
            owner = wire(web, tokens[0])
            project = _project(owner, SCREEN, seats)
            _import(owner, project, cases, _upload(owner))
            yield LabelStudio(web, tokens, project)


def _settings(folder: str, database: Database) -> dict[str, str]:
    settings = dict.fromkeys(
        ("SENTRY_DSN", "FRONTEND_SENTRY_DSN", "POSTGRE_PASSWORD", "DATABASE_URL", "DJANGO_SETTINGS_MODULE"),
        "",
    )
    settings |= dict.fromkeys(("SENTRY_RATE", "COLLECT_ANALYTICS", "LATEST_VERSION_CHECK", "DEBUG"), "0")
    settings |= {
        "LABEL_STUDIO_BASE_DATA_DIR": folder,
        "LABEL_STUDIO_ENABLE_LEGACY_API_TOKEN": "1",
        "LOG_LEVEL": "ERROR",
        "SECRET_KEY": "measured only on loopback, never served",
        "DJANGO_SETTINGS_MODULE": "core.settings.label_studio",
        "DJANGO_DB": "default" if database.url else "sqlite",
        "OMP_NUM_THREADS": "1",
    }
    if database.url:
        settings |= {
            "POSTGRE_HOST": database.folder,
            "POSTGRE_USER": "consilium",
            "POSTGRE_NAME": urlsplit(database.url).path.strip("/"),
        }
    return settings


def _project(owner: Wire, screen: str, seats: int) -> int:
    wanted = {
        "title": "Measured study",
        "label_config": screen,
        "maximum_annotations": seats,
        "sampling": "Sequential sampling",
    }
    made = owner.ask("POST", "/api/projects/", wanted)
    if made.status != 201:
        raise SystemExit(f"No project: {made.status} {made.body[:300]!r}")
    number: int = json.loads(made.body)["id"]
    return number


def _upload(owner: Wire) -> str:
    """The address of the picture that all cases show; only a project of nothing but pictures takes one."""
    project = _project(owner, PICTURES, 1)
    place = 'Content-Disposition: form-data; name="file"; filename="picture.png"\r\n'
    kind = "Content-Type: image/png\r\n\r\n"
    body = f"--{BOUNDARY}\r\n{place}{kind}".encode() + png() + f"\r\n--{BOUNDARY}--\r\n".encode()
    form = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
    done = owner.ask("POST", f"/api/projects/{project}/import?commit_to_project=false", body, form)
    if done.status != 201:
        raise SystemExit(f"No picture: {done.status} {done.body[:300]!r}")
    (number,) = json.loads(done.body)["file_upload_ids"]
    stored: str = json.loads(owner.ask("GET", f"/api/import/file-upload/{number}").body)["file"]
    return stored if stored.startswith("/") else f"/data/{stored}"


def _import(owner: Wire, project: int, cases: int, image: str) -> None:
    draw = random.Random(1)
    for start in range(0, cases, BATCH):
        tasks = [
            {
                "image": image,
                "question": f"What does image {number} of this chest series show?",
                "first": text(draw),
                "second": text(draw),
            }
            for number in range(start, min(start + BATCH, cases))
        ]
        done = owner.ask("POST", f"/api/projects/{project}/import", tasks)
        if done.status != 201:
            raise SystemExit(f"No tasks: {done.status} {done.body[:300]!r}")
