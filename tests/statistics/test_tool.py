"""`python -m consilium.statistics` as people script against it."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from consilium.statistics.__main__ import main
from consilium.statistics.cases import STATISTICS, BadCaseError, compute

GOLDEN = Path(__file__).parent / "golden.json"


def run(path: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    status = main([str(path)])
    out, err = capsys.readouterr()
    return status, out, err


def write(tmp_path: Path, content: Any) -> Path:
    path = tmp_path / "cases.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def test_golden_file_through_the_command_line_without_django() -> None:
    code = "import runpy, sys; runpy.run_module('consilium.statistics', run_name='__main__')"
    check = "import sys, atexit; atexit.register(lambda: sys.stderr.write(str('django' in sys.modules)))\n"
    done = subprocess.run(
        [sys.executable, "-c", check + code, str(GOLDEN)],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    results = json.loads(done.stdout)
    assert results["kripp_all_same"]["undefined"]
    assert len(results) == len(json.loads(GOLDEN.read_text())["cases"])
    assert done.stderr == "False"


def test_every_golden_statistic_is_known() -> None:
    assert {case["statistic"] for case in json.loads(GOLDEN.read_text())["cases"]} <= set(STATISTICS)


def test_the_list_names_input_and_source_of_every_statistic(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[::3] == sorted(STATISTICS)
    assert all(line.startswith("  input: {") for line in lines[1::3])
    assert all(line.startswith("  source: ") and len(line) > 20 for line in lines[2::3])


# Shapes of input with a value that is known by heart.
SHAPES = [
    ("krippendorff_alpha_ordinal", {"ratings": [["lo", "hi"], ["lo", "hi"]], "order": ["lo", "hi"]}, 1.0),
    ("gwet_ac1", {"ratings": [["a", "b", None], ["a", "b", "a"]]}, 1.0),
    ("fleiss_kappa", {"ratings": [["a", "b"], ["a", "b"], ["a", "b"]]}, 1.0),
    ("cohen_kappa_quadratic", {"table": [[5, 0, 0], [0, 5, 0], [0, 0, 5]]}, 1.0),
    ("kendall_tau_b", {"x": [1, 2, 3], "y": [3, 2, 1]}, -1.0),
    ("sign_flip_test", {"first": [1, 1], "second": [0, 0], "clusters": ["p", "q"]}, 0.5),
    ("paired_difference_over_seeds",
     {"first": [[1, 1, 0], [1, 1, 1]], "second": [[0, 1, 0]], "clusters": ["p", "q", "q"]},
     {"difference": 0.5, "by_seed": [1 / 3, 2 / 3], "questions": 3, "clusters": 2}),
    ("multiple_testing", {"p": [0.01, None, 0.04]}, {"left_out": 1, "by_adjusted": [0.03, None, 0.06]}),
    ("mcnemar", {"first": [1, 0], "second": [1, 0]}, {"p_exact": 1.0}),
    ("bootstrap_se_of_correlation", {"pairs": [[1, 1], [2, 2], [3, 3], [4, 4]]}, {"r": 1.0}),
    ("bradley_terry_mle", {"rows": [["x", "y", "x"], ["x", "y", "y"]]},
     {"ability_share": {"x": 0.5, "y": 0.5}}),
    ("icc", {"ratings_targets_by_judges": [[1, 1], [2, 2]]}, {"ICC(3,k)": 1.0}),
    ("dawid_skene_em", {"item_rater_label_0based": [[0, 0, 0], [0, 1, 0], [2, 0, 1], [2, 1, 1]],
                        "n_items": 3, "n_raters": 2, "n_classes": 2}, {"labels_0based": [0, None, 1]}),
    ("repeat_stability", {"calls": [["A", "A"], ["A", None]]}, 0.5),
    ("cluster_bootstrap", {"scores": {"x": [1, 1, None], "y": [0, 0, 0]}, "clusters": ["p", "q", "r"]},
     {"x": {"mean": 1.0, "interval": [1.0, 1.0]}, "y": {"mean": 0.0, "interval": [0.0, 0.0]},
      "differences": {"x - y": {"mean": 1.0, "interval": [1.0, 1.0]}}}),
]  # fmt: skip


@pytest.mark.parametrize(("statistic", "given", "expected"), SHAPES, ids=[case[0] for case in SHAPES])
def test_every_shape_of_input(statistic: str, given: dict[str, Any], expected: Any) -> None:
    got = compute(statistic, given)
    if isinstance(expected, dict):
        assert got == {**got, **{key: pytest.approx(value) if isinstance(value, float) else value
                                 for key, value in expected.items()}}  # fmt: skip
    else:
        assert got == pytest.approx(expected)


@pytest.mark.parametrize(
    ("statistic", "given"),
    [
        ("cluster_bootstrap", {"scores": {"x": [None, None]}, "clusters": ["p", "q"]}),
        ("icc", {"ratings_targets_by_judges": [[1, 1], [1, 1]]}),
        ("kendall_tau_b", {"x": [1], "y": [1]}),
        ("cohen_kappa_linear", {"table": [[4, 0], [0, 0]]}),
        ("scott_pi", {"table": [[4, 0], [0, 0]]}),
        ("brennan_prediger", {"table": [[4]]}),
        ("gwet_ac2", {"counts": [[1, 0], [0, 1]]}),
        (
            "dawid_skene_em",
            {"item_rater_label_0based": [[0, 0, 0]], "n_items": 1, "n_raters": 1, "n_classes": 2},
        ),
        ("human_ceiling", {"votes_items_by_raters": [], "judge": []}),
        ("position_swap", {"rows_order1_letter__order2_letter__human": [["A", "B", None]]}),
    ],
)
def test_what_does_not_exist_says_why(statistic: str, given: dict[str, Any]) -> None:
    assert "undefined" in json.dumps(compute(statistic, given))


def test_a_board_of_judges_with_a_jury() -> None:
    """Two judges on four cases: one always right, one that always prints A; the jury cannot agree in half."""
    right = [("A", "B"), ("B", "A"), ("A", "B"), ("B", "A")]
    judges = {
        name: [
            {"case": f"c{number}", "label": {"overall": "AB"[number % 2]}, "longer": "A",
             "forward": {"overall": forward}, "backward": {"overall": backward}}
            for number, (forward, backward) in enumerate(letters)
        ]
        for name, letters in (("good", right), ("first", [("A", "A")] * 4))
    }  # fmt: skip
    given = {"judges": judges, "dimensions": ["overall"], "jury": ["good", "first"], "replicates": 200}
    found = compute("judge_board", given)
    accuracy = {name: row["accuracy"] for name, (row,) in found["rows"].items()}
    assert {name: estimate["value"] for name, estimate in accuracy.items()} == {
        "good": 1.0,
        "first": 0.5,
        "jury": 0.5,
    }
    assert accuracy["good"]["interval"] == [1.0, 1.0]
    assert found["biases"]["first"][0]["position"] == {"value": 1.0, "interval": [1.0, 1.0]}
    assert found["ranks"] == {"good": [1.0, 1.0], "first": [2.0, 2.0]}
    pair = found["comparisons"]["overall"]["good - first"]
    assert (pair["difference"], pair["interval"], pair["p"], pair["strict_p"]) == (
        0.5,
        [0.5, 0.5],
        0.125,
        0.125,
    )
    with pytest.raises(BadCaseError, match="lacks 'backward'"):
        compute("judge_board", {"judges": {"x": [{"case": "c", "label": {}, "forward": {}}]}})


def test_a_bare_list_of_cases_is_accepted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cases = [{"id": "x", "statistic": "unanimity", "input": {"counts": [[2, 0], [1, 1]]}}]
    assert run(write(tmp_path, cases), capsys)[:2] == (0, '{\n "x": 0.5\n}\n')


@pytest.mark.parametrize(
    ("case", "message"),
    [
        ({"statistic": "magic", "input": {}}, "unknown statistic 'magic'"),
        ({"statistic": "fleiss_kappa", "input": {}}, "lacks 'table'"),
        ({"statistic": "fleiss_kappa", "input": []}, "must be an object"),
        ({"statistic": "fleiss_kappa", "input": {"counts": "x"}}, "rectangle"),
        ({"statistic": "mcnemar", "input": {"table": [[1]]}}, "2 x 2"),
        ({"statistic": "binomial_ci", "input": {"successes": 3, "n": 2}}, "between 0"),
        ({"statistic": "krippendorff_alpha_ordinal", "input": {"ratings": [["x"], ["y"]]}}, "their order"),
        ({"statistic": "cohen_kappa", "input": {"table": [[1]], "weights": "cubic"}}, "Weights are"),
        ({"statistic": "position_swap", "input": {"rows_order1_letter__order2_letter__human":
          [["A", "B", "tie"]]}}, "A label is A, B or null"),
        ({"statistic": "bradley_terry_mle", "input": {"wins": []}}, "does not fit"),
        ({"statistic": "judge_output_parsing", "input": {"x": 1}}, "does not fit"),
        ({"statistic": "dawid_skene_em", "input": {"item_rater_label_0based": [[0, 0]], "n_items": 1,
          "n_raters": 1, "n_classes": 1}}, "does not fit"),
    ],
)  # fmt: skip
def test_a_bad_case_is_named_and_the_others_are_computed(
    case: dict[str, Any], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good = {"id": "good", "statistic": "pabak", "input": {"table": [[1, 0], [0, 1]]}}
    status, out, _ = run(write(tmp_path, {"cases": [{"id": "bad", **case}, good]}), capsys)
    assert status == 1
    results = json.loads(out)
    assert message in results["bad"]["error"]
    assert results["good"] == 1.0


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "line 1 is not JSON"),
        ("{}", "no list of cases"),
        ("[1]", "Case 1 must be an object"),
        ('[{"id": "x"}]', "Case 1 must be an object"),
        ('[{"id": "x", "statistic": "s"}, {"id": "x", "statistic": "s"}]', "Case 2 repeats the id 'x'"),
        ('[{"id": "x", "statistic": "s", "input": NaN}]', "NaN"),
        ("[" * 100_000, "nesting"),
        (f"[{'9' * 5000}]", "number"),
    ],
)
def test_a_bad_file_is_refused(
    content: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, err = run(write(tmp_path, content), capsys)
    assert (status, out) == (2, "")
    assert message in err


def test_missing_and_binary_files_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path / "none.json", capsys)[0] == 2
    (tmp_path / "x.json").write_bytes(b"\xff\xfe")
    status, _, err = run(tmp_path / "x.json", capsys)
    assert (status, err) == (2, "x.json is not UTF-8 text.\n")


def test_holm_and_bh_have_the_names_of_the_golden_file() -> None:
    result = compute("multiple_testing", {"p": [0.01, 0.04]})
    assert (result["bh_rejected"], result["holm_rejected"], result["bonferroni_rejected"]) == (2, 2, 1)
