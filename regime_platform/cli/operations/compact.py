"""`regime compact`: merges the small files of raw logs."""

from collections.abc import Sequence
from typing import Any

import typer

from regime_platform.cli.console.exits import code_of
from regime_platform.cli.console.options import Json
from regime_platform.cli.console.screen import (
    count,
    messages,
    plural,
    print_json,
    print_table,
    styled,
    symbol_progress,
)
from regime_platform.cli.console.selection import SymbolChoice, chooses_symbols
from regime_platform.operations.compaction import CompactOutcome, compact_symbol


@chooses_symbols
def compact(
    choice: SymbolChoice,
    *,
    as_json: Json = False,
) -> None:
    """Merge the small files of raw logs; every revision and fetch time is kept."""
    selection = choice.open()
    workspace, instruments = selection.workspace, selection.instruments
    outcomes = []
    with symbol_progress(len(instruments)) as progress:
        for instrument in progress.announcing(instruments):
            outcomes.append(compact_symbol(workspace, instrument))
            progress.advance()
    code = code_of(outcomes)
    if as_json:
        _print_json(outcomes, code)
    else:
        _print(outcomes)
    raise typer.Exit(code)


def _print(outcomes: Sequence[CompactOutcome]) -> None:
    changed = [outcome for outcome in outcomes if outcome.status != "unchanged"]
    columns = ("symbol", "status", "files merged", "kB freed", "note")
    rows = [
        (
            outcome.symbol,
            styled(outcome.status.value),
            count(outcome.files_merged),
            count(round(outcome.bytes_freed / 1000)),
            outcome.reason,
        )
        for outcome in changed
    ]
    if rows:
        print_table(columns, rows, numbers=columns[2:4], folding=("note",))
    merged = sum(outcome.files_merged for outcome in outcomes)
    messages().print(f"{plural(len(outcomes), 'symbol')}: {plural(merged, 'file')} merged")


def _print_json(outcomes: Sequence[CompactOutcome], code: int) -> None:
    print_json({"exit_code": code, "symbols": [_document(outcome) for outcome in outcomes]})


def _document(outcome: CompactOutcome) -> dict[str, Any]:
    return {
        "symbol": outcome.symbol,
        "status": outcome.status.value,
        "reason": outcome.reason,
        "series": [
            {
                "timeframe": series.timeframe,
                "files": series.done.files,
                "bytes_before": series.done.bytes_before,
                "bytes_after": series.done.bytes_after,
                "replaced": dict(series.done.replaced),
            }
            for series in outcome.series
        ],
    }
