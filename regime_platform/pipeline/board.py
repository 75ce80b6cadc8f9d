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
from regime_platform.compute.maturity import without_basis
from regime_platform.compute_db.board import ADDED, BOARD_SCHEMA, readable_board, update_board
from regime_platform.compute_db.connection import FileInUseError, write_ahead_log
from regime_platform.compute_db.rank_basis import add_latest_basis
from regime_platform.compute_db.reader import reading
from regime_platform.errors import OlderResultsError, RegimeError, ResultsError, failure_reason
from regime_platform.model.digests import document_digest
from regime_platform.model.instruments import Instrument
from regime_platform.model.result_schema import LATEST_SCHEMA
from regime_platform.pipeline.outcomes import Status, SymbolOutcome
from regime_platform.validation.finding_counts import counts_of, findings_of
from regime_platform.validation.gate import BLOCKED
from regime_platform.workspace import Workspace


def refresh_board(workspace: Workspace, outcomes: Sequence[SymbolOutcome]) -> bool:
    """Updates the rows of what a run changed and all whose files changed; False if none had to."""
    reasons = {outcome.symbol: _failure(workspace, outcome) for outcome in outcomes}
    computed = {
        outcome.symbol
        for outcome in outcomes
        if outcome.compute is not None and outcome.compute.status is Status.DONE
    }
    known = shown_rows(readable_board(workspace.root))
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
            wanted[symbol] = blocked_by(workspace.root.symbol(symbol))
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
    paths = {each.symbol: workspace.root.symbol(each.symbol) for each in instruments}
    return _replace(workspace, {symbol: blocked_by(folder) for symbol, folder in paths.items()})


def _replace(workspace: Workspace, held_back: Mapping[str, str | None]) -> bool:
    made = {
        instrument.symbol: board_rows(workspace.root, instrument, held_back[instrument.symbol])
        for instrument in workspace.universe.select(held_back)
    }
    rows = {symbol: frame for symbol, frame in made.items() if frame is not None}
    return update_board(
        workspace.root, list(rows), pl.concat([BOARD_SCHEMA.to_frame(), *rows.values()])
    )


def _failure(workspace: Workspace, outcome: SymbolOutcome) -> str | None:
    if outcome.status.is_good:
        return None
    reason = f"{outcome.status}: {outcome.reason}"
    if outcome.status is not Status.BLOCKED:
        return reason
    # the verdict's reason whichever stage was refused, so that both can be compared
    return blocked_by(workspace.root.symbol(outcome.symbol)) or reason


#: ``made_from`` of rows that could not be made, so that every run tries again.
_NOT_MADE = ""
_NO_RESULTS = without_basis(LATEST_SCHEMA.to_frame())
#: What is read of the lineage of a series; without results it has no times.
_LINEAGE = {
    **{
        name: BOARD_SCHEMA[name]
        for name in ("timeframe", "status", "reason", "bars", "is_left_out")
    },
    **{name: pl.String() for name in ("min_ts", "max_ts")},
}


_OF_VERDICT = ("timeframe", "gate", "gate_reason", "errors", "warnings", "accepted")


@dataclass(frozen=True)
class BoardEntry:
    """What all rows of a symbol have in common."""

    made_from: str | None  # None on a board of an earlier release
    held_back: str | None


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
        rows, latest, digest = _computed(paths, instrument)
    except Exception as error:  # noqa: BLE001 - a damaged symbol must not cost the others their rows
        if isinstance(error, ResultsError) and isinstance(error.__cause__, FileInUseError):
            return None
        reason = failure_reason(error, instrument.symbol)
        rows = _without_results(instrument, Status.FAILED, reason)
        latest, digest, made_from = _NO_RESULTS, None, _NOT_MADE
        held_back = held_back or f"{Status.FAILED}: {reason}"
    coverage = pl.DataFrame(rows, _LINEAGE).with_columns(
        first_ts=_instant("min_ts"),
        last_ts=_instant("max_ts"),
        symbol=pl.lit(instrument.symbol),
        held_back=pl.lit(held_back, pl.String),
        results_digest=pl.lit(digest, pl.String),
        made_from=pl.lit(made_from, pl.String),
    )
    for columns in (latest.drop("symbol"), _gate_columns(paths)):
        coverage = coverage.join(columns, on="timeframe", how="left", maintain_order="left")
    return coverage.select(list(BOARD_SCHEMA))


