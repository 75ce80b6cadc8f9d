"""The whole platform on the bars that ship with it, through the real Dagster graph.

The one command here that imports Dagster for more than its UI.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer

from regime_platform.errors import UsageError
from regime_platform.pipeline.outcomes import WalkOutcome

if TYPE_CHECKING:
    from pathlib import Path

    from regime_platform.model.instruments import Instrument
    from regime_platform.orchestration.launch import LaunchSummary
    from regime_platform.settings import Settings


def demo() -> None:
    """Walk the sample symbols through the Dagster graph, then show the board and write charts."""
    import time

    from regime_platform.cli.charting import tell_pages, write_pages
    from regime_platform.cli.exits import code_of
    from regime_platform.cli.screen import messages
    from regime_platform.cli.warming import warm
    from regime_platform.pipeline.platform import open_platform
    from regime_platform.settings import Settings

    started = time.monotonic()
    settings = Settings()
    platform = open_platform(settings)
    wanted = [one for one in platform.universe.instruments if one.source == "sample"]
    if not wanted:
        raise UsageError(
            "the universe in force has no symbol of source sample; "
            "unset REGIME_UNIVERSE for the demo"
        )
    messages().print(f"data root {platform.root.path}", markup=False, soft_wrap=True)
    warm()
    summary = _materialize(settings, wanted)
    _tell(summary)
    _show([one.symbol for one in wanted])
    pages, problems = write_pages(platform, wanted)
    tell_pages(list(pages.values()))
    for name, reason in problems.items():
        messages().print(f"no page for {name}: {reason}", style="bold red", markup=False)
    _say_what_next(platform.root.path, time.monotonic() - started)
    code = code_of(summary.outcomes, is_complete=summary.is_success)
    raise typer.Exit(code)


def _materialize(settings: "Settings", wanted: "Sequence[Instrument]") -> "LaunchSummary":
    from regime_platform.cli.screen import messages, symbol_progress

    console = messages()
    console.print(
        f"{len(wanted)} symbols through raw_bars > validated_bars > compute_db > manifests "
        "in Dagster"
    )
    with console.status("starting Dagster"):
        from regime_platform.orchestration.launch import materialize_symbols
    symbols = [one.symbol for one in wanted]
    with symbol_progress(len(wanted)) as progress:

        def note(outcome: WalkOutcome) -> None:
            progress.advance(outcome.symbol)
            if not console.is_terminal:  # a log has no bar to look at
                console.print(f"  {outcome.symbol} {outcome.status}")

        return materialize_symbols(settings, symbols, on_event=note)


def _tell(summary: "LaunchSummary") -> None:
    from regime_platform.cli.screen import results
    from regime_platform.cli.walk_report import WalkReport

    if summary.is_unchanged:
        results().print("nothing changed since the last time: nothing fetched, nothing computed")
        return
    WalkReport(summary.outcomes).print(all_rows=False)


def _show(symbols: Sequence[str]) -> None:
    from regime_platform.cli.boards import print_board, rows_of

    print_board(rows_of(symbols))


def _say_what_next(root: "Path", seconds: float) -> None:
    from regime_platform.cli.screen import messages
    from regime_platform.settings import PROJECT_ROOT

    is_own = root != (PROJECT_ROOT / "data").absolute()
    console = messages()
    console.print(f"done in {seconds:.0f} s; the graph and its runs: ", end="", markup=False)
    console.print(f"make ui{f' DATA={root}' if is_own else ''}", style="bold", markup=False)
