"""Pictures of studies: well-formed, with a text alternative, marks where the numbers are."""

import datetime as dt
import re
from collections.abc import Callable
from itertools import combinations
from xml.etree import ElementTree as ET

import numpy as np
import polars as pl
import pytest

from regime_platform.report.picture.axes import linear_axis
from regime_platform.report.picture.shapes import width_of
from regime_platform.report.study.drawing import FONT, NARROW, WIDE, Drawing, svg
from regime_platform.report.study.figures import figures
from regime_platform.report.study.histogram import histogram
from regime_platform.report.study.intervals import Interval, intervals
from regime_platform.report.study.lines import Growth, growths
from regime_platform.report.study.matrix import matrix
from regime_platform.report.study.spreads import Spread, spreads
from regime_platform.report.study.strip import Fall, Moment, strip
from regime_platform.studies.result import Column, StudyTable, Unit
from regime_platform.studies.tables import table_of
from regime_platform_tests.report.study.reports import NOT_SHOWN, SHOWN, TOO_FEW

_SVG = "{http://www.w3.org/2000/svg}"
_NAN = float("nan")
_OPENS = [dt.datetime(2007, 1, 1, tzinfo=dt.UTC) + dt.timedelta(days=day) for day in range(900)]


def _percent(value: float) -> str:
    return f"{100 * value:.0f} %"


def _intervals(width: int) -> Drawing:
    rows = [
        Interval("A & B", 0.02, 0.01, 0.03, 0.001, is_significant=True),
        Interval("C", -0.01, -0.04, 0.02, 0.0, is_significant=False),
        Interval("D: too few windows", _NAN, _NAN, _NAN, _NAN, is_significant=False),
    ]
    return intervals("Effects", rows, _percent, width)


def _spreads(width: int) -> Drawing:
    known = Spread("HIGH", "HIGH", (-0.1, -0.02, 0.0, 0.03, 0.08), 0.01)
    return spreads("By bucket", [known, Spread("NA", "NA", (_NAN,) * 5, _NAN)], _percent, width)


def _matrix(width: int) -> Drawing:
    shares = np.array([[0.925, 0.075], [_NAN, _NAN]])
    return matrix("Next bar", [("▲", "trending bull"), ("S", "shock")], shares, width)


def _growths(width: int) -> Drawing:
    rising = np.linspace(1.0, 2.0, len(_OPENS))
    falling = np.where(np.arange(len(_OPENS)) < 400, rising, 0.5)
    return growths("Growth", _OPENS, [Growth("hold", rising), Growth("other", falling)], width)


def _histogram(width: int) -> Drawing:
    return histogram("Lead", ["0-5", "6-10"], np.array([0.75, 0.25]), np.array([0.5, 0.5]), width)


_ALL = (_intervals, _spreads, _matrix, _growths, _histogram)


@pytest.mark.parametrize("draw", _ALL, ids=lambda draw: draw.__name__)
@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_a_picture_is_well_formed_describes_itself_and_keeps_within_its_edges(
    draw: Callable[[int], Drawing], width: int
) -> None:
    drawing = draw(width)
    root = ET.fromstring(svg(drawing))  # noqa: S314 - our own

    assert [each.text for each in root.findall(f"{_SVG}title")] == [drawing.title]
    assert [each.text for each in root.findall(f"{_SVG}desc")] == [drawing.description]
    assert root.attrib["viewBox"] == f"0 0 {width} {round(drawing.height)}"
    for text in drawing.texts:
        assert 0 <= text.x <= width
        assert 0 < text.y <= drawing.height
    assert "nan" not in "".join(shape.path for shape in drawing.shapes)


def test_a_picture_that_stands_alone_has_every_colour_with_it() -> None:
    alone, embedded = svg(_intervals(WIDE), stands_alone=True), svg(_intervals(WIDE))

    used = set(re.findall(r"var\(--(\w+)\)", alone))
    assert used <= set(re.findall(r"--(\w+):", alone))
    assert "<style>" not in embedded


def test_an_effect_lies_where_its_number_is_and_is_described() -> None:
    drawing = _intervals(WIDE)
    ticks = {text.text: text.x for text in drawing.texts if text.text.endswith("%")}
    dots = [shape for shape in drawing.shapes if "point" in shape.styles][:2]

    per_percent = (ticks["2 %"] - ticks["-2 %"]) / 4
    zero = ticks["0 %"]
    assert [dot.x for dot in dots] == [
        pytest.approx(zero + 2 * per_percent, abs=0.2),
        pytest.approx(zero - per_percent, abs=0.2),
    ]
    assert [dot.styles for dot in dots] == ["fill point", "ring point"]
    assert drawing.description == (
        "A & B: 2 %, interval 1 % to 3 %, shuffled 0 %, significant. "
        "C: -1 %, interval -4 % to 2 %, shuffled 0 %, not significant. D: too few windows."
    )


