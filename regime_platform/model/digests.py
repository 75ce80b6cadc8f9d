"""Content digests of frames, independent of files, row groups and writers.

The digest of a frame is SHA-256 over the SHA-256 of fixed-size row blocks of its ordered columns,
so that after an append only the last block is hashed again; `Blocks` is what to store for that.
Equal values give equal digests on every platform: floats are hashed by their bits (one NaN, zeros
keep their sign, null is not NaN), enum values by their position in the type, and other text by its
UTF-8 bytes.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

BLOCK_ROWS = 1024
_AT_ONCE = 32 * BLOCK_ROWS  # rows turned into bytes at a time, to bound memory
_ALL_KNOWN = b"\x00"
_PLAIN = (pl.Float64, pl.Int64, pl.Int32, pl.Int8, pl.UInt8, pl.UInt16, pl.String)

_Array = npt.NDArray[Any]


def canonical_json(value: Any) -> str:
    """JSON with sorted keys and no spaces: equal values give equal bytes."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def document_digest(document: Mapping[str, Any]) -> str:
    """SHA-256 hex of the canonical JSON of ``document``."""
    return hashlib.sha256(canonical_json(dict(document)).encode()).hexdigest()


def definition_digest(schema: pl.Schema) -> str:
    """SHA-256 hex of column names, types and order."""
    lines = [[name, *_type_words(dtype)] for name, dtype in schema.items()]
    return hashlib.sha256(canonical_json(lines).encode()).hexdigest()


def frame_digest(frame: pl.DataFrame) -> str:
    """SHA-256 hex over the blocks of ``frame`` in row order, its column names and types."""
    return blocks_of(frame).digest(frame.schema)


