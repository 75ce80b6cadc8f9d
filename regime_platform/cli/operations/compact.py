"""`regime compact`: merges the small files of raw logs."""

from typing import Any

from regime_platform.cli.console.output import Output, code_of
from regime_platform.cli.console.progress import announced
from regime_platform.cli.console.screen import count, plural, styled
from regime_platform.cli.console.selection import SymbolChoice
from regime_platform.operations.compaction import CompactOutcome, compact_symbol


def compact(choice: SymbolChoice, out: Output) -> int:
    workspace, instruments = choice.open()
    outcomes = [compact_symbol(workspace, instrument) for instrument in announced(instruments)]
    code = code_of(outcomes)
    out.document({"exit_code": code, "symbols": [_document(outcome) for outcome in outcomes]})
    columns = ("symbol", "status", "files merged", "kB freed", "note")
    rows = [
        (
            outcome.symbol,
            styled(outcome.status),
            count(outcome.files_merged),
            count(round(outcome.bytes_freed / 1000)),
            outcome.reason,
        )
        for outcome in outcomes
        if outcome.status != "unchanged"
    ]
    if rows:
        out.table(columns, rows, numbers=columns[2:4], folding=("note",))
    merged = sum(outcome.files_merged for outcome in outcomes)
    out.note(f"{plural(len(outcomes), 'symbol')}: {plural(merged, 'file')} merged")
    return code


def _document(outcome: CompactOutcome) -> dict[str, Any]:
    return {
        "symbol": outcome.symbol,
        "status": outcome.status.value,
        "reason": outcome.reason,
        "series": [
            {
                "timeframe": timeframe,
                "files": done.files,
                "bytes_before": done.bytes_before,
                "bytes_after": done.bytes_after,
                "replaced": dict(done.replaced),
            }
            for timeframe, done in outcome.series.items()
        ],
    }
