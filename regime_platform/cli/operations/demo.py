"""`regime demo`: the sample bars through the real Dagster graph, to a board and charts."""

import time
from collections.abc import Sequence

from regime_platform.cli.console.clock import Clock
from regime_platform.cli.console.kernels import warm
from regime_platform.cli.console.output import LongOutput, Output
from regime_platform.cli.console.progress import counter
from regime_platform.cli.console.screen import messages
from regime_platform.cli.pipeline.run import (
    code_of_run,
    outcome_document,
    print_outcomes,
    summary,
)
from regime_platform.cli.query.board_table import print_board
from regime_platform.cli.query.charts import pages_document, print_pages, write_pages
from regime_platform.errors import UsageError
from regime_platform.model.instruments import Instrument
from regime_platform.orchestration.instance.launch import LaunchSummary, materialize_symbols
from regime_platform.pipeline.outcomes import SymbolOutcome
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.query.board import BoardFilter, board
from regime_platform.settings import PROJECT_ROOT, Settings


def demo(out: Output) -> int:
    started = time.monotonic()
    settings = Settings()
    workspace = RunWorkspace.open(settings)
    wanted = _wanted(workspace)
    out.note(f"data root {workspace.root.path}")
    warm()
    symbols = [instrument.symbol for instrument in wanted]
    launched = _materialize(settings, symbols)
    is_unchanged = launched.is_unchanged
    code = code_of_run(launched.outcomes, is_complete=launched.is_success)
    if is_unchanged:
        out.line("nothing changed since the last run: nothing fetched, nothing computed")
    else:
        print_outcomes(launched.outcomes, LongOutput(out.as_json))
        out.note(summary(launched.outcomes))
    pages, problems = write_pages(workspace, wanted, Clock().moment())
    print_board(board(BoardFilter(symbols)), LongOutput(out.as_json, all_rows=True))
    print_pages(pages, problems, out)
    out.document(
        {
            "exit_code": code,
            "is_unchanged": is_unchanged,
            "symbols": [outcome_document(outcome) for outcome in launched.outcomes],
            **pages_document(pages, problems),
        }
    )
    is_own = workspace.root.path != (PROJECT_ROOT / "data").absolute()
    ui = f"make ui{f' DATA={workspace.root.path}' if is_own else ''}"
    out.note(f"done in {time.monotonic() - started:.0f} s; the graph and its runs: {ui}")
    return code


def _wanted(workspace: RunWorkspace) -> list[Instrument]:
    wanted = [
        instrument for instrument in workspace.universe.instruments if instrument.source == "sample"
    ]
    if not wanted:
        raise UsageError(
            "the universe in force has no symbol of source sample; "
            "unset REGIME_UNIVERSE for the demo",
            code="no-sample-symbols",
        )
    return wanted


def _materialize(settings: Settings, symbols: Sequence[str]) -> LaunchSummary:
    console = messages()
    console.print(
        f"running {len(symbols)} symbols through raw_bars > validated_bars > compute_db > "
        "manifests in Dagster"
    )
    with counter(len(symbols)) as count:

        def report(outcome: SymbolOutcome) -> None:
            count(outcome.symbol)
            if not console.is_terminal:  # a log shows no progress bar
                console.print(f"  {outcome.symbol} {outcome.status}")

        return materialize_symbols(settings, symbols, on_event=report)