@dataclass(frozen=True)
class Blocks:
    """The SHA-256 of every ``BLOCK_ROWS`` rows of a frame, in order; the last may have fewer."""

    rows: int
    digests: tuple[bytes, ...]

    def digest(self, schema: pl.Schema) -> str:
        """The digest of the whole frame, which has the columns of ``schema``."""
        whole = hashlib.sha256(f"{definition_digest(schema)}:{self.rows}:{BLOCK_ROWS}".encode())
        for block in self.digests:
            whole.update(block)
        return whole.hexdigest()

    def rows_of(self, block: int) -> int:
        """How many rows a block has."""
        return min(BLOCK_ROWS, self.rows - block * BLOCK_ROWS)

    def replaced(self, start: int, rows: pl.DataFrame) -> "Blocks":
        """The blocks after ``rows`` replaced all rows from ``start`` on, which begins a block."""
        kept = self.digests[: start // BLOCK_ROWS]
        return Blocks(start + rows.height, (*kept, *blocks_of(rows).digests))

    def followed_by(self, others: "Blocks") -> "Blocks":
        """The blocks of these rows, which fill their last one, followed by those of ``others``."""
        if self.rows % BLOCK_ROWS:
            raise ValueError(f"{self.rows} rows do not fill blocks of {BLOCK_ROWS}")
        return Blocks(self.rows + others.rows, self.digests + others.digests)

    def rows_shared(self, frame: pl.DataFrame, theirs: "Blocks") -> int:
        """How many of the first rows are equal to those of ``frame``, whose blocks are ``theirs``.

        All rows that both have, or those before the first block that differs.
        """
        shared = min(self.rows, frame.height)
        if shared % BLOCK_ROWS and self.rows != frame.height:
            start = shared - shared % BLOCK_ROWS
            theirs = theirs.replaced(start, frame[start:shared])
        for block, pair in enumerate(zip(self.digests, theirs.digests, strict=False)):
            if pair[0] != pair[1]:
                return block * BLOCK_ROWS
        return shared


class PlainColumn(NamedTuple):
    """The values of a column as they are hashed."""

    values: _Array  # numbers of `plain_numbers`, or the bytes of all texts
    offsets: _Array | None  # the start of each text, and the end of the last
    missing: _Array | None  # True where null; None where all are known


def block_start(row: int) -> int:
    """The first row of the block that ``row`` is in."""
    return row - row % BLOCK_ROWS


def blocks_of(frame: pl.DataFrame) -> Blocks:
    """Hashes all blocks of ``frame``."""
    digests: list[bytes] = []
    for start in range(0, frame.height, _AT_ONCE):
        part = frame[start : start + _AT_ONCE]
        digests += hashed_blocks(_plain_columns(part), part.height).digests
    return Blocks(frame.height, tuple(digests))


def plain_frame(frame: pl.DataFrame) -> pl.DataFrame:
    """``frame`` as the numbers and texts that are hashed; it has the same blocks as ``frame``."""
    if all(dtype in _PLAIN for dtype in frame.dtypes):
        return frame
    return frame.select(_plain(name, dtype) for name, dtype in frame.schema.items())


def hashed_blocks(columns: Iterable[PlainColumn], rows: int) -> Blocks:
    """The blocks of the frame that has these columns, each of which is held only while hashed."""
    blocks = [(start, min(start + BLOCK_ROWS, rows)) for start in range(0, rows, BLOCK_ROWS)]
    digests = [hashlib.sha256() for _ in blocks]
    for values, offsets, missing in columns:
        marks = None if missing is None else _null_marks(missing)
        sizes = None if offsets is None else np.diff(offsets).astype("<u4")
        for number, ((start, end), digest) in enumerate(zip(blocks, digests, strict=True)):
            digest.update(_ALL_KNOWN if marks is None else marks[number])
            if offsets is None or sizes is None:
                digest.update(values[start:end].data)
                continue
            digest.update(sizes[start:end].data)
            digest.update(values[offsets[start] : offsets[end]].data)
    return Blocks(rows, tuple(digest.digest() for digest in digests))


def plain_numbers(values: _Array, missing: _Array | None = None) -> _Array:
    """Numbers as they are hashed: little-endian, one NaN, and NaN or 0 in place of null."""
    unknown = missing
    if values.dtype.kind == "f":
        no_number = np.isnan(values)
        unknown = no_number if missing is None else no_number | missing
    if unknown is not None and unknown.any():
        values = values.copy()
        values[unknown] = np.nan if values.dtype.kind == "f" else 0
    return np.ascontiguousarray(values, values.dtype.newbyteorder("<"))


def _plain_columns(frame: pl.DataFrame) -> Iterator[PlainColumn]:
    known = plain_frame(frame)
    with_nulls = {
        column.name: column.dtype for column in known.iter_columns() if column.null_count()
    }
    # for all columns at once: an expression of its own costs each 0.1 ms
    masks = known.select(pl.col(*with_nulls).is_null()).to_dict() if with_nulls else {}
    filled = [
        pl.col(name).fill_null("" if dtype == pl.String else 0)
        for name, dtype in with_nulls.items()
        if not dtype.is_float()  # null becomes NaN
    ]
    for column in (known.with_columns(filled) if filled else known).iter_columns():
        missing = masks[column.name].to_numpy() if column.name in masks else None
        if column.dtype == pl.String:
            yield PlainColumn(*_texts(column), missing)
        else:
            yield PlainColumn(plain_numbers(column.to_numpy()), None, missing)


def _plain(name: str, dtype: pl.DataType) -> pl.Expr:
    """The column as numbers or text; an expression, so that all columns are evaluated at once."""
    column = pl.col(name)
    if isinstance(dtype, pl.Enum | pl.Datetime | pl.Date):
        return column.to_physical()
    if dtype == pl.Boolean:
        return column.cast(pl.UInt8)
    if isinstance(dtype, pl.Categorical):
        return column.cast(pl.String)
    if dtype.is_numeric() or dtype == pl.String:
        return column
    raise TypeError(f"column {name!r}: no digest is defined for {dtype}")


def _null_marks(missing: _Array) -> list[bytes]:
    """The null mask of every block; the same without nulls, whether or not other blocks have some.

    Packed at once: a block has a whole number of bytes.
    """
    starts = range(0, len(missing), BLOCK_ROWS)
    counts, packed = np.add.reduceat(missing, starts, dtype=np.int64), np.packbits(missing)
    size = BLOCK_ROWS // 8
    return [
        b"\x01" + packed[number * size : (number + 1) * size].tobytes() if count else _ALL_KNOWN
        for number, count in enumerate(counts.tolist())
    ]


def _texts(known: pl.Series) -> tuple[_Array, _Array]:
    # at this compatibility level, text is 64-bit offsets and bytes
    array = known.rechunk().to_arrow(compat_level=pl.CompatLevel.oldest())
    _, places, data = (b"" if buffer is None else memoryview(buffer) for buffer in array.buffers())
    offsets = np.frombuffer(places, np.int64, len(array) + 1, array.offset * 8)
    return np.frombuffer(data, np.uint8), offsets


def _type_words(dtype: pl.DataType) -> list[str]:
    """The name of a type, independent of its name in a release of Polars."""
    if isinstance(dtype, pl.Enum):
        return ["Enum", *dtype.categories.to_list()]
    if isinstance(dtype, pl.Datetime):
        return ["Datetime", dtype.time_unit, dtype.time_zone or ""]
    return [dtype.base_type().__name__]
