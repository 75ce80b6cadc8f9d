"""The board: the latest state of every symbol in one small file.

Reading 1,600 databases takes 20 seconds, reading this file 30 milliseconds. It is a cache: all of
it is derived from the compute.db files, and a damaged board is written again. Every row names the
digest of the results that it shows, and sizes and times of the files that it was derived from, so
that an outdated row is recognised without opening them.
"""

from collections.abc import Sequence

import polars as pl
from filelock import FileLock

from regime_platform.bar_store.layout import DataRoot
from regime_platform.bar_store.parquet import UNSEALED, decode, encode, require_sealed, sealed
from regime_platform.errors import BarsError, ResultsError
from regime_platform.files import write_bytes
from regime_platform.model.result_schema import LATEST_SCHEMA
from regime_platform.model.timeframes import TIMEFRAMES

_SHOWN = (
    "regime_label", "regime_since", "regime_bars", "confidence", "regime_bias", "risk_posture",
    "price", "esc_pctl", "escalation_bucket", "hazard_score", "cross_tf_consensus",
)  # fmt: skip

BOARD_SCHEMA = pl.Schema(
    {
        "symbol": pl.String(),
        "timeframe": pl.Enum(TIMEFRAMES),
        "status": pl.String(),  # complete, state_only, too_short, no_bars, not_computed, failed
        "reason": pl.String(),
        "bars": pl.Int64(),
        "first_ts": pl.Datetime("us", "UTC"),
        "last_ts": pl.Datetime("us", "UTC"),
        "held_back": pl.String(),  # why the last run failed or was blocked; null otherwise
        **{name: LATEST_SCHEMA[name] for name in _SHOWN},
        "results_digest": pl.String(),  # as in the compute manifest; null without results
        "made_from": pl.String(),  # sizes and times of compute.db and verdict; null: derive again
    }
)
_ADDED = frozenset({"results_digest", "made_from"})  # absent from a board of an earlier release


def read_board(root: DataRoot) -> pl.DataFrame:
    """The board in ``BOARD_SCHEMA``, by symbol and timeframe; empty where there is no file.

    Raises:
        ResultsError: the file is damaged or has another schema.
    """
    try:
        data = root.board.read_bytes()
        require_sealed(data, str(root.board))
        stored, _ = decode(data, str(root.board))
        board = stored.select(
            pl.col(name).cast(dtype)
            for name, dtype in BOARD_SCHEMA.items()
            if name in stored.columns or name not in _ADDED
        )
    except FileNotFoundError:
        return BOARD_SCHEMA.to_frame()
    except (BarsError, OSError, pl.exceptions.PolarsError) as error:
        raise ResultsError(
            f"{root.board} is damaged; remove it, the next run writes it again",
            code="board-damaged",
        ) from error
    absent = [pl.lit(None, BOARD_SCHEMA[name]).alias(name) for name in _ADDED - {*board.columns}]
    return board.with_columns(absent).select(list(BOARD_SCHEMA))


def update_board(root: DataRoot, symbols: Sequence[str], rows: pl.DataFrame) -> bool:
    """Replaces all rows of ``symbols`` by ``rows``.

    Returns:
        False where that changes nothing; then nothing is written.
    """
    if _replaced(readable_board(root), symbols, rows) is None:
        return False
    root.path.mkdir(parents=True, exist_ok=True)
    with FileLock(root.path / ".board.lock", timeout=60):
        board = _replaced(readable_board(root), symbols, rows)
        if board is None:
            return False
        words = pl.col("timeframe").cast(pl.String)
        write_bytes(root.board, sealed(encode(board.with_columns(words), UNSEALED)))
    return True


def readable_board(root: DataRoot) -> pl.DataFrame:
    """The board as `read_board` gives it; empty also where it is damaged."""
    try:
        return read_board(root)
    except ResultsError:
        return BOARD_SCHEMA.to_frame()


def _replaced(
    board: pl.DataFrame, symbols: Sequence[str], rows: pl.DataFrame
) -> pl.DataFrame | None:
    others = board.filter(~pl.col("symbol").is_in(list(symbols)))
    wanted = pl.concat([others, rows]).sort("symbol", pl.col("timeframe").to_physical())
    return None if wanted.equals(board) else wanted
