"""`regime state`, `history` and `bars`, now or with `--as-of` a past moment."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from regime_platform.cli.console.options import AsOf, Json, Symbol

if TYPE_CHECKING:
    import polars as pl
if TYPE_CHECKING:
    import polars as pl

    from regime_platform.audit.results_as_of import ResultsAsOf
    from regime_platform.model.instruments import Instrument
    from regime_platform.query.states import StateNow

TimeframeWord = Annotated[str, typer.Argument(help="15min, 1h, 4h, 1day or 1week.")]
Timeframe = Annotated[str | None, typer.Option("--timeframe", help="Only this timeframe.")]
Since = Annotated[str | None, typer.Option("--since", help="First bar, an ISO time (UTC).")]
Until = Annotated[
    str | None, typer.Option("--until", help="The ISO time (UTC) before which to stop.")
]
Last = Annotated[int | None, typer.Option("--last", min=1, help="Number of rows from the end.")]
Output = Annotated[
    Path | None, typer.Option("--output", help="Write all columns to this .csv or .parquet file.")
]

_TAIL = 20  # rows shown by default
_HISTORY = ("ts", "price", "regime_label", "regime_bias", "confidence", "esc_pctl", "esc_bucket")


def state(
    symbol: Symbol, timeframe: Timeframe = None, as_of: AsOf = None, as_json: Json = False
) -> None:
    """Show the regime of a symbol, since when and why; with --as-of, as known at that time."""
    if as_of is not None:
        from regime_platform.cli.query.answers import print_state_as_of

        print_state_as_of(symbol, timeframe, as_of, as_json=as_json)
        return
    from regime_platform.cli.console.screen import print_json
    from regime_platform.cli.query.state_view import print_states
    from regime_platform.query.states import state as latest
    from regime_platform.query.states import state_document

    states = latest(symbol, timeframe)
    if as_json:
        print_json({name: state_document(state_now) for name, state_now in states.items()})
        return
    print_states(symbol.upper(), states)


def history(  # noqa: PLR0913, PLR0917 - one parameter per option
    symbol: Symbol,
    timeframe: TimeframeWord,
    since: Since = None,
    until: Until = None,
    last: Last = None,
    labels: Annotated[
        bool, typer.Option("--labels", help="Add the forward labels, which look ahead.")
    ] = False,
    output: Output = None,
    as_json: Json = False,
) -> None:
    """Show or export the regime and escalation of every bar."""
    from regime_platform.cli.console.clock import optional_instant
    from regime_platform.query.series import history as rows

    is_open = since is None and until is None and output is None and not as_json
    frame = rows(
        symbol,
        timeframe,
        start=optional_instant("--since", since),
        end=optional_instant("--until", until),
        last=last or (_TAIL if is_open else None),
        labels=labels,
    )
    _output(frame, _HISTORY, output, as_json)
    _print_delisted(symbol)


def bars(  # noqa: PLR0913, PLR0917 - one parameter per option
    symbol: Symbol,
    timeframe: TimeframeWord,
    since: Since = None,
    until: Until = None,
    last: Last = None,
    as_of: AsOf = None,
    output: Output = None,
    as_json: Json = False,
) -> None:
    """Show or export the canonical bars of a series; with --as-of, as known at that time."""
    import polars as pl

    from regime_platform.cli.console.clock import optional_instant
    from regime_platform.query.series import bars as scan

    start, end = optional_instant("--since", since), optional_instant("--until", until)
    rows = scan(symbol, timeframe) if as_of is None else bars_at(symbol, timeframe, as_of).lazy()
    if start is not None:
        rows = rows.filter(pl.col("ts") >= start)
    if end is not None:
        rows = rows.filter(pl.col("ts") < end)
    is_open = start is None and end is None and output is None and not as_json
    wanted = last or (_TAIL if is_open else None)
    frame = (rows if wanted is None else rows.tail(wanted)).collect()
    _output(frame, tuple(frame.columns), output, as_json)
    _print_delisted(symbol)


def _print_delisted(symbol: str) -> None:
    from regime_platform.cli.console.screen import messages
    from regime_platform.workspace import Workspace

    instrument, _ = Workspace.open().find(symbol)
    if instrument.delisted:
        note = f"{instrument.symbol} is delisted since {instrument.delisted}: no newer bars"
        messages().print(note, style="yellow")


def _output(
    frame: "pl.DataFrame", shown: tuple[str, ...], output: Path | None, as_json: bool
) -> None:
    from regime_platform.cli.console.frames import frame_document, print_frame, write_frame
    from regime_platform.cli.console.screen import messages, plural, print_json

    if output is not None:
        write_frame(frame, output)
        messages().print(f"{plural(frame.height, 'row')} written to {output}")
    elif as_json:
        print_json(frame_document(frame))
    else:
        print_frame(frame.select(shown))


def print_state_as_of(symbol: str, timeframe: str | None, as_of: str, *, as_json: bool) -> None:
    """`regime state --as-of`: the states of that time and their provenance."""
    from regime_platform.audit.documents import results_as_of_document
    from regime_platform.audit.results_as_of import results_as_of
    from regime_platform.cli.console.clock import past
    from regime_platform.cli.console.kernels import warm
    from regime_platform.cli.console.screen import print_json
    from regime_platform.cli.query.state_view import print_states
    from regime_platform.model.timeframes import canonical_timeframe
    from regime_platform.pipeline.run_workspace import RunWorkspace
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
        print_json({**results_as_of_document(then), "states": documents})
        return
    print_states(then.symbol, states)
    print_provenance(then)


def bars_at(symbol: str, timeframe: str, as_of: str) -> "pl.DataFrame":
    """`regime bars --as-of`: the canonical bars of that time, with a note on stderr."""
    from regime_platform.audit.as_of import bars_as_of
    from regime_platform.cli.console.clock import past
    from regime_platform.cli.console.screen import messages
    from regime_platform.model.instants import iso
    from regime_platform.model.timeframes import canonical_timeframe
    from regime_platform.pipeline.run_workspace import RunWorkspace

    moment, workspace = past(as_of), RunWorkspace.open()
    instrument = workspace.universe.instrument(symbol)
    known = bars_as_of(workspace, instrument, canonical_timeframe(timeframe), moment)
    since = "no bars were in force" if known.known_at is None else f"as known {iso(known.known_at)}"
    note = f"{since}; gate: {known.status}; {known.bars.height:,} bars, digest {known.digest[:12]}"
    messages().print(note)
    return known.bars


def print_provenance(then: "ResultsAsOf") -> None:
    """The time of the bars, and how far the numbers are proven by records of that time."""
    from regime_platform.cli.console.screen import messages
    from regime_platform.model.instants import iso

    console, known, provenance = messages(), then.known, then.provenance
    bars = ", ".join(f"{name} {series.bars.height:,}" for name, series in known.series.items())
    since = "never" if known.known_at is None else iso(known.known_at)
    console.print(f"as of {iso(then.as_of)}: bars known {since} ({bars})", soft_wrap=True)
    if known.blocked_because:
        blocked = f"newer bars were blocked by the gate: {known.blocked_because}"
        console.print(blocked, style="yellow", soft_wrap=True)
    console.print(f"eras {then.eras.version}: {then.eras.reason}")
    title, style = PROVENANCE_TITLES[provenance.status.value]
    console.print(f"{title}: {provenance.reason}", style=style, soft_wrap=True)


#: Status of the provenance in JSON documents -> as shown, and its style.
PROVENANCE_TITLES = {
    "proven": ("proven", "green"),
    "same_terms": ("same code and parameters", ""),
    "other_terms": ("other code or parameters", "yellow"),
    "unrecorded": ("unrecorded", "yellow"),
    "different": ("different", "bold red"),
    "unknown": ("failed", "bold red"),
}


def _states(then: "ResultsAsOf", instrument: "Instrument") -> "dict[str, StateNow]":
    from regime_platform.compute.results import latest_state
    from regime_platform.query.states import state_now

    is_gone = instrument.delisted and instrument.delisted <= f"{then.as_of:%Y-%m-%d}"
    delisted = instrument.delisted if is_gone else ""
    rows = latest_state(then.results).iter_rows(named=True)
    return {row["timeframe"]: state_now(row, then.known.blocked_because, delisted) for row in rows}
