"""What `regime migrate compare-compute` tells: per table and column, equal or different and why."""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from regime_platform.cli.console.screen import (
    Cell,
    count,
    messages,
    plural,
    print_json,
    print_table,
    results,
    styled,
    symbol_progress,
)
from regime_platform.cli.exits import code_of
from regime_platform.cli.pipeline.warming import warm
from regime_platform.errors import RegimeError
from regime_platform.legacy.comparison.compare_compute import compare_compute
from regime_platform.legacy.comparison.compare_outcome import CompareOutcome
from regime_platform.legacy.readers.results import find_results
from regime_platform.model.instruments import Instrument
from regime_platform.pipeline.outcomes import Status
from regime_platform.pipeline.platform import RunWorkspace

_MOST_ROWS = 40
_COLUMNS = ("symbol", "table", "timeframe", "column", "equal", "different", "why")


def compare_all(  # noqa: PLR0913 - what to compare, and how to tell it
    workspace: RunWorkspace,
    wanted: Sequence[Instrument],
    place: Path,
    *,
    only_there: bool,
    as_json: bool,
    all_rows: bool,
) -> int:
    """Compares the symbols and prints; the exit code. ``only_there`` passes over those without."""
    found = find_results(place.expanduser().resolve())
    if only_there:
        wanted = [one for one in wanted if one.symbol in found]
    warm()
    outcomes = []
    with symbol_progress(len(wanted)) as progress:
        for instrument in progress.announcing(wanted):
            outcomes.append(_compared(workspace, instrument, found.get(instrument.symbol)))
            progress.advance()
    code = code_of(outcomes)
    if as_json:
        print_json({"exit_code": code, "symbols": [outcome.facts() for outcome in outcomes]})
    else:
        _print(outcomes, all_rows=all_rows)
    return code


def _compared(workspace: RunWorkspace, instrument: Instrument, path: Path | None) -> CompareOutcome:
    if path is None:
        reason = f"there is no old compute.db of {instrument.symbol}"
        return CompareOutcome(instrument.symbol, Status.FAILED, reason=reason)
    try:
        return compare_compute(workspace, instrument, path)
    except (RegimeError, OSError) as error:
        return CompareOutcome(instrument.symbol, Status.FAILED, reason=str(error))


def _print(outcomes: Sequence[CompareOutcome], *, all_rows: bool) -> None:
    rows = [row for one in outcomes for row in _rows(one, all_rows=all_rows)]
    shown = rows if all_rows else rows[:_MOST_ROWS]
    if shown:
        print_table(_COLUMNS, shown, numbers=("equal", "different"), folding=("why",))
    if len(rows) > len(shown):
        messages().print(f"and {len(rows) - len(shown):,} more; --all-rows shows every column")
    for outcome in outcomes:
        equal = sum(column.equal for column in outcome.columns)
        why: Counter[str] = Counter()
        for column in outcome.columns:
            why.update(column.different)
        told = ", ".join(f"{name} {values:,}" for name, values in why.most_common())
        line = f"{outcome.symbol} {plural(equal, 'value')} equal; different: {told or 'none'}"
        alone = ", ".join(f"{name} {number:,}" for name, number in outcome.rows.items())
        results().print(line + (f"; rows of one side: {alone}" if alone else ""), soft_wrap=True)
        if outcome.reason:
            results().print(f"{outcome.symbol} {outcome.reason}", markup=False, soft_wrap=True)


def _rows(outcome: CompareOutcome, *, all_rows: bool) -> Iterator[tuple[Cell, ...]]:
    for column in outcome.columns:
        if column.different or all_rows:
            why = ", ".join(f"{name} {rows:,}" for name, rows in column.different.items())
            style = styled("ok" if not column.different else "note")
            style.plain = column.name
            yield (
                outcome.symbol,
                column.table,
                column.timeframe,
                style,
                count(column.equal),
                count(sum(column.different.values())),
                why,
            )
