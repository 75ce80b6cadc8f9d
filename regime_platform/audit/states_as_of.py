"""States and histories as of a moment of the past, in the forms of those of now."""

from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from regime_platform.audit.results_as_of import ResultsAsOf
from regime_platform.compute.maturity import with_basis, with_latest_basis
from regime_platform.model.calendar.lateness import series_age
from regime_platform.model.instruments import Instrument
from regime_platform.pipeline.latest import latest_states
from regime_platform.query.flips import last_flip
from regime_platform.query.gate_now import GateNow
from regime_platform.query.series import history_of
from regime_platform.query.states import StateNow, state_now, too_few_bars


def states_as_of(
    then: ResultsAsOf, instrument: Instrument, timeframes: Sequence[str]
) -> dict[str, StateNow]:
    """The latest state per timeframe as of then, as `query.states.state` has those of now."""
    is_gone = instrument.delisted and instrument.delisted <= f"{then.as_of:%Y-%m-%d}"
    delisted = instrument.delisted if is_gone else ""
    ranks = (
        with_basis(result.escalation, name, then.eras.eras) for name, result in then.results.items()
    )
    states = latest_states(then.results, then.known.left_out)
    known = then.known
    derived = {name: each.derived_from or "" for name, each in known.series.items()}
    parts = known.blocked_because, known.left_out, known.findings, derived
    gate = GateNow.made(then.symbol, *parts)
    short = too_few_bars(then.results.values(), timeframes)
    rows = with_latest_basis(states, ranks).iter_rows(named=True)
    return {
        row["timeframe"]: replace(
            state_now(row, gate, delisted, short=short),
            began=last_flip(then.results[row["timeframe"]].state),
            age=series_age(
                instrument,
                row["timeframe"],
                row["ts"],
                then.as_of,
                built_from=derived.get(row["timeframe"]),
            ),
        )
        for row in rows
        if row["timeframe"] in timeframes
    }


def history_as_of(then: ResultsAsOf, timeframe: str, *, labels: bool = False) -> pl.DataFrame:
    """Every bar of one series as of then, as `query.series.history` has those of now.

    Raises:
        ResultsError: the series had no bars by then.
    """
    return history_of(then.series(timeframe), then.eras.eras, labels=labels)
