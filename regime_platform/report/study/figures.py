"""Which pictures a study has: its effects, and what its tables show."""

import datetime as dt
import math
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import groupby
from typing import Any

import numpy as np

from regime_platform.model.result_schema import ESCALATION_BUCKETS, REGIME_LABELS
from regime_platform.report.palette import REGIME_SIGNS, state_words
from regime_platform.report.study.cells import cell, open_claim
from regime_platform.report.study.figure import Figure
from regime_platform.report.study.histogram import histogram
from regime_platform.report.study.intervals import Interval, intervals
from regime_platform.report.study.lines import Growth, growths
from regime_platform.report.study.matrix import matrix
from regime_platform.report.study.spreads import Spread, spreads
from regime_platform.studies.options import FEWEST_WINDOWS
from regime_platform.studies.result import Conclusion, StudyTable, Unit

#: The key of the table with the wealth of a portfolio by month.
PORTFOLIO_CURVES = "portfolio_curves"
#: That of the table with the effects of a signal that is moved.
SHIFTS = "shifts"
#: How the keys of tables of transitions end.
_MATRICES = ("_transitions", "_next")
_QUANTILES = ("q05", "q25", "q50", "q75", "q95")
_EFFECTS = {Unit.POINTS: ", percentage points", Unit.RATIO: ", ratios", Unit.BARS: ", bars"}
_NAMES = (*ESCALATION_BUCKETS, *REGIME_LABELS)
#: What a table calls a state -> its code.
_CODES = {state_words(code): code for code in _NAMES}


def figures(tables: Sequence[StudyTable], conclusions: Sequence[Conclusion]) -> Iterator[Figure]:
    """The pictures of an answer: its effects first."""
    for unit, group in groupby(sorted(conclusions, key=_unit), key=_unit):
        rows = [_interval(each) for each in group]
        if any(math.isfinite(row.effect) for row in rows):
            shown = partial(cell, unit=Unit(unit))
            title = f"Effects{_EFFECTS.get(Unit(unit), '')}"
            yield Figure(title, partial(intervals, title, rows, shown))
    for table in tables:
        if {*_QUANTILES, "outcome", "group"} <= {*table.rows.columns}:
            yield from _spreads(table)
        elif table.key == PORTFOLIO_CURVES:
            yield from _growths(table)
        elif table.key.endswith(_MATRICES):
            yield from _matrices(table)
        elif {"events", "lead", "share", "by_chance"} <= {*table.rows.columns}:
            yield from _histograms(table)
        elif table.key == SHIFTS:
            yield from _shifts(table)


def _spreads(table: StudyTable) -> Iterator[Figure]:
    """A picture per outcome."""
    unit = next(each.unit for each in table.columns if each.key == "mean")
    for outcome in table.rows["outcome"].unique(maintain_order=True):
        rows = table.rows.filter(outcome=outcome).drop_nulls([*_QUANTILES, "mean"])
        boxes = [_spread(row) for row in rows.iter_rows(named=True)]
        if boxes:
            title = outcome[:1].upper() + outcome[1:]
            yield Figure(title, partial(spreads, title, boxes, partial(cell, unit=unit)))


def _shifts(table: StudyTable) -> Iterator[Figure]:
    """A picture per outcome: the columns that have a lower and an upper end."""
    for column in table.columns:
        ends = [f"{column.key}_low", f"{column.key}_high"]
        if {*ends} <= {*table.rows.columns}:
            rows = table.rows.select("title", column.key, *ends).fill_null(math.nan).rows()
            lines = [
                Interval(name, effect, low, high, placebo=math.nan, is_significant=None)
                for name, effect, low, high in rows
            ]
            title = f"{table.title}: {column.title}"
            yield Figure(title, partial(intervals, title, lines, partial(cell, unit=column.unit)))


def _histograms(table: StudyTable) -> Iterator[Figure]:
    """A picture per event and signal."""
    for (event, signal), rows in table.rows.group_by("event", "signal", maintain_order=True):
        known = rows.drop_nulls()
        if known.height:
            events = known["events"][0]
            few = ", too few to say" if events < FEWEST_WINDOWS else ""
            title = f"Bars from the begin of {signal} to a {event} (events: {events}{few})"
            share, by_chance = (known[name].to_numpy() for name in ("share", "by_chance"))
            draw = partial(histogram, title, known["lead"].to_list(), share, by_chance)
            yield Figure(title, draw)


def _matrices(table: StudyTable) -> Iterator[Figure]:
    """The shares of what follows each state, of the states that occur."""
    shares = {row["state"]: row for row in table.rows.iter_rows(named=True)}
    followed = {code for row in shares.values() for code in row if row[code] and code in _NAMES}
    codes = [code for code in table.rows.columns if code in shares or code in followed]
    if codes:
        absent = dict.fromkeys(codes)
        values = [[shares.get(row, absent)[column] for column in codes] for row in codes]
        names = [(REGIME_SIGNS.get(code, code), state_words(code)) for code in codes]
        draw = partial(matrix, table.title, names, np.array(values, float))
        yield Figure(table.title, draw)


def _growths(table: StudyTable) -> Iterator[Figure]:
    """Each path with a constant one beside it, and holding."""
    opens = [moment.replace(tzinfo=dt.UTC) for moment in table.rows["ts"].to_list()]
    lines = {
        column.title: Growth(column.title, table.rows[column.key].to_numpy())
        for column in table.columns[1:]
    }
    hold = next(iter(lines.values()), None)
    for name, line in lines.items():
        constant = lines.get(f"constant, as {name}")
        if hold is not None and constant is not None:
            title = f"Portfolio {name}: growth and drawdown by month"
            yield Figure(title, partial(growths, title, opens, (line, hold, constant)))


def _spread(row: Mapping[str, Any]) -> Spread:
    q05, q25, q50, q75, q95 = (row[name] for name in _QUANTILES)
    group = row["group"]
    return Spread(group, _CODES.get(group, "NA"), (q05, q25, q50, q75, q95), row["mean"])


def _unit(conclusion: Conclusion) -> str:
    return conclusion.unit.value


def _interval(each: Conclusion) -> Interval:
    claim = open_claim(each)
    if each.is_too_few:
        return Interval(f"{claim}: too few windows", *(math.nan,) * 4, is_significant=False)
    numbers = (each.effect, each.low, each.high, each.placebo_mean)
    return Interval(claim, *numbers, is_significant=each.is_significant)
