"""The report as files: they open without the application, and hold what the pages show."""

import csv
import io
import json
import re
import zipfile
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from consilium.audit.models import AuditEvent
from curation.models import Release
from tests.benchmark.report.test_figures import CASES, FIRST, LABELS, RIGHT
from tests.factories import benchmark as making
from tests.factories.cast import Cast

ODD = "=HYPERLINK(1)/of 60 characters, as some models are really called"


@pytest.fixture
def votes(cast: Cast) -> Release:
    found = making.preferences(cast, LABELS, changes=CASES)
    making.judged(cast, found, making.endpoint("right"), RIGHT)
    making.judged(cast, found, making.endpoint(ODD), FIRST)
    making.judged(cast, found, making.endpoint("<script>bad</script>"), FIRST)
    return found


def report(*words: Any) -> dict[str, Any]:
    out = io.StringIO()
    call_command("report", *words, "--json", stdout=out)
    return dict(json.loads(out.getvalue()))


def lines(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))


def test_the_command_writes_everything_once(cast: Cast, votes: Release, tmp_path: Path) -> None:
    folder = tmp_path / "report"
    told = report(votes.digest[:12], folder, "--by", cast.lena.username, "--replicates", "100")
    assert told["judges"] == 4
    assert sorted(str(path.relative_to(folder)) for path in folder.rglob("*.*")) == told["files"]
    for chart in folder.glob("charts/*.svg"):
        assert ElementTree.fromstring(chart.read_text()).tag.endswith("svg")
    # Dimensions, facets, readers and answer models.
    assert len(list(folder.glob("charts/*.svg"))) == 6 + 6 + 2
    page = (folder / "report.html").read_text()
    assert "<script" not in page
    assert not re.search(r'(?:src|href)="(?!#)', page)  # it asks for nothing
    assert page.count('<section id="section-') == 6 + 6 + 6
    ids = re.findall(r' id="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    judges = lines((folder / "judges.csv").read_text())
    assert {row["judge"] for row in judges} == {"right", f"'{ODD}", "<script>bad</script>", "Jury"}
    right = next(row for row in judges if row["judge"] == "right" and row["dimension"] == "overall")
    assert (right["accuracy"], right["facet"], right["reference"]) == ("1.0", "", "1.0")
    assert len(judges) == 4 * 6 * (1 + 14)
    pairs = lines((folder / "pairs.csv").read_text())
    assert len(pairs) == 6 * 3
    assert {row["difference"] for row in pairs if row["first"] == "right"} == {"0.5"}
    assert json.loads((folder / "report.json").read_text())["digest"] == votes.digest
    with pytest.raises(CommandError, match="exists already"):
        report(votes.digest, folder, "--by", cast.lena.username)


def test_a_lead_takes_the_files_from_the_page_and_that_is_on_record(cast: Cast, votes: Release) -> None:
    client = Client()
    client.force_login(cast.lena)
    answer: Any = client.get(reverse("benchmark:report-files", args=[votes.study.slug, votes.pk]))
    held = zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content)))
    assert held.testzip() is None
    assert {"report.html", "judges.csv", "pairs.csv", "report.json"} <= set(held.namelist())
    event = AuditEvent.objects.get(action="report.taken")
    assert event.data["release"] == votes.digest


def test_what_cannot_be_reported_is_refused(cast: Cast, tmp_path: Path) -> None:
    by = ("--by", cast.lena.username)
    questions, bare = making.questions(cast, 2), making.preferences(cast, "AB")
    for digest, words, told in (
        (questions.digest, (), "no preference release"),
        (bare.digest, (), "No judge has been scored"),
        (bare.digest, ("--replicates", "5"), "at least 100"),
    ):
        with pytest.raises(CommandError, match=told):
            report(digest, tmp_path / "none", *by, *words)
    assert list(tmp_path.iterdir()) == []
    client = Client()
    client.force_login(cast.lena)
    assert client.get(reverse("benchmark:report-files", args=[bare.study.slug, bare.pk])).status_code == 404
