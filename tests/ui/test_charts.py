"""Charts: numbers land where they belong, nothing inline, and the same numbers are there as a table."""

import re
from xml.etree import ElementTree

import pytest

from consilium.ui.charts import (
    PlottedEstimate,
    ReliabilityPoint,
    Scale,
    Series,
    heat_map,
    interval_chart,
    line_chart,
    reliability_chart,
    shown_number,
    ticks,
)

LOSS = Series("Loss", [(0, 2.0), (10, 1.0), (20, 0.5)])

MINUS = "\N{MINUS SIGN}"


def drawing(figure: str) -> ElementTree.Element:
    return ElementTree.fromstring(re.findall(r"<svg[^>]*role=\"img\".*?</svg>", figure, re.DOTALL)[0])


def test_a_line_falls_from_left_to_right_when_the_loss_falls() -> None:
    svg = drawing(line_chart([LOSS], title="Loss", x_label="Step", y_label="nats"))
    path = next(element for element in svg if "chart-line" in element.get("class", ""))
    points = [tuple(map(float, pair.split(","))) for pair in re.findall(r"[\d.]+,[\d.]+", path.get("d", ""))]
    assert [x for x, _ in points] == sorted(x for x, _ in points)
    assert [y for _, y in points] == sorted(y for _, y in points)


def test_axes_with_a_reach_do_not_move_when_points_come_in() -> None:
    def marks(count: int) -> list[str]:
        series = Series("Loss", [(step, 2.0 / step) for step in range(1, count)])
        chart = line_chart([series], title="Loss", x_label="Step", y_label="nats", reach=(80.0, 2.0))
        return [text.text or "" for text in drawing(chart).iter("text")]

    assert marks(3) == marks(60)
    assert {"0", "80", "2"} <= set(marks(3))


def test_an_axis_may_begin_below_zero() -> None:
    series = Series("Advantage", [(1, 0.1), (2, -0.2)])
    chart = line_chart(
        [series], title="Advantage", x_label="Step", y_label="mean", reach=(80.0, 2.0), floor=-2.0
    )
    assert {f"{MINUS}2", "2"} <= {text.text for text in drawing(chart).iter("text")}


def test_not_a_number_leaves_a_gap() -> None:
    series = Series("Reward", [(0, 1.0), (1, 2.0), (2, float("nan")), (3, 1.0), (4, 1.5)])
    svg = drawing(line_chart([series], title="Reward", x_label="Step", y_label="mean"))
    path = next(element for element in svg if "chart-line" in element.get("class", ""))
    assert path.get("d", "").count("M") == 2


def test_a_chart_says_in_words_what_it_shows() -> None:
    svg = drawing(line_chart([LOSS], title="Loss", x_label="Step", y_label="nats"))
    said = {child.tag: child.text for child in svg}
    assert said["title"] == "Loss"
    assert said["desc"] == "nats over Step. Loss: 2 to 0.5."
    assert set((svg.get("aria-labelledby") or "").split()) == {svg[0].get("id"), svg[1].get("id")}


def test_the_table_holds_every_point() -> None:
    figure = line_chart(
        [LOSS, Series("Held out", [(10, 1.25)])], title="Loss", x_label="Step", y_label="nats"
    )
    rows = re.findall(r"<tr>(.*?)</tr>", figure)
    cells = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in rows]
    assert cells == [["Step", "Loss", "Held out"], ["0", "2", ""], ["10", "1", "1.25"], ["20", "0.5", ""]]


@pytest.mark.parametrize("points", [[(5, 1.0)], [(0, 3.0), (1, 3.0)], [(0, 0.0)]])
def test_one_point_or_a_flat_line_can_be_drawn(points: list[tuple[float, float]]) -> None:
    svg = drawing(line_chart([Series("Flat", points)], title="Flat", x_label="Step", y_label="y"))
    assert all("nan" not in (element.get("d") or "") for element in svg)


def test_no_point_yet_says_so() -> None:
    assert "Nothing to draw yet" in line_chart(
        [Series("Loss", [])], title="Loss", x_label="Step", y_label="nats"
    )
    assert "Nothing to draw yet" in interval_chart([], title="Accuracy", x_label="share")


def test_an_interval_surrounds_its_dot() -> None:
    figure = interval_chart(
        [PlottedEstimate("judge", 0.7, 0.6, 0.8)], title="Accuracy", x_label="share", reference=0.5
    )
    svg = drawing(figure)
    by_class = {element.get("class", "").split()[0]: element for element in svg if element.get("class")}
    left, right = (
        float(by_class["chart-interval"].get("x1", 0)),
        float(by_class["chart-interval"].get("x2", 0)),
    )
    dot = float(by_class["chart-dot"].get("cx", 0))
    assert left < dot < right
    assert dot - left == pytest.approx(right - dot, abs=0.2)
    assert float(by_class["chart-reference"].get("x1", 0)) < left


