"""`regime state` and `bars` with `--as-of`: answers as known at a past moment."""

from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from regime_platform.audit.as_of import bars_as_of
from regime_platform.audit.provenance import ProvenanceStatus
from regime_platform.audit.results_as_of import ResultsAsOf, results_as_of
from regime_platform.cli.console.clock import past
from regime_platform.cli.console.kernels import warm
from regime_platform.cli.console.output import Output
from regime_platform.cli.console.screen import messages
from regime_platform.cli.query.answers import answered, print_answers
from regime_platform.cli.query.state_view import print_states
from regime_platform.compute.maturity import with_basis, with_latest_basis
from regime_platform.model.calendar.lateness import series_age
from regime_platform.model.instants import iso
from regime_platform.model.instruments import Instrument
from regime_platform.pipeline.latest import latest_states
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.query.states import (
    GateNow,
    StateNow,
    state_document,
    state_now,
    too_few_bars,
)

#: Status of the provenance -> as shown, and its style.
PROVENANCE_TITLES = {
    ProvenanceStatus.PROVEN: ("proven", "green"),
    ProvenanceStatus.SAME_TERMS: ("same code and parameters", ""),
    ProvenanceStatus.OTHER_TERMS: ("other code or parameters", "yellow"),
    ProvenanceStatus.UNRECORDED: ("unrecorded", "yellow"),
    ProvenanceStatus.DIFFERENT: ("different", "bold red"),
    ProvenanceStatus.UNKNOWN: ("failed", "bold red"),
}


def state(symbols: Sequence[str], timeframe: str | None, as_of: str, out: Output) -> int:
    """The states of that time and their provenance."""
    moment, workspace = past(as_of), RunWorkspace.open()
    warm()

    def answer(symbol: str) -> tuple[ResultsAsOf, dict[str, StateNow]]:
        instrument = workspace.universe.instrument(symbol)
        # the mean escalation is one of all timeframes, so all are computed
        then = results_as_of(workspace, instrument, moment)
        return then, _states(then, instrument, timeframe)

    answers, problems = answered(symbols, answer)
    documents = {
        symbol: {
            **then.as_json(),
            "states": {name: state_document(now) for name, now in states.items()},
        }
        for symbol, (then, states) in answers.items()
    }
    code = print_answers(symbols, documents, problems, out)
    for then, states in answers.values():
        print_states(then.symbol, states, out, too_few_bars(then.results.values(), timeframe))
        print_provenance(then, out)
    return code


def bars(symbol: str, timeframe: str, *, as_of: str) -> pl.DataFrame:
    """The canonical bars of that time, with a note on stderr."""
    moment, workspace = past(as_of), RunWorkspace.open()
    known = bars_as_of(workspace, workspace.universe.instrument(symbol), timeframe, moment)
    since = "no bars were in force" if known.known_at is None else f"as known {iso(known.known_at)}"
    note = f"{since}; gate: {known.status}; {known.bars.height:,} bars, digest {known.digest[:12]}"
    note += f"; built from {known.derived_from} bars" if known.derived_from else ""
    messages().print(note)
    return known.bars


def print_provenance(then: ResultsAsOf, out: Output) -> None:
    """The time of the bars, and how far the numbers are proven by records of that time."""
    known, provenance = then.known, then.provenance
    bars = ", ".join(f"{name} {series.bars.height:,}" for name, series in known.series.items())
    since = "never" if known.known_at is None else iso(known.known_at)
    out.note(f"as of {iso(then.as_of)}: bars known {since} ({bars})")
    if known.blocked_because:
        out.note(f"newer bars were blocked by the gate: {known.blocked_because}", "yellow")
    out.note(f"eras {then.eras.version}: {then.eras.reason}")
    title, style = PROVENANCE_TITLES[provenance.status]
    out.note(f"{title}: {provenance.reason}", style)


def _states(
    then: ResultsAsOf, instrument: Instrument, timeframe: str | None
) -> dict[str, StateNow]:
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
    short = too_few_bars(then.results.values(), timeframe)
    rows = with_latest_basis(states, ranks).iter_rows(named=True)
    return {
        row["timeframe"]: replace(
            state_now(row, gate, delisted, short=short),
            age=series_age(
                instrument,
                row["timeframe"],
                row["ts"],
                then.as_of,
                built_from=derived.get(row["timeframe"]),
            ),
        )
        for row in rows
        if timeframe in {None, row["timeframe"]}
    }