def test_other_pictures_say_their_numbers() -> None:
    described = [draw(WIDE).description for draw in (_spreads, _matrix, _growths, _histogram)]

    assert described == [
        "HIGH: median 0 %, mean 1 %, 5 to 95 % -10 % to 8 %. NA: too few windows.",
        "after trending bull: trending bull 92 %, shock 7.5 %. shock: never.",
        "hold: 1 became 2.00, deepest drawdown 0 %. other: 1 became 0.50, deepest drawdown -65 %.",
        "0-5: 75 %, by chance 50 %. 6-10: 25 %, by chance 50 %.",
    ]


def test_a_table_of_transitions_is_drawn_with_the_states_that_occur() -> None:
    columns = [Column("state", "from", Unit.TEXT), Column("bars", "bars", Unit.COUNT)]
    names = ("SHOCK", "TRENDING_BULL", "CHOP_RISK")
    columns += [Column(name, name.lower(), Unit.PERCENT) for name in names]
    row = {"state": "TRENDING_BULL", "bars": 40, "SHOCK": 0.0, "TRENDING_BULL": 0.9}

    table = table_of("regime_transitions", "Next", columns, [row | {"CHOP_RISK": 0.1}])
    (drawn,) = figures([table], ())

    assert "after trending bull: trending bull 90 %, chop risk 10 %" in drawn.wide
    assert "chop risk: never" in drawn.wide
    assert "shock" not in drawn.wide


def test_conclusions_of_too_few_windows_have_a_row_and_no_mark() -> None:
    (figure,) = figures((), (SHOWN, NOT_SHOWN, TOO_FEW))
    wide = str(figure.wide)

    assert "returns after shock are higher or lower: too few windows" in wide
    assert len(re.findall(r"class='(?:fill|ring) point'", wide)) == 2 + 2  # with the legend
    assert list(figures((), (TOO_FEW,))) == []


def test_effects_of_a_moved_signal_are_drawn_without_a_test() -> None:
    rows = pl.DataFrame(
        {"title": ["as it is", "later"], "move": [0.01, 0.02], "move_low": [0.0, None]}
    ).with_columns(move_high=pl.lit(0.03))
    names = [("title", Unit.TEXT), *((name, Unit.POINTS) for name in rows.columns[1:])]
    columns = tuple(Column(key, key.replace("_", " "), unit) for key, unit in names)

    (figure,) = figures((StudyTable("shifts", "Moved", columns, rows),), ())

    assert figure.title == "Moved: move"
    assert "as it is: +1.00 pp, interval +0.00 pp to +3.00 pp. later: +2.00 pp." in figure.wide
    assert "significant" not in figure.wide
    assert "point" not in figure.wide  # the dot of a test


@pytest.mark.parametrize(("low", "high"), [(0.0, 0.0), (-3e-4, 2e-4), (-12.0, 900.0), (5.0, 5.0)])
def test_a_linear_axis_has_its_values_and_few_round_labels(low: float, high: float) -> None:
    axis = linear_axis(low, high, 0.0, 100.0, 6)

    assert axis.low < low <= high < axis.high
    assert 1 <= len(axis.ticks) <= 6
    assert all(axis.low <= tick <= axis.high for tick in axis.ticks)


@pytest.mark.parametrize("width", [WIDE, NARROW])
@pytest.mark.parametrize(("first", "trough"), [(41, 42), (40, 52), (30, 80)])
def test_names_in_the_picture_of_a_fall_neither_touch_nor_leave_it(
    width: int, first: int, trough: int
) -> None:
    start = 330 - first  # the year ends near the left, a month begins near the right edge
    opens = _OPENS[start : start + 93]
    marks = [Moment(40, "peak"), Moment(first, "first HIGH"), Moment(trough, "trough")]
    fall = Fall("Fall", opens, np.linspace(9, 8, 93), ["LOW"] * 93, [""] * 93, marks)

    texts = [text for text in strip(fall, width).texts if "end" not in text.styles]

    boxes = []
    for text in texts:
        size = width_of(text.text, FONT)
        left = text.x - size / 2 if "middle" in text.styles else text.x
        assert left >= 0
        assert left + size <= width + 1
        boxes.append((left, left + size, text.y))
    for (left, right, y), (other, end, line) in combinations(boxes, 2):
        assert y != line or right <= other or end <= left


def test_a_distribution_of_few_events_says_how_few() -> None:
    frame = pl.DataFrame(
        {"event": "wide bar", "signal": "HIGH", "events": [3, 3], "lead": ["1-5", "none"]}
    ).with_columns(share=pl.lit(0.5), by_chance=pl.lit(0.5))
    units = [Unit.TEXT, Unit.TEXT, Unit.COUNT, Unit.TEXT, Unit.PERCENT, Unit.PERCENT]
    names = zip(frame.columns, units, strict=True)
    columns = tuple(Column(name, name, unit) for name, unit in names)

    few, many = (
        next(figures((StudyTable("leads", "Leads", columns, rows),), ())).title
        for rows in (frame, frame.with_columns(events=pl.lit(30)))
    )

    assert few.endswith("(events: 3, too few to say)")
    assert many.endswith("(events: 30)")


def test_growth_over_months_names_its_years() -> None:
    names = {text.text for text in _growths(WIDE).texts}

    assert {"2007", "2008", "2009"} <= names
