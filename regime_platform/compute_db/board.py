"""The board: the latest state of every symbol in one small file.

Reading 1,600 databases takes 20 seconds, reading this file 30 milliseconds. It is a cache of the
compute.db files. Every row names the digest of its results, and sizes and times of its files, so
that an outdated row is recognised without opening them.
"""

from collections.abc import Sequence

import polars as pl

from regime_platform.bar_store.layout import DataRoot
from regime_platform.bar_store.locks import PATIENCE, locked
from regime_platform.bar_store.parquet import decode, encode_sealed, require_sealed
from regime_platform.compute.maturity import BASIS_SCHEMA
from regime_platform.errors import BarsError, ResultsError
from regime_platform.files import write_bytes
from regime_platform.model.result_schema import LATEST_SCHEMA
from regime_platform.model.timeframes import TIMEFRAMES

#: Columns of the latest state.
SHOWN = (
    "regime_label", "regime_since", "regime_bars", "confidence", "regime_bias", "risk_posture",
    "price", "esc_pctl", "escalation_bucket", "hazard_score", "cross_tf_consensus",
)  # fmt: skip
_COUNTS = ("rank_bars", "rank_missing", "rank_eras")
#: What was before the latest state; null where the series has no such bar or run.
BEFORE_SCHEMA = pl.Schema(
    {
        "price_before": LATEST_SCHEMA["price"],  # of the bar before
        "regime_before": LATEST_SCHEMA["regime_label"],  # of the run before
        "bucket_before": LATEST_SCHEMA["escalation_bucket"],  # of the run before
        "bucket_since": LATEST_SCHEMA["regime_since"],  # first bar of the run of this bucket
    }
)
#: What the gate decided on the series; null where there is no verdict.
_GATE = {
    "gate": pl.String(),  # passed, blocked, no_bars
    "gate_reason": pl.String(),  # why it is blocked; null otherwise
    "is_left_out": pl.Boolean(),  # of the mean escalation of its symbol
    "derived_from": pl.String(),  # the finer series that its bars are built from; null where given
    **dict.fromkeys(("errors", "warnings", "accepted"), pl.Int64()),  # its findings
}

#: What `regime status` counts beside the gate.
_STANDING = {
    "warning_rules": pl.String(),  # "missing_sessions 12, stale_price 3"; null without warnings
    "is_pending": pl.Boolean(),  # the promoted bars are not yet those of the results
    "made_by": pl.String(),  # `making_digest` of the recipe; null without results
}

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
        **{name: LATEST_SCHEMA[name] for name in SHOWN},
        **BEFORE_SCHEMA,
        **{name: BASIS_SCHEMA[name] for name in _COUNTS},
        **_GATE,
        **_STANDING,
        "results_digest": pl.String(),  # as in the compute manifest; null without results
        "made_from": pl.String(),  # sizes and times of compute.db and verdict; null: derive again
    }
)
#: Absent from a board of an earlier release.
ADDED = frozenset({"results_digest", "made_from", *BEFORE_SCHEMA, *_COUNTS, *_GATE, *_STANDING})


def read_board(root: DataRoot) -> pl.DataFrame:
    """The board in ``BOARD_SCHEMA``, by symbol and timeframe; empty where there is no file.

    Columns that an earlier release did not write are null, ``made_from`` too, so that the next run
    makes the rows again.

    Raises:
        ResultsError: the file is damaged or has another schema.
    """
    try:
        data = root.board.read_bytes()
        require_sealed(data, str(root.board))
        stored, _ = decode(data, str(root.board))
        absent = ADDED - {*stored.columns}
        absent |= {"made_from"} if absent else set()
        return stored.select(
            (pl.lit(None) if name in absent else pl.col(name)).cast(dtype).alias(name)
            for name, dtype in BOARD_SCHEMA.items()
        )
    except FileNotFoundError:
        return BOARD_SCHEMA.to_frame()
    except (BarsError, OSError, pl.exceptions.PolarsError) as error:
        raise ResultsError(
            f"{root.board} is damaged; remove it, the next run writes it again",
            code="board-damaged",
        ) from error


def update_board(root: DataRoot, symbols: Sequence[str], rows: pl.DataFrame) -> bool:
    """Replaces all rows of ``symbols`` by ``rows``; False where that changes nothing."""
    if _replaced(readable_board(root), symbols, rows) is None:
        return False
    with locked(root.path / ".board.lock", PATIENCE, _busy):
        board = _replaced(readable_board(root), symbols, rows)
        if board is None:
            return False
        words = pl.col("timeframe").cast(pl.String)
        write_bytes(root.board, encode_sealed(board.with_columns(words)))
    return True


def readable_board(root: DataRoot) -> pl.DataFrame:
    """The board as `read_board` gives it; empty also where it is damaged."""
    try:
        return read_board(root)
    except ResultsError:
        return BOARD_SCHEMA.to_frame()


def _busy(reason: str) -> ResultsError:
    return ResultsError(f"the board is being written by {reason}", code="locked")


def _replaced(
    board: pl.DataFrame, symbols: Sequence[str], rows: pl.DataFrame
) -> pl.DataFrame | None:
    others = board.filter(~pl.col("symbol").is_in(list(symbols)))
    wanted = pl.concat([others, rows]).sort("symbol", pl.col("timeframe").to_physical())
    return None if wanted.equals(board) else wanted
