"""The tables of one symbol: the paths side by side, by cost and delay, and by part of history."""

import datetime as dt
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from regime_platform.studies.allocation.equity import drawdowns
from regime_platform.studies.allocation.measures import (
    Clock,
    annual_return,
    calmar,
    max_drawdown,
    sharpe,
    ulcer_index,
    under_water,
    volatility,
    worst_period,
)
from regime_platform.studies.allocation.paths import Pair, Path, Steps, pairs
from regime_platform.studies.inference.bootstrap import interval
from regime_platform.studies.inference.folds import (
    Fold,
    folds_by_era,
    folds_by_split,
    folds_by_year,
)
from regime_platform.studies.options import StudyOptions
from regime_platform.studies.result import Column, StudyTable, Unit
from regime_platform.studies.series import Ints, StudySeries
from regime_platform.studies.tables import table_of

Row = dict[str, Any]  # by the keys of columns
#: Costs of the table of sensitivity, in hundredths of a percent of what is traded.
COSTS = (0.0, 5.0, 20.0)

_PATH = Column("path", "path", Unit.TEXT)
_EXPOSURE = Column("exposure", "exposure", Unit.PERCENT)
_RETURN = Column("annual_return", "a year", Unit.PERCENT)
_SHARPE = Column("sharpe", "Sharpe", Unit.RATIO)
_DIFFERENCES = (
    Column("sharpe_difference", "Sharpe +/-", Unit.RATIO),
    Column("drawdown_difference", "drawdown +/-", Unit.POINTS),
    Column("ulcer_difference", "ulcer +/-", Unit.POINTS),
)
MEASURES = (
    *(_PATH, _EXPOSURE, _RETURN, Column("volatility", "volatile", Unit.PERCENT), _SHARPE),
    Column("sharpe_low", "from", Unit.RATIO),
    Column("sharpe_high", "to", Unit.RATIO),
    Column("max_drawdown", "deepest", Unit.PERCENT),
    Column("ulcer_index", "ulcer", Unit.PERCENT),
    Column("calmar", "Calmar", Unit.RATIO),
)
COURSE = (
    _PATH,
    Column("under_water", "under water", Unit.PERCENT),
    Column("longest_under_water", "longest", Unit.BARS),
    Column("turnover", "turnover", Unit.RATIO),
    Column("cost", "cost", Unit.PERCENT),
    Column("worst_month", "worst month", Unit.PERCENT),
    Column("worst_year", "worst year", Unit.PERCENT),
)
_RULE = Column("rule", "exposure by", Unit.TEXT)
_SENSITIVITY = (
    _RULE,
    Column("cost_bps", "cost, bp", Unit.RATIO),
    Column("delay", "delay, bars", Unit.BARS),
    *(_RETURN, _SHARPE, *_DIFFERENCES),
)
_PARTS = (
    Column("part", "part", Unit.TEXT),
    _RULE,
    Column("bars", "bars", Unit.COUNT),
    _EXPOSURE,
    Column("hold_return", "hold", Unit.PERCENT),
    Column("annual_return", "rule", Unit.PERCENT),
    Column("constant_return", "constant", Unit.PERCENT),
    *_DIFFERENCES[:2],
)


def tables(
    series: StudySeries, steps: Steps, drawn: Ints, options: StudyOptions
) -> Iterator[StudyTable]:
    """All tables of the bars of a path; ``drawn`` are positions of steps, a row per draw."""
    clock, cost = steps.clock, options.cost_bps
    named = tuple(named_paths(steps.hold(cost), pairs(steps, cost)))
    rows = [path_row(name, path, clock, drawn, options) for name, path in named]
    yield table_of(
        "measures",
        "Return and risk of each path",
        MEASURES,
        rows,
        f"After costs of {cost:g} bp of what is traded; cash earns nothing. Constant: the mean "
        f"exposure of the rule at all times. A year has {clock.steps_per_year:,.1f} bars, counted "
        f"over {clock.years:.1f} years. From, to: the interval of Sharpe. Deepest: "
        f"drawdown. A study of the past, no "
        "promise.",
    )
    yield table_of(
        "course",
        "Time under water, turnover and worst periods",
        COURSE,
        rows,
        "Under water: below an earlier high; the longest time in bars. Turnover and cost a year, "
        "as multiple and share of wealth. Months and years of the calendar, UTC; the first and the "
        "last may be short.",
    )
    yield table_of(
        "sensitivity",
        "What costs and a delay change",
        _SENSITIVITY,
        _sensitivity(steps, options),
        "+/-: less a constant exposure at the same cost. With a delay of 1 a decision earns one "
        "bar later.",
    )
    yield from _parts_tables(series, steps, options)


