"""The golden cases: our value at the stated tolerance, the published value at its own."""

import json
from pathlib import Path
from typing import Any

import pytest

from consilium.answers.dimensions import DIMENSIONS
from consilium.statistics.cases import compute

CASES: list[dict[str, Any]] = json.loads((Path(__file__).parent / "golden.json").read_text())["cases"]
REFUSED = {"undefined_or_1_by_convention", "must_refuse_or_regularise"}


def by_id(name: str) -> dict[str, Any]:
    return next(case for case in CASES if case["id"] == name)


def assert_close(got: Any, expected: Any, tolerance: float, place: str) -> None:
    """Numbers within `tolerance`, texts and whole structures equal; `got` may hold more keys."""
    if isinstance(expected, dict):
        assert isinstance(got, dict), place
        for key, value in expected.items():
            assert_close(got[key], value, tolerance, f"{place}.{key}")
    elif isinstance(expected, list):
        assert len(got) == len(expected), place
        for index, (one, other) in enumerate(zip(got, expected, strict=True)):
            assert_close(one, other, tolerance, f"{place}[{index}]")
    elif isinstance(expected, float):
        assert got == pytest.approx(expected, abs=tolerance, rel=0), place
    else:
        assert got == expected, place


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_golden(case: dict[str, Any]) -> None:
    got = compute(case["statistic"], case["input"])
    expected = case["expected"]
    if isinstance(expected, str) and expected in REFUSED:
        assert set(got) == {"undefined"}
        return
    if case["statistic"] == "judge_output_parsing":
        expected = {name: spelled_out(value) for name, value in expected.items()}
    assert_close(got, expected, case.get("tol", 0.0), case["id"])


def spelled_out(verdicts: dict[str, str | None] | None) -> dict[str, str | None]:
    """`null` means that all six are invalid; `__others__` stands for the dimensions not named."""
    named = verdicts or {"__others__": None}
    return {dimension: named.get(dimension, named.get("__others__")) for dimension in DIMENSIONS}


PUBLISHED = [case for case in CASES if "published" in case]


@pytest.mark.parametrize("case", PUBLISHED, ids=[case["id"] for case in PUBLISHED])
def test_published(case: dict[str, Any]) -> None:
    got = compute(case["statistic"], case["input"])
    published = case["published"]
    if isinstance(published, dict) and "sorted_ability_share" in published:
        got["sorted_ability_share"] = sorted(got["ability_share"].values())
    assert_close(got, published, case.get("published_tol", case["tol"]), case["id"])


def test_bootstrap_of_pairs_matches_the_analytic_interval() -> None:
    case = by_id("paired_diff_analytic")
    got = compute(case["statistic"], case["input"])
    assert_close(got["bootstrap_ci95"], case["expected"]["wald_ci95"], case["tol"], "bootstrap")
