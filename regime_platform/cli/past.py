"""What the platform knew and would have said at a moment of the past, for `--as-of`."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import polars as pl

    from regime_platform.model.instruments import Instrument
    from regime_platform.pipeline.platform import Platform
    from regime_platform.pipeline.results_as_of import ResultsAsOf
    from regime_platform.query.states import StateNow


def tell_state(symbol: str, timeframe: str | None, as_of: str, *, as_json: bool) -> None:
    """`regime state --as-of`: the states of then, and by what they are backed."""
    from regime_platform.cli.clock import past
    from regime_platform.cli.screen import print_json
    from regime_platform.cli.state_view import print_states
    from regime_platform.cli.warming import warm
    from regime_platform.model.timeframes import canonical_timeframe
    from regime_platform.pipeline.results_as_of import results_as_of

    wanted = None if timeframe is None else canonical_timeframe(timeframe)
    moment, platform = past(as_of), _platform()
    instrument = platform.universe.instrument(symbol)
    warm()
    # the consensus is one of all timeframes, so all are computed whatever is shown
    then = results_as_of(platform, instrument, moment)
    states = {
        name: one for name, one in _states(then, instrument).items() if wanted in {None, name}
    }
    if as_json:
        told = {name: one.facts() for name, one in states.items()}
        print_json({**then.facts(), "states": told})
        return
    print_states(then.symbol, states)
    print_terms(then.facts())


def bars_then(symbol: str, timeframe: str, as_of: str) -> "pl.DataFrame":
    """`regime bars --as-of`: the canonical bars of then; says on stderr since when they were."""
    from regime_platform.cli.clock import past
    from regime_platform.cli.screen import messages
    from regime_platform.model.series import iso
    from regime_platform.model.timeframes import canonical_timeframe
    from regime_platform.pipeline.as_of import bars_as_of

    moment, platform = past(as_of), _platform()
    instrument = platform.universe.instrument(symbol)
    known = bars_as_of(platform, instrument, canonical_timeframe(timeframe), moment)
    since = "nothing was in force" if known.known_at is None else f"as known {iso(known.known_at)}"
    told = f"{since}; gate: {known.status}; {known.bars.height:,} bars, digest {known.digest[:12]}"
    messages().print(told, markup=False)
    return known.bars


def print_terms(facts: Mapping[str, Any]) -> None:
    """Of which time the bars are, and how far the numbers are backed by what was recorded."""
    from regime_platform.cli.screen import messages

    console = messages()
    bars = ", ".join(f"{name} {one['count']:,}" for name, one in facts["bars"].items())
    told = f"as of {facts['as_of']}: bars known {facts['known_at']} ({bars})"
    console.print(told, markup=False, soft_wrap=True)
    if facts["held_back"]:
        told = f"newer bars were held back by the gate: {facts['held_back']}"
        console.print(told, style="yellow", markup=False, soft_wrap=True)
    console.print(f"eras {facts['eras']['version']}: {facts['eras']['reason']}", markup=False)
    terms = facts["terms"]
    style = _STANDING_STYLES.get(terms["standing"], "")
    standing = terms["standing"].replace("_", " ")
    console.print(f"{standing}: {terms['reason']}", style=style, markup=False, soft_wrap=True)


_STANDING_STYLES = {"proven": "green", "same_terms": "", "different": "bold red"} | dict.fromkeys(
    ("other_terms", "unrecorded"), "yellow"
)


def _states(then: "ResultsAsOf", instrument: "Instrument") -> "dict[str, StateNow]":
    from regime_platform.compute.results import latest_state
    from regime_platform.query.states import state_now

    is_gone = instrument.delisted and instrument.delisted <= f"{then.as_of:%Y-%m-%d}"
    delisted = instrument.delisted if is_gone else ""
    rows = latest_state(then.results).iter_rows(named=True)
    return {row["timeframe"]: state_now(row, then.known.held_back, delisted) for row in rows}


def _platform() -> "Platform":
    from regime_platform.pipeline.platform import open_platform
    from regime_platform.settings import Settings

    return open_platform(Settings())
