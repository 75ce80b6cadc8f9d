"""The tables of one symbol: matrices, time in states, shares by part of history, agreement."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from regime_platform.studies.inference.correction import adjusted_p_values
from regime_platform.studies.result import Column, Conclusion, StudyTable, Unit
from regime_platform.studies.series import Floats, Ints
from regime_platform.studies.tables import table_of
from regime_platform.studies.transitions.counts import (
    Runs,
    counts_by_period,
    row_shares,
)
from regime_platform.studies.transitions.durations import (
    FLICKER,
    GeometricLaw,
    geometric_p_value,
    survival,
)
from regime_platform.studies.transitions.persistence import Persistence
from regime_platform.studies.transitions.states import States
from regime_platform.studies.transitions.timeframes import TimeframeAgreement

Row = dict[str, Any]
_STATE = Column("state", "state", Unit.TEXT)
_BARS = Column("bars", "bars", Unit.COUNT)
_EFFECT = (
    Column("effect", "more", Unit.POINTS),
    Column("low", "from", Unit.POINTS),
    Column("high", "to", Unit.POINTS),
    Column("placebo_mean", "placebo", Unit.POINTS),
    Column("p_adjusted", "p", Unit.P_VALUE),
    Column("windows", "windows", Unit.COUNT),
)
_TIMES = (
    _STATE,
    Column("share", "of bars", Unit.PERCENT),
    Column("runs", "runs", Unit.COUNT),
    Column("median", "median", Unit.BARS),
    Column("mean", "mean", Unit.RATIO),
    Column("expected", "expected", Unit.RATIO),
    Column("longest", "longest", Unit.BARS),
    Column("flicker", f"1-{FLICKER} bars", Unit.PERCENT),
    Column("flicker_by_law", "by law", Unit.PERCENT),
    Column("p_adjusted", "p", Unit.P_VALUE),
)
#: Titles of columns; the rows have the names in full.
_SHORT: Mapping[str, str] = {
    "SHOCK": "shock",
    "PANIC_RISK": "panic",
    "TRENDING_BULL": "bull",
    "TRENDING_BEAR": "bear",
    "CHOP_RISK": "chop",
    "TRANSITION_BREAKOUT_SETUP": "breakout",
    "TRANSITION": "transition",
}
_PARTS: Mapping[str, Callable[[int], str]] = {
    "era": lambda era: f"era {era + 1}",
    "year": str,
    "sample": lambda is_after: "out of sample" if is_after else "in sample",
}
#: Survival of runs beyond so many bars.
_SURVIVALS = (1, 2, 5, 10, 20, 50)


def matrix_table(states: States, counts: Ints, unit: str, title: str, note: str) -> StudyTable:
    """The shares of a matrix of counts of bars or runs, a row per state before."""
    shares = row_shares(counts)
    columns = (
        Column("state", "from", Unit.TEXT),
        Column(unit, unit, Unit.COUNT),
        *state_columns(states),
    )
    rows = (
        {
            "state": states.names[code],
            unit: int(counts[code].sum()),
            **dict(zip(states.names, shares[code], strict=True)),
        }
        for code in np.flatnonzero(counts.sum(axis=1)).tolist()
    )
    key = f"{states.key}_{'transitions' if unit == 'bars' else 'next'}"
    return table_of(key, f"{states.plural.capitalize()}: {title}", columns, rows, note)


def matrix_tables(states: States, per_bar: Ints, per_run: Ints) -> Iterator[StudyTable]:
    """What follows a bar, and what follows a run."""
    note = "Of the bars in a state, the share with each state at the next bar."
    yield matrix_table(states, per_bar, "bars", "the next bar", note)
    note = "Of the runs of a state, the share that each other state followed."
    yield matrix_table(states, per_run, "runs", "after a run", note)


def state_columns(states: States) -> tuple[Column, ...]:
    """A column of shares per state, with a short title."""
    return tuple(Column(name, _SHORT.get(name, name), Unit.PERCENT) for name in states.names)


def time_table(states: States, counts: Ints) -> StudyTable:
    """How long states last; ``counts`` are the transitions per bar."""
    runs = Runs.of(states.codes).complete()
    rows = [_time_row(states, code, runs.lengths_of(code), counts) for code in states.occurring()]
    tested = [row for row in rows if np.isfinite(row["p_value"])]
    adjusted = adjusted_p_values([row["p_value"] for row in tested]) if tested else []
    for row, p in zip(tested, adjusted, strict=True):
        row["p_adjusted"] = p
    return table_of(
        f"{states.key}_time",
        f"Time in {states.plural}",
        _TIMES,
        rows,
        "Of runs that both begin and end. Expected: 1 / share of its bars that another state "
        "follows. By law, and p (corrected): a geometric law with the same mean, which runs "
        "without memory have.",
    )


def _time_row(states: States, code: int, lengths: Ints, counts: Ints) -> Row:
    row: Row = {**dict.fromkeys(each.key for each in _TIMES), "p_value": float("nan")}
    leaving = counts[code].sum() - counts[code, code]
    row.update(
        state=states.names[code],
        share=float((states.codes[states.has_state] == code).mean()),
        runs=len(lengths),
        expected=float(counts[code].sum() / leaving) if leaving else None,
    )
    if len(lengths):
        row.update(
            median=float(np.median(lengths)),
            mean=float(lengths.mean()),
            longest=float(lengths.max()),
            flicker=float((lengths <= FLICKER).mean()),
            flicker_by_law=1 - float(GeometricLaw.of(lengths).longer(np.array(FLICKER))),
            p_value=geometric_p_value(lengths),
        )
    return row


def survival_table(states: States) -> StudyTable:
    """The share of runs that last longer, and that of the geometric law."""
    runs, bars = Runs.of(states.codes).complete(), np.array(_SURVIVALS)
    columns = [_STATE, Column("kind", "runs", Unit.TEXT)]
    columns += [Column(f"over_{each}", f"over {each}", Unit.PERCENT) for each in _SURVIVALS]
    rows = []
    for code in np.unique(runs.codes).tolist():
        lengths = runs.lengths_of(code)
        curves = {"as they were": survival(lengths, bars), "by law": _law(lengths, bars)}
        for kind, curve in curves.items():
            values = {f"over_{each}": float(v) for each, v in zip(bars, curve, strict=True)}
            rows.append({"state": states.names[code], "kind": kind, **values})
    return table_of(
        f"{states.key}_survival",
        f"Runs of {states.plural} that last",
        columns,
        rows,
        is_detail=True,
    )


def _law(lengths: Ints, bars: Ints) -> Floats:
    return GeometricLaw.of(lengths).longer(bars)


def persistence_table(
    states: States, persistences: Sequence[Persistence], conclusions: Sequence[Conclusion]
) -> StudyTable:
    """A state now and later, with what placebos give."""
    columns = (
        _STATE,
        Column("next_share", "next", Unit.PERCENT),
        Column("share", "later", Unit.PERCENT),
        Column("other_share", "others", Unit.PERCENT),
        *_EFFECT,
    )
    rows = (
        {
            "state": states.names[each.code],
            "next_share": each.next_share,
            "share": each.share,
            "other_share": each.other_share,
            **effect_row(conclusion),
        }
        for each, conclusion in zip(persistences, conclusions, strict=True)
        if each.mask.any()
    )
    return table_of(
        f"{states.key}_persistence",
        f"{states.plural.capitalize()} and the same ones later",
        columns,
        rows,
        "Of bars in a state, the share in it at the next bar and later, after the horizon. Others: "
        "of all other bars, after the horizon; more: less those. p is corrected.",
    )


def effect_row(conclusion: Conclusion) -> Row:
    """The numbers of a conclusion."""
    names = ("effect", "low", "high", "placebo_mean", "p_adjusted", "windows")
    return {name: getattr(conclusion, name) for name in names}


def period_table(states: States, periods: Ints, kind: str, *, is_detail: bool) -> StudyTable:
    """The shares of states by period; ``periods`` are numbers of years or eras, -1 none."""
    enters = states.has_state & (periods >= 0)
    labels, at = np.unique(periods[enters], return_inverse=True)
    counts = counts_by_period(states.codes[enters], at, len(states.names))
    columns = (Column("part", kind, Unit.TEXT), _BARS, *state_columns(states))
    rows = (
        {
            "part": _PARTS[kind](label),
            "bars": int(row.sum()),
            **dict(zip(states.names, row / row.sum(), strict=True)),
        }
        for label, row in zip(labels.tolist(), counts, strict=True)
    )
    key, title = f"{states.key}_by_{kind}", f"Shares of {states.plural} by {kind}"
    return table_of(key, title, columns, rows, is_detail=is_detail)


def agreement_table(
    agreements: Iterable[TimeframeAgreement], conclusions: Iterable[Conclusion]
) -> StudyTable:
    """How far timeframes agree."""
    columns = (
        Column("timeframe", "with", Unit.TEXT),
        Column("states", "of", Unit.TEXT),
        _BARS,
        Column("share", "equal", Unit.PERCENT),
        Column("by_chance", "by chance", Unit.PERCENT),
        *_EFFECT,
    )
    rows = (
        {
            "timeframe": each.timeframe,
            "states": each.states.plural,
            "bars": each.agreement.bars,
            "share": each.agreement.share,
            "by_chance": each.agreement.by_chance,
            **effect_row(conclusion),
        }
        for each, conclusion in zip(agreements, conclusions, strict=True)
    )
    return table_of(
        "agreement",
        "Agreement with other timeframes",
        columns,
        rows,
        "With the last bar of the other timeframe that was over at the close of each bar. p is "
        "corrected.",
    )
