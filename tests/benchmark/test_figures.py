"""Leaderboard figures against a small example computed by hand, and the order of the lines."""

from benchmark import leaderboard, presentation
from benchmark.models import Evaluation, SolverResult
from consilium.answers.dimensions import DIMENSIONS
from consilium.jobs.states import JobState
from consilium.statistics.undefined import Undefined
from tests.factories import benchmark as making
from tests.factories.cast import Cast

# Labels A, A, B, A. Printed letters name the answer by its place, so in "ba" an A means answer B.
PRINTED = [("A", "B"), ("A", "A"), ("tie", None), ("B", "A")]


def test_a_judges_figures_are_those_computed_by_hand(cast: Cast) -> None:
    release = making.preferences(cast)
    making.judged(cast, release, making.endpoint("careful"), PRINTED)
    (line,) = leaderboard.judge_lines(release)
    assert line.is_complete
    assert [row.dimension for row in line.rows] == list(DIMENSIONS)
    overall = line.overall
    assert overall.cases == 4
    assert overall.accuracy.value == (1 + 0.5 + 0 + 0) / 4
    assert overall.strict.value == 1 / 4
    assert overall.invalid_rate == 1 / 8
    assert overall.tie_rate == 1 / 8
    assert overall.reference == 2 / 4  # order ab alone: right, right, wrong, wrong
    assert overall.valid_only == 3 / 6
    shown = presentation.judge_table([line])[0]
    assert (shown["overall"]["value"], shown["strict"], shown["invalid"], shown["tie"]) == (
        "37.5",
        "25.0",
        "12.5",
        "12.5",
    )
    assert shown["first"] == "66.7"  # printed A in four of six valid replies
    assert shown["coverage"] == "100.0"


def test_verdicts_are_stored_as_printed(cast: Cast) -> None:
    release = making.preferences(cast)
    made = making.judged(cast, release, making.endpoint("careful"), PRINTED)
    stored = {(one.row_id, one.order): one.parsed["overall"] for one in made.verdicts.all()}
    assert stored[("case-1", "ab")] == "A"
    assert stored[("case-1", "ba")] == "A"
    assert (stored[("case-2", "ab")], stored[("case-2", "ba")]) == ("tie", None)


def test_an_incomplete_judge_is_shown_with_its_coverage_and_not_ranked(cast: Cast) -> None:
    release = making.preferences(cast)
    perfect = [("A", "B"), ("A", "B"), ("B", "A"), ("A", "B")]
    making.judged(cast, release, making.endpoint("half"), perfect[:2])
    making.judged(cast, release, making.endpoint("poor"), PRINTED)
    lines = leaderboard.judge_lines(release)
    names = [line.evaluation.endpoint.name for line in lines]
    assert names == ["poor", "half"]  # a perfect half comes after a poor whole
    table = presentation.judge_table(lines)
    assert [row["rank"] for row in table] == [1, presentation.NONE]
    assert (table[1]["coverage"], table[1]["overall"]["value"], table[1]["rank_interval"]) == (
        "50.0",
        "100.0",
        "",
    )
    chart = str(presentation.judge_chart(lines))
    assert "poor" in chart
    assert "half" not in chart


