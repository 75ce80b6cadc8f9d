"""The command that merges the files of raw logs: compact."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import typer

from regime_platform.cli.options import Json
from regime_platform.cli.selection import Everything, Symbols, SymbolsFile, Tier, asked

if TYPE_CHECKING:
    from regime_platform.pipeline.compaction import CompactOutcome


def compact(
    symbols: Symbols = None,
    everything: Everything = False,
    symbols_file: SymbolsFile = None,
    tier: Tier = None,
    as_json: Json = False,
) -> None:
    """Merge the many small files of raw logs; every revision and fetch time stays."""
    from regime_platform.cli.exits import code_of
    from regime_platform.cli.screen import symbol_progress
    from regime_platform.pipeline.compaction import compact_symbol

    meant = asked(symbols, everything=everything, symbols_file=symbols_file, tier=tier)
    platform, instruments = meant.platform, meant.instruments
    outcomes = []
    with symbol_progress(len(instruments)) as progress:
        for instrument in progress.announcing(instruments):
            outcomes.append(compact_symbol(platform, instrument))
            progress.advance()
    code = code_of(outcomes)
    if as_json:
        _print_json(outcomes, code)
    else:
        _print(outcomes)
    raise typer.Exit(code)


def _print(outcomes: "Sequence[CompactOutcome]") -> None:
    from regime_platform.cli.screen import count, messages, plural, print_table, styled

    told = [one for one in outcomes if one.status != "unchanged"]
    columns = ("symbol", "status", "files merged", "kB freed", "note")
    rows = [
        (
            one.symbol,
            styled(one.status.value),
            count(one.files_merged),
            count(round(one.bytes_freed / 1000)),
            one.reason,
        )
        for one in told
    ]
    if rows:
        print_table(columns, rows, numbers=columns[2:4], folding=("note",))
    merged = sum(one.files_merged for one in outcomes)
    messages().print(f"{plural(len(outcomes), 'symbol')}: {plural(merged, 'file')} merged")


def _print_json(outcomes: "Sequence[CompactOutcome]", code: int) -> None:
    from regime_platform.cli.screen import print_json

    print_json({"exit_code": code, "symbols": [_facts(one) for one in outcomes]})


def _facts(outcome: "CompactOutcome") -> dict[str, Any]:
    return {
        "symbol": outcome.symbol,
        "status": outcome.status.value,
        "reason": outcome.reason,
        "series": [
            {
                "timeframe": one.timeframe,
                "files": one.done.files,
                "bytes_before": one.done.bytes_before,
                "bytes_after": one.done.bytes_after,
                "replaced": dict(one.done.replaced),
            }
            for one in outcome.series
        ],
    }
