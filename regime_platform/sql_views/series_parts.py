"""A series in two parts: whole blocks of rows, which stay as they are, and its growing tail.

Results append rows, so that mostly the tail alone is read and written again. The digests of blocks
that compute.db states show which part is another one.
"""

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256

import polars as pl

from regime_platform.errors import ResultsError
from regime_platform.model.digests import BLOCK_ROWS, Blocks, block_start
from regime_platform.sql_views.catalog import Part

#: A longer tail becomes whole blocks.
_MOST_TAIL = 2 * BLOCK_ROWS  # rows

#: The rows after an open (aware), or all.
Read = Callable[[dt.datetime | None], pl.DataFrame]
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def parts_of(
    key: tuple[str, str, str], blocks: Blocks, stored: Sequence[Part], read: Read
) -> Iterator[tuple[Part, pl.DataFrame | None]]:
    """The parts of a series as it is now, each with its rows unless it is among ``stored``.

    ``key`` is view, symbol and timeframe.

    Raises:
        ResultsError: there are not as many rows as blocks state.
    """
    whole = next((part for part in stored if not part.is_tail and _is_kept(part, blocks)), None)
    start = 0 if whole is None else whole.rows
    if whole is not None:
        yield whole, None
    rest = _digest(blocks.digests[start // BLOCK_ROWS :])
    tail = next((part for part in stored if part.is_tail and part.digest == rest), None)
    if tail is not None and tail.rows == blocks.rows - start:
        yield tail, None
        return
    after = None if whole is None else _EPOCH + dt.timedelta(microseconds=whole.last_us)
    rows = read(after) if blocks.rows > start else None
    if rows is None:
        return
    if rows.height != blocks.rows - start:
        raise ResultsError(
            f"{' '.join(key)} has {rows.height + start} rows, its blocks state {blocks.rows}",
            code="results-damaged",
        )
    end = 0 if whole is not None else block_start(rows.height)
    if end:
        yield _part(key, rows[:end], _digest(blocks.digests[: end // BLOCK_ROWS]), is_tail=False)
    if end < rows.height:
        rest = _digest(blocks.digests[(start + end) // BLOCK_ROWS :])
        yield _part(key, rows[end:], rest, is_tail=True)


def _is_kept(part: Part, blocks: Blocks) -> bool:
    shared = blocks.digests[: part.rows // BLOCK_ROWS]
    return blocks.rows - part.rows <= _MOST_TAIL and _digest(shared) == part.digest


def _part(
    key: tuple[str, str, str], rows: pl.DataFrame, digest: str, *, is_tail: bool
) -> tuple[Part, pl.DataFrame]:
    last = rows["ts"].dt.timestamp("us")[-1]
    return Part(*key, is_tail, rows.height, digest, last, ""), rows


def _digest(digests: Sequence[bytes]) -> str:
    return sha256(b"".join(digests)).hexdigest()
