"""`regime migrate compare-compute`: per column, equal and different values and why."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

from regime_platform.cli.console.kernels import warm
from regime_platform.cli.console.output import LongOutput, code_of
from regime_platform.cli.console.progress import announced
from regime_platform.cli.console.screen import Cell, count, plural, styled
from regime_platform.cli.console.selection import SymbolChoice
from regime_platform.cli.migration.migrate import Origin
from regime_platform.cli.migration.report import words
from regime_platform.errors import RegimeError
from regime_platform.legacy import comparison
from regime_platform.legacy.comparison import CompareOutcome
from regime_platform.legacy.results import find_results
from regime_platform.model.instruments import Instrument
from regime_platform.pipeline.outcomes import Status
from regime_platform.pipeline.run_workspace import RunWorkspace

_COLUMNS = ("symbol", "table", "timeframe", "column", "equal", "different", "why")


def compare_compute(choice: SymbolChoice, origin: Origin, out: LongOutput) -> int:
    workspace, wanted = choice.open()
    files = find_results(origin.expanduser().resolve())
    if choice.everything:
        wanted = tuple(instrument for instrument in wanted if instrument.symbol in files)
    warm()
    outcomes = [
        _compared(workspace, instrument, files.get(instrument.symbol))
        for instrument in announced(wanted)
    ]
    code = code_of(outcomes)
    out.document({"exit_code": code, "symbols": list(map(asdict, outcomes))})
    _print(outcomes, out)
    return code


def _compared(workspace: RunWorkspace, instrument: Instrument, path: Path | None) -> CompareOutcome:
    if path is None:
        reason = f"there is no legacy compute.db of {instrument.symbol}"
        return CompareOutcome(instrument.symbol, Status.FAILED, reason=reason)
    try:
        return comparison.compare_compute(workspace, instrument, path)
    except (RegimeError, OSError) as error:
        return CompareOutcome(instrument.symbol, Status.FAILED, reason=str(error))


def _print(outcomes: Sequence[CompareOutcome], out: LongOutput) -> None:
    rows = [row for outcome in outcomes for row in _rows(outcome, out)]
    shown = out.shown(rows)
    if shown:
        out.table(_COLUMNS, shown, numbers=("equal", "different"), folding=("why",))
    out.cut(len(rows) - len(shown), "column")
    for outcome in outcomes:
        equal = sum(column.equal for column in outcome.columns)
        reasons: Counter[str] = Counter()
        for column in outcome.columns:
            reasons.update(column.different)
        different = words(dict(reasons.most_common())) or "none"
        line = f"{outcome.symbol} {plural(equal, 'value')} equal; different: {different}"
        unmatched = words(outcome.rows_of_one_side)
        out.line(f"{line}; rows of one side: {unmatched}" if unmatched else line)
        if outcome.reason:
            out.line(f"{outcome.symbol} {outcome.reason}")


def _rows(outcome: CompareOutcome, out: LongOutput) -> Iterator[tuple[Cell, ...]]:
    for column in outcome.columns:
        if column.different or out.all_rows:
            name = styled("note" if column.different else "ok")
            name.plain = column.column
            yield (
                outcome.symbol,
                column.table,
                column.timeframe,
                name,
                count(column.equal),
                count(sum(column.different.values())),
                words(column.different),
            )
