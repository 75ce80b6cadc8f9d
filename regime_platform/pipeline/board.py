"""The latest state of every symbol on one board, kept in step with the results.

A run may have been killed between the two, so every run makes those rows again, of any symbol,
whose files have another size or time.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from regime_platform.bar_store.layout import DataRoot, SymbolPaths
from regime_platform.bar_store.verdicts import read_verdict
from regime_platform.compute_db.board import ADDED, BOARD_SCHEMA, readable_board, update_board
from regime_platform.compute_db.connection import FileInUseError, write_ahead_log
from regime_platform.errors import RegimeError, ResultsError, failure_reason
from regime_platform.model.bar_schema import PromotedBars
from regime_platform.model.digests import document_digest
from regime_platform.model.instruments import Instrument
from regime_platform.pipeline.board_reasons import reason_of_outcome, standing_reason
from regime_platform.pipeline.board_results import NO_RESULTS, results_shown, without_results
from regime_platform.pipeline.outcomes import Status, SymbolOutcome
from regime_platform.validation.finding_counts import counts_of, findings_of, warning_rules
from regime_platform.validation.gate import BLOCKED
from regime_platform.workspace import Workspace


def refresh_board(workspace: Workspace, outcomes: Sequence[SymbolOutcome]) -> bool:
    """Updates the rows of what a run changed and all whose files changed; False if none had to."""
    known = shown_rows(readable_board(workspace.root))
    reasons = {}
    for outcome in outcomes:
        if outcome.status is not Status.NOT_REACHED:
            instrument, paths = workspace.find(outcome.symbol)
            shown = known.get(outcome.symbol)
            before = None if shown is None else shown.held_back
            reasons[outcome.symbol] = reason_of_outcome(paths, instrument, outcome, before)
    computed = {
        outcome.symbol
        for outcome in outcomes
        if outcome.compute is not None and outcome.compute.status is Status.DONE
    }
    wanted: dict[str, str | None] = {}
    for instrument in workspace.universe.instruments:
        symbol, shown = instrument.symbol, known.get(instrument.symbol)
        is_same = symbol not in reasons or (
            shown is not None and shown.held_back == reasons[symbol] and symbol not in computed
        )
        if is_same and not is_outdated(workspace.root, instrument, shown):
            continue
        if symbol in reasons:
            wanted[symbol] = reasons[symbol]
        elif shown is not None and shown.made_from is None:  # a board of an earlier release
            wanted[symbol] = shown.held_back
        else:
            wanted[symbol] = standing_reason(workspace.root.symbol(symbol), instrument)
    return _replace(workspace, wanted) if wanted else False


def try_refresh_board(workspace: Workspace, outcomes: Sequence[SymbolOutcome]) -> str:
    """The same, returning why it failed, with the remedy: a run's report must not depend on it."""
    try:
        refresh_board(workspace, outcomes)
    except Exception as error:  # noqa: BLE001 - a cache must not hide how the symbols fared
        return (
            f"the board was not refreshed ({type(error).__name__}: {error}); check the disk, "
            "then any run, for example `regime promote --all`, makes it again"
        )
    return ""


def rebuild_board(workspace: Workspace, instruments: Sequence[Instrument]) -> bool:
    """Makes the rows of ``instruments`` from their compute.db files and verdicts."""
    root = workspace.root
    reasons = {each.symbol: standing_reason(root.symbol(each.symbol), each) for each in instruments}
    return _replace(workspace, reasons)


def _replace(workspace: Workspace, held_back: Mapping[str, str | None]) -> bool:
    made = {
        instrument.symbol: board_rows(workspace.root, instrument, held_back[instrument.symbol])
        for instrument in workspace.universe.select(held_back)
    }
    rows = {symbol: frame for symbol, frame in made.items() if frame is not None}
    return update_board(
        workspace.root, list(rows), pl.concat([BOARD_SCHEMA.to_frame(), *rows.values()])
    )


#: ``made_from`` of rows that could not be made, so that every run tries again.
_NOT_MADE = ""
#: What is read of the lineage of a series; without results it has no times.
_LINEAGE = {
    **{
        name: BOARD_SCHEMA[name]
        for name in ("timeframe", "status", "reason", "bars", "is_left_out")
    },
    **{name: pl.String() for name in ("min_ts", "max_ts", "bars_digest")},
}


_OF_VERDICT = {
    **{
        name: BOARD_SCHEMA[name]
        for name in ("timeframe", "gate", "gate_reason", "errors", "warnings", "accepted")
    },
    **{name: pl.String() for name in ("warning_rules", "promoted", "promoted_min", "promoted_max")},
    "derived_from": pl.String(),
    "rows": pl.Int64(),
}


@dataclass(frozen=True)
class BoardEntry:
    """What all rows of a symbol have in common."""

    made_from: str | None  # None on a board of an earlier release
    held_back: str | None

    @property
    def is_damaged(self) -> bool:
        """True where the rows could not be made and have the reason instead."""
        return self.made_from == _NOT_MADE


