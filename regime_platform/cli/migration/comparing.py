"""Output of `regime migrate compare-compute`: per column, equal and different values and why."""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from regime_platform.cli.console.exits import code_of
from regime_platform.cli.console.kernels import warm
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
from regime_platform.errors import RegimeError
from regime_platform.legacy.comparison.compare import compare_compute
from regime_platform.legacy.comparison.outcome import CompareOutcome
from regime_platform.legacy.readers.results import find_results
from regime_platform.model.instruments import Instrument
from regime_platform.pipeline.outcomes import Status
from regime_platform.pipeline.run_workspace import RunWorkspace

_MOST_ROWS = 40
_COLUMNS = ("symbol", "table", "timeframe", "column", "equal", "different", "why")


def compare_all(  # noqa: PLR0913 - what to compare, and how to print it
    workspace: RunWorkspace,
    wanted: Sequence[Instrument],
    place: Path,
    *,
    only_there: bool,
    as_json: bool,
    all_rows: bool,
) -> int:
    """Compare the symbols and print; return the exit code. ``only_there`` skips those without."""
    files = find_results(place.expanduser().resolve())
    if only_there:
        wanted = [instrument for instrument in wanted if instrument.symbol in files]
    warm()
    outcomes = []
    with symbol_progress(len(wanted)) as progress:
        for instrument in progress.announcing(wanted):
            outcomes.append(_compared(workspace, instrument, files.get(instrument.symbol)))
            progress.advance()
    code = code_of(outcomes)
    if as_json:
        print_json({"exit_code": code, "symbols": [outcome.document() for outcome in outcomes]})
    else:
        _print(outcomes, all_rows=all_rows)
    return code


def _compared(workspace: RunWorkspace, instrument: Instrument, path: Path | None) -> CompareOutcome:
    if path is None:
        reason = f"there is no legacy compute.db of {instrument.symbol}"
        return CompareOutcome(instrument.symbol, Status.FAILED, reason=reason)
    try:
        return compare_compute(workspace, instrument, path)
    except (RegimeError, OSError) as error:
        return CompareOutcome(instrument.symbol, Status.FAILED, reason=str(error))


def _print(outcomes: Sequence[CompareOutcome], *, all_rows: bool) -> None:
    rows = [row for outcome in outcomes for row in _rows(outcome, all_rows=all_rows)]
    shown = rows if all_rows else rows[:_MOST_ROWS]
    if shown:
        print_table(_COLUMNS, shown, numbers=("equal", "different"), folding=("why",))
    if len(rows) > len(shown):
        messages().print(f"and {len(rows) - len(shown):,} more; --all-rows shows every column")
    for outcome in outcomes:
        equal = sum(column.equal for column in outcome.columns)
        reasons: Counter[str] = Counter()
        for column in outcome.columns:
            reasons.update(column.different)
        different = ", ".join(f"{name} {values:,}" for name, values in reasons.most_common())
        line = f"{outcome.symbol} {plural(equal, 'value')} equal; different: {different or 'none'}"
        unmatched = ", ".join(f"{name} {number:,}" for name, number in outcome.rows.items())
        if unmatched:
            line += f"; rows of one side: {unmatched}"
        results().print(line, soft_wrap=True)
        if outcome.reason:
            results().print(f"{outcome.symbol} {outcome.reason}", soft_wrap=True)


def _rows(outcome: CompareOutcome, *, all_rows: bool) -> Iterator[tuple[Cell, ...]]:
    for column in outcome.columns:
        if column.different or all_rows:
            reasons = ", ".join(f"{name} {rows:,}" for name, rows in column.different.items())
            name = styled("ok" if not column.different else "note")
            name.plain = column.name
            yield (
                outcome.symbol,
                column.table,
                column.timeframe,
                name,
                count(column.equal),
                count(sum(column.different.values())),
                reasons,
            )
