"""The layout for process reward models says of each step what the clinicians said."""

from pathlib import Path

from curation.layouts.prm import SEVERITY
from curation.releases.export import write_export
from curation.traces.review_schema import REASONS
from tests.curation.layouts.test_hub import load
from tests.factories import releases as making
from tests.factories.cast import Cast


def test_each_step_has_verdict_error_type_and_severity_of_the_reviews(cast: Cast, tmp_path: Path) -> None:
    folder = write_export(making.traces(cast), tmp_path / "out", layout="prm")
    plain, edited, rejected, _ = load(folder, "prm", "train", tmp_path / "cache")
    written = ["The field is red.", "Red means A."]
    assert plain["completions"] == edited["completions"] == rejected["completions"] == written
    assert (plain["labels"], plain["verdicts"]) == ([True, True], ["accepted", "accepted"])
    assert (plain["error_types"], plain["severities"], plain["corrected"]) == (["", ""],) * 3
    assert (edited["labels"], edited["verdicts"]) == ([False, True], ["edited", "accepted"])
    assert edited["error_types"] == ["edited", ""]
    assert edited["corrected"] == ["The field is crimson.", ""]
    assert (rejected["labels"], rejected["verdicts"]) == ([True, False], ["accepted", "rejected"])
    # Two of the three said so; the third found it unclear.
    assert rejected["error_types"] == ["", "wrong_fact"]
    assert rejected["severities"] == ["", "major"]
    assert len(rejected["images"]) == 2


def test_every_reason_of_a_review_has_a_severity() -> None:
    assert set(SEVERITY) == set(REASONS)
    assert set(SEVERITY.values()) == {"major", "moderate", "minor"}