def board_rows(
    root: DataRoot, instrument: Instrument, held_back: str | None
) -> pl.DataFrame | None:
    """One row per timeframe, in ``BOARD_SCHEMA``; of a damaged symbol they have the reason.

    ``held_back`` is why the last run did not complete it. None where another process writes the
    results, so that they cannot be read now.
    """
    paths = root.symbol(instrument.symbol)
    made_from = files_of(paths, instrument)  # before the files are read: they may change meanwhile
    try:
        rows, latest, lineage = results_shown(paths, instrument)
    except Exception as error:  # noqa: BLE001 - a damaged symbol must not cost the others their rows
        if isinstance(error, ResultsError) and isinstance(error.__cause__, FileInUseError):
            return None
        reason = failure_reason(error, instrument.symbol)
        rows = without_results(instrument.timeframes, Status.FAILED, reason)
        latest, lineage, made_from = NO_RESULTS, None, _NOT_MADE
        held_back = held_back or f"{Status.FAILED}: {reason}"
    coverage = pl.DataFrame(rows, _LINEAGE).with_columns(
        symbol=pl.lit(instrument.symbol),
        held_back=pl.lit(held_back, pl.String),
        results_digest=pl.lit(lineage and document_digest(lineage.tables), pl.String),
        made_by=pl.lit(lineage and lineage.recipe.making_digest, pl.String),
        made_from=pl.lit(made_from, pl.String),
    )
    for columns in (latest.drop("symbol"), _gate_columns(paths)):
        coverage = coverage.join(columns, on="timeframe", how="left", maintain_order="left")
    coverage = coverage.with_columns(
        bars=pl.when(pl.col("max_ts").is_null())
        .then(pl.col("rows").fill_null(0))
        .otherwise("bars"),
        first_ts=pl.coalesce("min_ts", "promoted_min").pipe(_instant),
        last_ts=pl.coalesce("max_ts", "promoted_max").pipe(_instant),
    )
    is_pending = (pl.col("promoted") != pl.col("bars_digest")).fill_null(value=False)
    return coverage.with_columns(is_pending=is_pending).select(list(BOARD_SCHEMA))


def files_of(paths: SymbolPaths, instrument: Instrument) -> str:
    """Sizes and times of the files that a symbol's rows are made from, and its timeframes."""
    log = write_ahead_log(paths.compute_db)
    files = (paths.compute_db, log, paths.verdict, paths.fetch_failures)
    return " ".join([*map(_version, files), ",".join(instrument.timeframes)])


def _gate_columns(paths: SymbolPaths) -> pl.DataFrame:
    """What the board shows of the verdict; no rows where there is none or it cannot be read."""
    try:
        verdict = read_verdict(paths)
    except (RegimeError, OSError):  # `standing_reason` reports it
        verdict = None
    counts = counts_of(findings_of(verdict))
    rows = [
        {
            "gate": series.status,
            "gate_reason": series.message(paths.symbol) if series.status == BLOCKED else None,
            "derived_from": series.derived_from,
            **counts[series.timeframe].model_dump(),
            "warning_rules": warning_rules(series.findings) or None,
            **_promoted(series.promoted),
            "timeframe": series.timeframe,
        }
        for series in (() if verdict is None else verdict.series)
    ]
    return pl.DataFrame(rows, _OF_VERDICT)


def shown_rows(board: pl.DataFrame) -> Mapping[str, BoardEntry]:
    """Symbol -> what its rows have in common."""
    rows = board.select("symbol", "made_from", "held_back").unique("symbol")
    return {symbol: BoardEntry(*rest) for symbol, *rest in rows.iter_rows()}


def is_outdated(root: DataRoot, instrument: Instrument, shown: BoardEntry | None) -> bool:
    """True where the files of a symbol are not those that its rows were made from; opens none."""
    paths = root.symbol(instrument.symbol)
    if shown is None:
        return _has_files(paths)
    try:
        return shown.made_from != files_of(paths, instrument)
    except OSError:  # making the rows reports it
        return True


def differing(root: DataRoot, instruments: Iterable[Instrument], board: pl.DataFrame) -> list[str]:
    """Symbols whose rows a run would change; opens only those with other files."""
    known = shown_rows(board)
    return [
        instrument.symbol
        for instrument in instruments
        if is_outdated(root, instrument, known.get(instrument.symbol))
        and not _is_as_made(root, instrument, board)
    ]


def _is_as_made(root: DataRoot, instrument: Instrument, board: pl.DataFrame) -> bool:
    """True where the rows of a symbol, made again, are those of the board.

    That the last run failed on it follows from no file, so it is not compared.
    """
    shown = board.filter(pl.col("symbol") == instrument.symbol)
    paths = root.symbol(instrument.symbol)
    if shown.is_empty():
        return not _has_files(paths)
    rows = board_rows(root, instrument, standing_reason(paths, instrument))
    if rows is None:  # being written
        return True
    left_out = ADDED if shown["made_from"].is_null().all() else {"made_from"}
    if shown["held_back"].str.starts_with(f"{Status.FAILED}:").any():
        left_out |= {"held_back"}
    order = pl.col("timeframe").to_physical()
    return rows.drop(left_out).sort(order).equals(shown.drop(left_out).sort(order))


def _has_files(paths: SymbolPaths) -> bool:
    return any(path.exists() for path in (paths.compute_db, paths.verdict, paths.fetch_failures))


def _version(path: Path) -> str:
    try:
        stat = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return "-"
    return f"{stat.st_size}:{stat.st_mtime_ns}"


def _promoted(bars: PromotedBars | None) -> dict[str, Any]:
    """What is shown of the canonical bars where there are no results of them."""
    if bars is None:
        return {}
    ends = {"promoted_min": bars.min_ts, "promoted_max": bars.max_ts}
    return {"promoted": bars.digest, "rows": bars.rows, **ends}


def _instant(text: pl.Expr) -> pl.Expr:
    return text.str.to_datetime(time_unit="us", time_zone="UTC")
