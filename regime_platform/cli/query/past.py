"""The answers of `--as-of`: states and bars as known at a past moment."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import polars as pl

    from regime_platform.audit.results_as_of import ResultsAsOf
    from regime_platform.model.instruments import Instrument
    from regime_platform.query.states import StateNow


def print_state_as_of(symbol: str, timeframe: str | None, as_of: str, *, as_json: bool) -> None:
    """`regime state --as-of`: the states of that time and their provenance."""
    from regime_platform.audit.results_as_of import results_as_of
    from regime_platform.cli.console.clock import past
    from regime_platform.cli.console.screen import print_json
    from regime_platform.cli.pipeline.warming import warm
    from regime_platform.cli.query.state_view import print_states
    from regime_platform.model.timeframes import canonical_timeframe
    from regime_platform.pipeline.platform import RunWorkspace
    from regime_platform.query.states import state_document

    wanted = None if timeframe is None else canonical_timeframe(timeframe)
    moment, workspace = past(as_of), RunWorkspace.open()
    instrument = workspace.universe.instrument(symbol)
    warm()
    # the mean escalation is one of all timeframes, so all are computed
    then = results_as_of(workspace, instrument, moment)
    states = {
        name: state for name, state in _states(then, instrument).items() if wanted in {None, name}
    }
    if as_json:
        documents = {name: state_document(state) for name, state in states.items()}
        print_json({**then.facts(), "states": documents})
        return
    print_states(then.symbol, states)
    print_provenance(then.facts())


def bars_at(symbol: str, timeframe: str, as_of: str) -> "pl.DataFrame":
    """`regime bars --as-of`: the canonical bars of that time, with a note on stderr."""
    from regime_platform.audit.as_of import bars_as_of
    from regime_platform.cli.console.clock import past
    from regime_platform.cli.console.screen import messages
    from regime_platform.model.series import iso
    from regime_platform.model.timeframes import canonical_timeframe
    from regime_platform.pipeline.platform import RunWorkspace

    moment, workspace = past(as_of), RunWorkspace.open()
    instrument = workspace.universe.instrument(symbol)
    known = bars_as_of(workspace, instrument, canonical_timeframe(timeframe), moment)
    since = "no bars were in force" if known.known_at is None else f"as known {iso(known.known_at)}"
    note = f"{since}; gate: {known.status}; {known.bars.height:,} bars, digest {known.digest[:12]}"
    messages().print(note, markup=False)
    return known.bars


def print_provenance(facts: Mapping[str, Any]) -> None:
    """The time of the bars, and how far the numbers are proven by records of that time."""
    from regime_platform.cli.console.screen import messages

    console = messages()
    bars = ", ".join(f"{name} {series['count']:,}" for name, series in facts["bars"].items())
    known = f"as of {facts['as_of']}: bars known {facts['known_at']} ({bars})"
    console.print(known, markup=False, soft_wrap=True)
    if facts["held_back"]:
        blocked = f"newer bars were blocked by the gate: {facts['held_back']}"
        console.print(blocked, style="yellow", markup=False, soft_wrap=True)
    console.print(f"eras {facts['eras']['version']}: {facts['eras']['reason']}", markup=False)
    provenance = facts["terms"]
    style = _STATUS_STYLES.get(provenance["standing"], "")
    status = provenance["standing"].replace("_", " ")
    console.print(f"{status}: {provenance['reason']}", style=style, markup=False, soft_wrap=True)


_STATUS_STYLES = {"proven": "green", "same_terms": "", "different": "bold red"} | dict.fromkeys(
    ("other_terms", "unrecorded"), "yellow"
)


def _states(then: "ResultsAsOf", instrument: "Instrument") -> "dict[str, StateNow]":
    from regime_platform.compute.results import latest_state
    from regime_platform.query.states import state_now

    is_gone = instrument.delisted and instrument.delisted <= f"{then.as_of:%Y-%m-%d}"
    delisted = instrument.delisted if is_gone else ""
    rows = latest_state(then.results).iter_rows(named=True)
    return {row["timeframe"]: state_now(row, then.known.held_back, delisted) for row in rows}
