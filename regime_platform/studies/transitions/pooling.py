"""Transitions across symbols: counts of all, and how many symbols show what."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from regime_platform.studies.across import Compared, pooled_view
from regime_platform.studies.options import StudyOptions
from regime_platform.studies.result import Column, Conclusion, StudyTable, SymbolStudy, Unit
from regime_platform.studies.series import Floats, Ints
from regime_platform.studies.tables import table_of
from regime_platform.studies.transitions.counts import Runs, row_shares
from regime_platform.studies.transitions.durations import FLICKER
from regime_platform.studies.transitions.persistence import Persistence, persistence_claim
from regime_platform.studies.transitions.states import ALL_STATES, States
from regime_platform.studies.transitions.tables import matrix_tables

Sums = Mapping[str, npt.NDArray[Any]]
#: States whose persistence is also compared across symbols, by the calendar.
POOLED = ("PANIC_RISK", "HIGH")
#: Longer runs are counted as this long in medians across symbols.
_LONGEST = 250


def count_sums(states: States, per_bar: Ints, per_run: Ints) -> Sums:
    """What the tables across symbols need: counts of transitions, and of runs by length."""
    runs, size = Runs.of(states.codes).complete(), len(states.names)
    cells = runs.codes * _LONGEST + np.minimum(runs.lengths, _LONGEST) - 1
    lengths = np.bincount(cells, minlength=size * _LONGEST).reshape(size, _LONGEST)
    longest = [runs.lengths_of(code).max(initial=0) for code in range(size)]
    counts = {"per_bar": per_bar, "per_run": per_run, "lengths": lengths, "longest": longest}
    return {f"{states.key}_{name}": np.array(each, np.int32) for name, each in counts.items()}


def compared(states: States, persistences: Sequence[Persistence]) -> Iterator[Compared]:
    """The comparisons that are also made across symbols."""
    for each in persistences:
        if states.names[each.code] in POOLED:
            yield Compared(each.conclusion.key, each.outcome, each.mask, each.usable)


def pooled(
    studies: Sequence[SymbolStudy], options: StudyOptions
) -> tuple[tuple[StudyTable, ...], tuple[Conclusion, ...]]:
    """The answer across symbols, see `catalog.Study`."""
    claims = [
        persistence_claim(states, states.names.index(name), options)
        for states in ALL_STATES
        for name in POOLED
        if name in states.names
    ]
    symbols, conclusions = pooled_view(studies, claims, options, _titles(studies))
    tables = (table for states in ALL_STATES for table in _tables(states, studies))
    return (*tables, symbols), conclusions


def _titles(studies: Sequence[SymbolStudy]) -> dict[str, str]:
    """Key of a conclusion of any symbol -> a short title."""
    lasting = {
        f"{states.key}_{name.lower()}_lasts": f"{title} lasts"
        for states in ALL_STATES
        for name, title in zip(states.names, states.titles, strict=True)
    }
    keys = dict.fromkeys(each.key for study in studies for each in study.conclusions)
    return {key: lasting.get(key, key.replace("_", " ")) for key in keys}


def _tables(states: States, studies: Sequence[SymbolStudy]) -> Iterator[StudyTable]:
    per_bar, per_run, lengths = (
        np.array([each.sums[f"{states.key}_{name}"] for each in studies]).sum(axis=0)
        for name in ("per_bar", "per_run", "lengths")
    )
    yield from matrix_tables(states, per_bar, per_run)
    yield _time_table(states, per_bar, lengths, studies)


def _time_table(
    states: States, per_bar: Ints, lengths: Ints, studies: Sequence[SymbolStudy]
) -> StudyTable:
    columns = (
        Column("state", "state", Unit.TEXT),
        Column("share", "of bars", Unit.PERCENT),
        Column("runs", "runs", Unit.COUNT),
        Column("median", "median", Unit.BARS),
        Column("longest", "longest", Unit.BARS),
        Column("flicker", f"1-{FLICKER} bars", Unit.PERCENT),
        *(Column(*each, Unit.PERCENT) for each in (("low", "5 %"), ("middle", "stays"))),
        Column("high", "95 %", Unit.PERCENT),
    )
    longest = np.max([each.sums[f"{states.key}_longest"] for each in studies], axis=0)
    stays = np.array([_stays(each.sums[f"{states.key}_per_bar"]) for each in studies])
    rows = []
    for code in np.flatnonzero(per_bar.sum(axis=1)).tolist():
        runs = lengths[code].cumsum()
        row = {each.key: None for each in columns} | {
            "state": states.names[code],
            "share": float(per_bar[code].sum() / per_bar.sum()),
            "runs": int(runs[-1]),
            "longest": float(longest[code]),
        }
        if runs[-1]:
            row["median"] = float(np.searchsorted(runs, runs[-1] / 2) + 1)
            row["flicker"] = float(runs[FLICKER - 1] / runs[-1])
        own = stays[np.isfinite(stays[:, code]), code]
        if len(own):
            quantiles = np.quantile(own, (0.05, 0.5, 0.95)).tolist()
            row |= dict(zip(("low", "middle", "high"), quantiles, strict=True))
        rows.append(row)
    return table_of(
        f"{states.key}_time",
        f"Time in {states.plural}",
        columns,
        rows,
        "Runs of all symbols that both begin and end. Stays: of the bars in a state, the share "
        "that the same one follows; the symbol in the middle, and those at 5 % and 95 %.",
    )


def _stays(per_bar: Ints) -> Floats:
    return np.asarray(np.diagonal(row_shares(per_bar)))
