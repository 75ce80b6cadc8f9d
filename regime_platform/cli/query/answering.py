"""The commands that answer from what is there: state, history, bars."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from regime_platform.cli.console.options import Json

if TYPE_CHECKING:
    import polars as pl

Symbol = Annotated[str, typer.Argument(help="A symbol of the universe, in any case.")]
TimeframeWord = Annotated[str, typer.Argument(help="15min, 1h, 4h, 1day or 1week.")]
Timeframe = Annotated[str | None, typer.Option("--timeframe", help="Only this timeframe.")]
Since = Annotated[str | None, typer.Option("--since", help="First bar, an ISO time (UTC).")]
Until = Annotated[
    str | None, typer.Option("--until", help="The ISO time (UTC) before which to stop.")
]
Last = Annotated[int | None, typer.Option("--last", min=1, help="Number of rows from the end.")]
AsOf = Annotated[
    str | None,
    typer.Option("--as-of", help="Answer as known at this ISO time (UTC)."),
]
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
        from regime_platform.cli.query.past import print_state_as_of

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
    from regime_platform.cli.console.instants import optional_instant
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

    from regime_platform.cli.console.instants import optional_instant
    from regime_platform.cli.query.past import bars_at
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
        messages().print(note, style="yellow", markup=False)


def _output(
    frame: "pl.DataFrame", shown: tuple[str, ...], output: Path | None, as_json: bool
) -> None:
    from regime_platform.cli.console.frames import frame_document, print_frame, write_frame
    from regime_platform.cli.console.screen import messages, plural, print_json

    if output is not None:
        write_frame(frame, output)
        messages().print(f"{plural(frame.height, 'row')} written to {output}", markup=False)
    elif as_json:
        print_json(frame_document(frame))
    else:
        print_frame(frame.select(shown))