def files_of(paths: SymbolPaths, instrument: Instrument) -> str:
    """Sizes and times of the files that a symbol's rows are made from, and its timeframes."""
    files = (paths.compute_db, write_ahead_log(paths.compute_db), paths.verdict)
    return " ".join([*map(_version, files), ",".join(instrument.timeframes)])


def blocked_by(paths: SymbolPaths) -> str | None:
    """The reason on the board of a symbol that is blocked or whose verdict cannot be read."""
    try:
        verdict = read_verdict(paths)
    except Exception as error:  # noqa: BLE001 - as above
        return f"{Status.FAILED}: {failure_reason(error, paths.symbol)}"
    return f"{Status.BLOCKED}: {verdict.message}" if verdict and verdict.reason else None


def _gate_columns(paths: SymbolPaths) -> pl.DataFrame:
    """What the board shows of the verdict; no rows where there is none or it cannot be read."""
    try:
        verdict = read_verdict(paths)
    except (RegimeError, OSError):  # `blocked_by` reports it
        verdict = None
    counts = counts_of(findings_of(verdict))
    rows = [
        {
            "gate": series.status,
            "gate_reason": series.message(paths.symbol) if series.status == BLOCKED else None,
            **counts[series.timeframe].model_dump(),
            "timeframe": series.timeframe,
        }
        for series in (() if verdict is None else verdict.series)
    ]
    return pl.DataFrame(rows, {name: BOARD_SCHEMA[name] for name in _OF_VERDICT})


def shown_rows(board: pl.DataFrame) -> Mapping[str, BoardEntry]:
    """Symbol -> what its rows have in common."""
    rows = board.select("symbol", "made_from", "held_back").unique("symbol")
    return {symbol: BoardEntry(*rest) for symbol, *rest in rows.iter_rows()}


def is_outdated(root: DataRoot, instrument: Instrument, shown: BoardEntry | None) -> bool:
    """True where the files of a symbol are not those that its rows were made from; opens none."""
    paths = root.symbol(instrument.symbol)
    if shown is None:
        return paths.compute_db.exists() or paths.verdict.exists()
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
        return not (paths.compute_db.exists() or paths.verdict.exists())
    rows = board_rows(root, instrument, blocked_by(paths))
    if rows is None:  # being written
        return True
    left_out = ADDED if shown["made_from"].is_null().all() else {"made_from"}
    if shown["held_back"].str.starts_with(f"{Status.FAILED}:").any():
        left_out |= {"held_back"}
    order = pl.col("timeframe").to_physical()
    return rows.drop(left_out).sort(order).equals(shown.drop(left_out).sort(order))


def _version(path: Path) -> str:
    try:
        stat = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return "-"
    return f"{stat.st_size}:{stat.st_mtime_ns}"


def _computed(
    paths: SymbolPaths, instrument: Instrument
) -> tuple[list[dict[str, Any]], pl.DataFrame, str | None]:
    if paths.compute_db.exists():
        try:
            with reading(paths.compute_db) as reader:
                lineage = reader.lineage()
                latest = add_latest_basis(reader, reader.table("latest_state"))
        except OlderResultsError:  # what is computed takes its place
            pass
        else:
            left_out = lineage.recipe.left_out
            rows = [
                {**series.model_dump(), "is_left_out": series.timeframe in left_out}
                for series in lineage.series
            ]
            return rows, latest, document_digest(lineage.tables)
    rows = _without_results(instrument, "not_computed", "nothing was computed yet")
    return rows, _NO_RESULTS, None


def _without_results(instrument: Instrument, status: str, reason: str) -> list[dict[str, Any]]:
    return [
        {
            "timeframe": timeframe,
            "status": status,
            "reason": reason,
            "bars": 0,
            "is_left_out": False,
        }
        for timeframe in instrument.timeframes
    ]


def _instant(name: str) -> pl.Expr:
    return pl.col(name).str.to_datetime(time_unit="us", time_zone="UTC")
