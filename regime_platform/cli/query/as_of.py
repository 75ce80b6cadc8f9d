"""`regime state` and `bars` with `--as-of`: answers as known at a past moment."""

from collections.abc import Sequence

import polars as pl

from regime_platform.audit.as_of import bars_as_of
from regime_platform.audit.provenance import ProvenanceStatus
from regime_platform.audit.results_as_of import ResultsAsOf, results_as_of
from regime_platform.audit.states_as_of import states_as_of
from regime_platform.cli.console.clock import past
from regime_platform.cli.console.kernels import warm
from regime_platform.cli.console.output import Output
from regime_platform.cli.console.screen import messages
from regime_platform.cli.query.answers import answered, print_answers
from regime_platform.cli.query.state_view import print_states
from regime_platform.model.instants import iso
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.query.states import StateNow, state_document, too_few_bars

#: Status of the provenance -> as shown, and its style.
PROVENANCE_TITLES = {
    ProvenanceStatus.PROVEN: ("proven", "green"),
    ProvenanceStatus.SAME_TERMS: ("same code and parameters", ""),
    ProvenanceStatus.OTHER_TERMS: ("other code or parameters", "yellow"),
    ProvenanceStatus.UNRECORDED: ("unrecorded", "yellow"),
    ProvenanceStatus.DIFFERENT: ("different", "bold red"),
    ProvenanceStatus.UNKNOWN: ("failed", "bold red"),
}


def state(
    symbols: Sequence[str], timeframes: Sequence[str], as_of: str, out: Output, *, is_single: bool
) -> int:
    """The states of that time and their provenance."""
    moment, workspace = past(as_of), RunWorkspace.open()
    warm()

    def answer(symbol: str) -> tuple[ResultsAsOf, dict[str, StateNow]]:
        instrument = workspace.universe.instrument(symbol)
        # the mean escalation is one of all timeframes, so all are computed
        then = results_as_of(workspace, instrument, moment)
        return then, states_as_of(then, instrument, timeframes)

    answers, problems = answered(symbols, answer, is_single=is_single)
    documents = {
        symbol: {
            **then.as_json(),
            "states": {name: state_document(now) for name, now in states.items()},
        }
        for symbol, (then, states) in answers.items()
    }
    code = print_answers(documents, problems, out, is_single=is_single)
    for then, states in answers.values():
        short = too_few_bars(then.results.values(), timeframes)
        print_states(then.symbol, states, out, short, is_short=not is_single)
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
