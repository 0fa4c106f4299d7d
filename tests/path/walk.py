"""The whole path as people walk it: each function is one stage, through pages and calls alone."""

import io
import re
import zipfile
from functools import partial
from pathlib import Path
from typing import Any

from consilium.answers.dimensions import DIMENSIONS
from tests.path.drive import PASSWORD, Installation, Person
from tests.path.material import PEOPLE, SETTINGS, STUDY, Teaching, real_uploads, uploads

S = f"/s/{STUDY}"
TINY = ("base", "teacher", "second", "judge_hasty")

MAKE_PEOPLE = """
from consilium.people.accounts import create_person
from consilium.people.models import Study
from consilium.people.studies import add_member
study = Study.objects.get(slug={study!r})
for name, role in {people!r}.items():
    person = create_person(username=name, password={password!r}, display_name=name.title(), by=None)
    add_member(study=study, person=person, role=role, by=None)
"""


class Walk:
    """One study on one installation, with everybody logged in."""

    def __init__(self, site: Installation, teaching: Teaching) -> None:
        self.site, self.teaching = site, teaching
        site.command("study", "create", STUDY, "--name", "Path study")
        site.script(MAKE_PEOPLE.format(study=STUDY, people=PEOPLE, password=PASSWORD))
        self.people = {name: Person(site, name) for name in PEOPLE}
        self.lead = self.people["lena"]

    def prepare(self) -> None:
        """Everybody consents; the lead writes guidelines, shortens the checks and registers the models."""
        for person in self.people.values():
            consent = [("consent_version", "1"), ("credit", "pseudonym"), ("agreed", "on")]
            person.post(f"{S}/take-part/", consent)
        self.lead.post(f"{S}/guidelines/", [("text", "Judge what is written.")])
        page = self.lead.get(f"{S}/settings/").text
        values = dict(re.findall(r'name="(\w+)" value="([^"]*)"', page))
        values |= {"quiet_hours": "0", "trace_tokens_min": "10", "answer_tokens_max": "64", "reason": ""}
        values.pop("csrfmiddlewaretoken", None)
        self.lead.post(f"{S}/settings/", list(values.items()))
        for name in TINY:
            fields = [
                ("name", f"tiny {name}"),
                ("path", f"tiny/{name}"),
                ("family", "tiny"),
                ("releases", ""),
            ]
            self.lead.post(f"{S}/models/add/local/", fields)

    def bring_data(self) -> None:
        """Two sources, two imports, a pixel review, questions opened."""
        allowed = [(name, "on") for name in ("may_train", "may_redistribute", "is_synthetic")]
        self.lead.post(f"{S}/sources/new/", [("name", "teaching"), ("licence", "CC0-1.0"), *allowed])
        self.lead.post(f"{S}/sources/new/", [("name", "real"), ("licence", "MIT")])
        for name, files in (("teaching", uploads(self.teaching)), ("real", real_uploads())):
            source = self._option(f"{S}/imports/new/", name)
            page = self.lead.post(f"{S}/imports/new/", [("source", source)], files=files)
            self.lead.finish_jobs(page)
            report = self.lead.get(page.url.removeprefix(self.site.url)).text
            assert "line " not in report, "an item was refused"
        waiting = self.people["max"].get(f"{S}/pixel-review/").text
        image = re.findall(rf"{S}/pixel-review/(\d+)/", waiting)[0]
        sheet = self.people["max"].get(f"{S}/pixel-review/{image}/").text
        pixels = re.findall(r'name="pixel_sha256" value="([0-9a-f]{64})"', sheet)[0]
        self.people["max"].post(
            f"{S}/pixel-review/{image}/sign/",
            [("pixel_sha256", pixels), ("verdict", "clean"), ("note", ""), ("password", PASSWORD)],
        )
        self.lead.post(f"{S}/questions/open/")

    def write_traces(self) -> None:
        """The teacher writes traces; they go on the review queue."""
        teacher = self._option(f"{S}/traces/", "tiny teacher")
        page = self.lead.post(f"{S}/traces/start/", [("endpoint", teacher), ("paradigm", "")])
        self.lead.finish_jobs(page)
        self.lead.post(f"{S}/traces/open-round/", [("name", "Traces")])

    def review_traces(self) -> dict[str, int]:
        """Clinicians accept, edit and reject; returns how many of each."""
        done = {"accepted": 0, "edited": 0, "rejected": 0}
        for name in ("anna", "ben"):
            while found := self.people[name].claim(STUDY, "review"):
                token, screen = found
                content = _review(screen.text, sum(done.values()))
                self.people[name].submit(token, content)
                done[content["decision"]] += 1
        return done

    def freeze(self, kind: str, name: str) -> str:
        """Freeze a release; returns its address."""
        looked = self.lead.post(f"{S}/releases/new/", [("kind", kind)])
        self.lead.finish_jobs(looked)
        asked = self.lead.post(looked.url.removeprefix(self.site.url), [("name", name)])
        self.lead.finish_jobs(asked)
        page = self.lead.get(asked.url.removeprefix(self.site.url))
        address = page.url.removeprefix(self.site.url).removesuffix("#opens-sign")
        assert re.fullmatch(rf"{S}/releases/\d+/", address), address
        assert "Signed by Lena" in self.lead.post(f"{address}sign/", [("password", PASSWORD)]).text
        return address

    def export(self, release: str, folder: Path) -> Path:
        """Export a release and unpack what the lead downloads."""
        page = self.lead.post(f"{release}export/", [("layout", "hub")])
        self.lead.finish_jobs(page)
        link = re.findall(rf"{S}/exports/\d+/download/", self.lead.get(release).text)[0]
        zipfile.ZipFile(io.BytesIO(self.lead.get(link).content)).extractall(folder)
        return folder

    def collect_answers(self) -> None:
        """Two models answer; cases are paired."""
        page = self.lead.get(f"{S}/rounds/").text
        chosen = [("endpoints", _value(page, f"tiny {name}")) for name in ("teacher", "second")]
        self.lead.finish_jobs(self.lead.post(f"{S}/rounds/ask-models/", chosen))
        self.lead.post(f"{S}/rounds/open/", [("name", "Comparisons"), ("limit", "")])

    def vote(self) -> int:
        """Three clinicians vote on everything; two flag harm on the case they see first."""
        votes = 0
        for name in ("anna", "ben", "carla"):
            while found := self.people[name].claim(STUDY, "compare"):
                token, screen = found
                assert "tiny" not in screen.text, "a model's name leaked"
                harm = "both" if "Vertebral body" in screen.text and name != "carla" else "neither"
                choices = dict.fromkeys(DIMENSIONS, "first_clearly")
                self.people[name].submit(token, {"choices": choices, "harm": harm})
                votes += 1
        return votes

    def adjudicate(self) -> int:
        """The senior votes unseen, then decides."""
        decided = 0
        begun = self.people["rosa"].call(f"{S}/signing/adjudicated/", {"password": PASSWORD})
        assert begun.status_code == 200, begun.text
        while found := self.people["rosa"].claim(STUDY, "adjudicate"):
            token, screen = found
            choices = dict.fromkeys(DIMENSIONS, "second_slightly")
            blind = [(f"choices.{name}", choice) for name, choice in choices.items()]
            assert "Reader 1" not in screen.text
            shown = self.people["rosa"].post(f"/adjudicate/{token}/blind/", blind)
            assert "Reader 1" in shown.text or "reader 1" in shown.text
            self.people["rosa"].submit(token, {"choices": choices, "comment": "The image decides."})
            decided += 1
        return decided

    def train(self) -> None:
        """DSA per specialty, GBA, merge; or one expert."""
        stage = self.teaching.stage
        page = self.lead.get(f"{S}/runs/launch/?stage={stage}").text
        fields = [
            ("stage", stage),
            ("release", _value(page, "Traces 1")),
            ("base", _value(page, "tiny base")),
            ("specialty", self.teaching.specialties[-1]),
            ("seed", "3"),
            *(
                (f"{stage}-{name}", str(value))
                for stage, chosen in SETTINGS.items()
                for name, value in chosen.items()
            ),
        ]
        runs = self.lead.post(f"{S}/runs/launch/", fields).text
        for run in sorted(set(re.findall(rf"{S}/runs/\d+/", runs))):
            self.site.wait(partial(self._run_is_over, run), what=f"{run} is over")

    def _run_is_over(self, run: str) -> bool:
        text = self.lead.get(run).text
        assert "This did not work" not in text
        return "Trained on" in text

    def score(self) -> str:
        """Judges in both orders; base, expert, reinforced and merged model on held-out questions."""
        judges = self.lead.get(f"{S}/leaderboard/launch/judge/").text
        fields = [("endpoints", _value(judges, f"tiny {name}")) for name in self.teaching.judges]
        board = self.lead.post(
            f"{S}/leaderboard/launch/judge/",
            [("release", _value(judges, "Preferences 1")), ("standard", "on"), *fields],
        )
        self.lead.finish_jobs(board)
        if not self.teaching.solvers:
            return self.lead.get(f"{S}/leaderboard/").text
        solvers = self.lead.get(f"{S}/leaderboard/launch/solver/").text
        made = ["tiny base", *re.findall(rf">\s*({STUDY}/run-[^<]+?)\s*<", solvers)]
        names = [name for name in made if any(wanted in name for wanted in self.teaching.solvers)]
        fields = [("endpoints", _value(solvers, name)) for name in names]
        board = self.lead.post(
            f"{S}/leaderboard/launch/solver/", [("release", _value(solvers, "Held out 1")), *fields]
        )
        self.lead.finish_jobs(board)
        return self.lead.get(f"{S}/leaderboard/").text

    def _option(self, path: str, label: str) -> str:
        return _value(self.lead.get(path).text, label)


def _value(page: str, label: str) -> str:
    """The value of the option or checkbox that bears this label."""
    option = re.search(rf'<option value="(\d+)"[^>]*>\s*{re.escape(label)}', page)
    box = re.search(rf'<input[^>]*value="(\d+)"[^>]*>\s*(?:<span[^>]*>)?\s*{re.escape(label)}', page)
    found = option or box
    assert found, f"no choice named {label}"
    return found.group(1)


def _review(screen: str, number: int) -> dict[str, Any]:
    """Every fifth trace loses a step, every fourth has its last step edited, the others stand."""
    steps = sorted(set(re.findall(r"steps\.(step-\d+)\.status", screen)))
    assert steps, "the screen shows no step"
    decided: dict[str, Any] = {step: {"status": "accepted"} for step in steps}
    if number % 5 == 4:
        decided = {step: {"status": "rejected", "reason": "not_in_image"} for step in steps}
        return {"steps": decided, "decision": "rejected", "comment": ""}
    if number % 4 == 3:
        decided[steps[-1]] = {"status": "edited", "text": "Seen in the image, so this is the choice."}
        return {"steps": decided, "decision": "edited", "comment": ""}
    return {"steps": decided, "decision": "accepted", "comment": ""}