def test_an_earlier_prompt_or_parser_is_shown_and_not_ranked(cast: Cast) -> None:
    votes, held_out = making.preferences(cast), making.questions(cast, 8)
    perfect = [("A", "B"), ("A", "B"), ("B", "A"), ("A", "B")]
    earlier = making.judged(cast, votes, making.endpoint("earlier"), perfect)
    Evaluation.objects.filter(pk=earlier.pk).update(prompt_sha256="0" * 64)
    making.judged(cast, votes, making.endpoint("today"), PRINTED)
    lines = leaderboard.judge_lines(votes)
    assert [line.evaluation.endpoint.name for line in lines] == ["today", "earlier"]
    table = presentation.judge_table(lines)
    assert [row["rank"] for row in table] == [1, presentation.NONE]
    assert "earlier" not in str(presentation.judge_chart(lines))

    # A new way counts once somebody was scored in it as a whole.
    Evaluation.objects.update(prompt_sha256="0" * 64)
    making.launched(cast, votes, making.endpoint("has just begun"))
    assert [line.is_ranked for line in leaderboard.judge_lines(votes)] == [True, True, False]

    base = making.endpoint("base")
    read_otherwise = making.solved(cast, held_out, base, dict.fromkeys(range(8), True))
    Evaluation.objects.filter(pk=read_otherwise.pk).update(parser_version="0")
    making.solved(cast, held_out, making.trained("after", base), {n: n < 4 for n in range(8)})
    solvers = leaderboard.solver_lines(held_out)
    assert [(line.evaluation.endpoint.name, line.is_ranked) for line in solvers] == [
        ("after", True),
        ("base", False),
    ]
    assert solvers[0].gain is None


def test_scoring_again_does_not_hide_the_last_whole_evaluation(cast: Cast) -> None:
    release = making.preferences(cast)
    judge = making.endpoint("careful")
    whole = making.judged(cast, release, judge, PRINTED)
    making.launched(cast, release, judge)
    (line,) = leaderboard.judge_lines(release)
    assert line.evaluation == whole
    cancelled = making.launched(cast, release, making.endpoint("stopped"))
    making.over(cancelled[0], JobState.CANCELLED)
    assert len(leaderboard.judge_lines(release)) == 1


def test_a_solver_without_a_letter_is_wrong_and_counted_as_invalid(cast: Cast) -> None:
    release = making.questions(cast, 8)
    right = dict.fromkeys(range(5), True) | {5: False, 6: None, 7: None}
    making.solved(cast, release, making.endpoint("base"), right)
    (line,) = leaderboard.solver_lines(release)
    assert (line.right, line.asked, line.invalid, line.accuracy.value) == (5, 8, 2, 5 / 8)
    assert SolverResult.objects.filter(letter="", is_correct=False).count() == 2
    # Specialties take turns: adult 0 and 4, pediatrics 1 and 5, brain 2 and 6, oncology 3 and 7.
    assert line.by_specialty == {
        "adult_medicine": (2, 2),
        "brain_senses": (1, 2),
        "oncology_surgery": (1, 2),
        "pediatrics": (1, 2),
    }
    assert leaderboard.chance(release) == 1 / 4


def test_questions_of_one_patient_alone_give_no_interval(cast: Cast) -> None:
    release = making.questions(cast, 4, cluster="one-patient")
    making.solved(cast, release, making.endpoint("base"), dict.fromkeys(range(4), True))
    (line,) = leaderboard.solver_lines(release)
    assert line.accuracy.value == 1.0
    assert isinstance(line.accuracy.interval, Undefined)


def test_the_difference_to_the_base_model_is_paired_over_shared_questions(cast: Cast) -> None:
    release = making.questions(cast, 8)
    base = making.endpoint("base")
    making.solved(cast, release, base, {position: position < 2 for position in range(8)})
    after = making.trained("after", base)
    making.solved(cast, release, after, {position: position < 7 for position in range(8)})
    lost = making.trained("orphan", making.endpoint("never scored"))
    making.solved(cast, release, lost, dict.fromkeys(range(8), True))
    lines = {line.evaluation.endpoint.name: line for line in leaderboard.solver_lines(release)}
    assert lines["base"].gain is None
    assert lines["orphan"].gain is None
    gain = lines["after"].gain
    assert gain is not None
    assert gain.value == 5 / 8
    assert not isinstance(gain.interval, Undefined)
    assert 0 < gain.interval.low < 5 / 8 < gain.interval.high <= 1
    shown = {
        row["line"].evaluation.endpoint.name: row
        for row in presentation.solver_table(list(lines.values()), [])
    }
    assert shown["after"]["gain"]["value"] == "+62.5"
    assert (shown["orphan"]["gain"], shown["orphan"]["base"]) == (None, "never scored")
    assert presentation.points(-0.104) == "\N{MINUS SIGN}10.4"
