"""`regime demo`: the sample bars through the real Dagster graph, to a board and charts."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer

from regime_platform.errors import UsageError
from regime_platform.pipeline.outcomes import SymbolOutcome

if TYPE_CHECKING:
    from pathlib import Path

    from regime_platform.model.instruments import Instrument
    from regime_platform.orchestration.instance.launch import LaunchSummary
    from regime_platform.settings import Settings


def demo() -> None:
    """Run the sample symbols through the Dagster graph, show the board and write charts."""
    import time

    from regime_platform.cli.console.exits import code_of
    from regime_platform.cli.console.kernels import warm
    from regime_platform.cli.console.screen import messages
    from regime_platform.cli.query.board import print_pages, write_pages
    from regime_platform.pipeline.run_workspace import RunWorkspace
    from regime_platform.settings import Settings

    started = time.monotonic()
    settings = Settings()
    workspace = RunWorkspace.open(settings)
    wanted = [
        instrument for instrument in workspace.universe.instruments if instrument.source == "sample"
    ]
    if not wanted:
        raise UsageError(
            "the universe in force has no symbol of source sample; "
            "unset REGIME_UNIVERSE for the demo",
            code="no-sample-symbols",
        )
    messages().print(f"data root {workspace.root.path}", soft_wrap=True)
    warm()
    summary = _materialize(settings, wanted)
    _print_outcomes(summary)
    _show([instrument.symbol for instrument in wanted])
    pages, problems = write_pages(workspace, wanted)
    print_pages(list(pages.values()))
    for name, reason in problems.items():
        messages().print(f"no page for {name}: {reason}", style="bold red")
    _print_next_step(workspace.root.path, time.monotonic() - started)
    code = code_of(summary.outcomes, is_complete=summary.is_success)
    raise typer.Exit(code)


def _materialize(settings: "Settings", wanted: "Sequence[Instrument]") -> "LaunchSummary":
    from regime_platform.cli.console.screen import messages, symbol_progress

    console = messages()
    console.print(
        f"running {len(wanted)} symbols through raw_bars > validated_bars > compute_db > manifests "
        "in Dagster"
    )
    with console.status("starting Dagster"):
        from regime_platform.orchestration.instance.launch import materialize_symbols
    symbols = [instrument.symbol for instrument in wanted]
    with symbol_progress(len(wanted)) as progress:

        def report(outcome: SymbolOutcome) -> None:
            progress.advance(outcome.symbol)
            if not console.is_terminal:  # a log shows no progress bar
                console.print(f"  {outcome.symbol} {outcome.status}")

        return materialize_symbols(settings, symbols, on_event=report)


def _print_outcomes(summary: "LaunchSummary") -> None:
    from regime_platform.cli.console.screen import results
    from regime_platform.cli.pipeline.run import RunReport

    if summary.is_unchanged:
        results().print("nothing changed since the last run: nothing fetched, nothing computed")
        return
    RunReport(summary.outcomes).print(all_rows=False)


def _show(symbols: Sequence[str]) -> None:
    from regime_platform.cli.query.board import print_board, rows_of

    print_board(rows_of(symbols))


def _print_next_step(root: "Path", seconds: float) -> None:
    from regime_platform.cli.console.screen import messages
    from regime_platform.settings import PROJECT_ROOT

    is_own = root != (PROJECT_ROOT / "data").absolute()
    console = messages()
    console.print(f"done in {seconds:.0f} s; the graph and its runs: ", end="")
    console.print(f"make ui{f' DATA={root}' if is_own else ''}", style="bold")