def curves(key: str, clock: Clock, named: Iterable[tuple[str, Path]]) -> StudyTable:
    """What 1 became on each path, at the last bar of each month."""
    months = clock.ends.astype("datetime64[M]").astype(np.int64)
    last = np.flatnonzero(np.diff(months, append=months[-1] + 1))
    columns = [Column("ts", "open", Unit.DATE)]
    ends = clock.ends[last].tolist()
    values = [[end.replace(tzinfo=dt.UTC) for end in ends]]
    for name, path in named:
        columns.append(Column(name.replace(", ", "_").replace(" ", "_"), name, Unit.RATIO))
        values.append(np.cumprod(1 + path.returns)[last].tolist())
    keys = [each.key for each in columns]
    rows = (dict(zip(keys, row, strict=True)) for row in zip(*values, strict=True))
    note = "At the last bar of each month, by its open."
    return table_of(key, "What 1 became", columns, rows, note, is_detail=True)


def named_paths(hold: Path, compared: Iterable[Pair]) -> Iterator[tuple[str, Path]]:
    """The paths in the order of tables."""
    yield "buy and hold", hold
    for pair in compared:
        yield pair.rule.title, pair.path
        yield f"constant, as {pair.rule.title}", pair.constant


def path_row(name: str, path: Path, clock: Clock, drawn: Ints, options: StudyOptions) -> Row:
    """The figures of a path, and the interval of its Sharpe ratio."""
    ratios = sharpe(path.returns[drawn], clock.steps_per_year)
    low, high = interval(ratios, options.confidence)
    return {"path": name, **measures(path, clock), "sharpe_low": low, "sharpe_high": high}


def measures(path: Path, clock: Clock) -> Row:
    """Every figure of a path, by the keys of the columns."""
    share, longest = under_water(drawdowns(path.returns))
    return {
        **_core(path, clock),
        "volatility": float(volatility(path.returns, clock.steps_per_year)),
        "calmar": float(calmar(path.returns, clock)),
        "under_water": share,
        "longest_under_water": float(longest),
        "turnover": float(path.traded.sum() / clock.years),
        "cost": float(path.cost.sum() / clock.years),
        "worst_month": worst_period(path.returns, clock, "M"),
        "worst_year": worst_period(path.returns, clock, "Y"),
    }


def _core(path: Path, clock: Clock) -> Row:
    falls = drawdowns(path.returns)
    return {
        "exposure": float(path.exposure.mean()),
        "annual_return": float(annual_return(path.returns, clock)),
        "sharpe": float(sharpe(path.returns, clock.steps_per_year)),
        "max_drawdown": float(max_drawdown(falls)),
        "ulcer_index": float(ulcer_index(falls)),
    }


def differences(ruled: Row, constant: Row) -> Row:
    """Figures of a rule less those of its constant exposure."""
    return {
        f"{name}_difference": ruled[key] - constant[key]
        for name, key in (
            ("sharpe", "sharpe"),
            ("drawdown", "max_drawdown"),
            ("ulcer", "ulcer_index"),
        )
    }


def _sensitivity(steps: Steps, options: StudyOptions) -> Iterator[Row]:
    costs = sorted({*COSTS, options.cost_bps})
    cases = [*((cost, 0) for cost in costs), (options.cost_bps, 1)]
    by_case = [(case, pairs(steps, *case)) for case in cases]
    for rule in range(len(steps.exposures)):
        for (cost, delay), compared in by_case:
            row = _compared(compared[rule], steps.clock)
            yield {"cost_bps": cost, "delay": delay, **row}


def _compared(pair: Pair, clock: Clock) -> Row:
    ruled, constant = (_core(each, clock) for each in (pair.path, pair.constant))
    return {
        "rule": pair.rule.title.removeprefix("by "),
        **ruled,
        **differences(ruled, constant),
        "constant_return": constant["annual_return"],
    }


def _parts_tables(series: StudySeries, steps: Steps, options: StudyOptions) -> Iterator[StudyTable]:
    """Per part of history each rule beside the mean exposure that it had within that part."""
    split = options.split
    main = [*(folds_by_split(series, split, 1) if split else ()), *folds_by_era(series, 1)]
    for key, title, folds, is_detail in (
        ("parts", "By part of history", main, False),
        ("years", "By year", folds_by_year(series, 1), True),
    ):
        rows = (row for fold in folds for row in _part(fold, steps, options))
        note = (
            "Returns a year. Constant: the mean exposure of the rule within the part; +/-: less "
            "that."
        )
        yield table_of(key, title, _PARTS, rows, note, is_detail=is_detail)


def _part(fold: Fold, steps: Steps, options: StudyOptions) -> Iterator[Row]:
    mask = fold.mask[:-1]  # of steps: bars whose next one is in the part too
    if mask.sum() < options.horizon:
        return
    part = steps.within(mask)
    hold = float(annual_return(part.hold(options.cost_bps).returns, part.clock))
    for pair in pairs(part, options.cost_bps):
        row = _compared(pair, part.clock)
        yield {"part": fold.name, "bars": len(part), "hold_return": hold, **row}