def test_an_interval_beyond_the_scale_widens_it() -> None:
    svg = drawing(
        interval_chart([PlottedEstimate("d", 0.0, -0.4, 0.4)], title="Difference", x_label="points")
    )
    bar = next(element for element in svg if "chart-interval" in element.get("class", ""))
    axis = next(element for element in svg if element.get("class") == "chart-axis")
    assert float(bar.get("x1", 0)) >= float(axis.get("x1", 0))


def test_no_mark_of_an_axis_lies_outside_it() -> None:
    svg = drawing(
        interval_chart([PlottedEstimate("d", -0.5, -1.26, 0.12)], title="Log-odds", x_label="log-odds")
    )
    axis = next(element for element in svg if element.get("class") == "chart-axis")
    first, last = float(axis.get("x1", 0)), float(axis.get("x2", 0))
    marks = [float(one.get("x1", 0)) for one in svg if one.get("class") == "chart-grid"]
    assert first <= min(marks) < max(marks) <= last
    assert [one.text for one in svg if one.get("text-anchor") == "middle"][:1] == [f"{MINUS}1.5"]


def test_a_heat_map_tells_every_figure_in_its_cell_and_its_table() -> None:
    rows: list[tuple[str, list[float | None]]] = [
        ("layer 0", [0.0, 1.0]),
        ("layer 1", [0.25, None]),
        ("beyond", [-2.0, 7.0]),
    ]
    figure = heat_map(["q_proj", "k_proj"], rows, title="Conflicts")
    svg = drawing(figure)
    cells = [element for element in svg if element.get("class") == "chart-cell"]
    strengths = [float(cell.get("fill-opacity", 0)) for cell in cells]
    assert len(cells) == 5
    assert strengths[0] < strengths[2] < strengths[1]
    assert (strengths[3], strengths[4]) == (strengths[0], strengths[1])  # beyond the ends it goes no further
    assert [figure.count(f">{number}<") for number in ("0.25", f"{MINUS}2", "7")] == [2, 2, 2]
    assert "Nothing to draw yet" in heat_map([], [], title="Conflicts")
    assert "<script" not in heat_map(["<script>"], [("<script>", [1.0])], title="<script>")


def test_names_are_escaped_and_nothing_is_inline() -> None:
    figure = interval_chart([PlottedEstimate("<script>x</script>", 0.5)], title='"quoted"', x_label="a & b")
    assert "<script" not in figure
    assert "style=" not in figure
    drawing(figure)


def test_steps_are_marked_at_whole_numbers() -> None:
    four = Series("loss", [(step, 1.0 / step) for step in range(1, 5)])
    figure = str(line_chart([four], title="Loss", x_label="step", y_label="nats", table=False))
    assert ">2.5<" not in figure
    assert all(f">{step}<" in figure for step in range(1, 5))


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0, 1, [0, 0.2, 0.4, 0.6, 0.8, 1]),
        (0, 200, [0, 50, 100, 150, 200]),
        (0.93, 1.07, [0.9, 0.95, 1, 1.05, 1.1]),
    ],
)
def test_ticks_are_round_and_cover_the_range(low: float, high: float, expected: list[float]) -> None:
    assert ticks(low, high, 5) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (0.5, "0.5"),
        (1234.5, "1,234"),
        (0.00012, "1.2e-04"),
        (2 / 3, "0.6667"),
        (-2.5, f"{MINUS}2.5"),
    ],
)
def test_numbers_read_well(value: float, text: str) -> None:
    assert shown_number(value) == text


def test_scale_maps_both_ends() -> None:
    scale = Scale(0, 10, 100, 200)
    assert (scale(0), scale(5), scale(10)) == (100, 150, 200)


def test_what_is_seen_as_stated_lies_on_the_dashed_line() -> None:
    points = [ReliabilityPoint(60, 60, 4), ReliabilityPoint(90, 20, 16)]
    figure = reliability_chart(points, title="Judge", low=50, x_label="stated", y_label="right")
    svg = drawing(figure)
    (line,) = [one for one in svg if one.get("class") == "chart-reference"]
    x1, y1, x2, y2 = (float(line.get(name) or 0) for name in ("x1", "y1", "x2", "y2"))
    on, below = [one for one in svg if "chart-dot" in one.get("class", "")]
    place = (float(on.get("cx") or 0) - x1) / (x2 - x1)
    assert float(on.get("cy") or 0) == pytest.approx(y1 + place * (y2 - y1), abs=0.2)
    assert float(below.get("cy") or 0) > float(on.get("cy") or 0)
    assert float(below.get("r") or 0) > float(on.get("r") or 0)
    assert '<td class="number">16</td>' in figure
    assert "Nothing to draw yet" in reliability_chart([], title="Judge", x_label="", y_label="")
