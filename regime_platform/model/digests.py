"""Content digests of frames, independent of files, row groups and writers.

The digest of a frame is SHA-256 over the SHA-256 of fixed-size row blocks of its ordered columns,
so that after an append only the last block is hashed again; `Blocks` is what to store for that.
Equal values give equal digests on every platform: floats are hashed by their bits (one NaN, zeros
keep their sign, null is not NaN), enum values by their position in the type, and other text by its
UTF-8 bytes.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

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


def block_start(row: int) -> int:
    """The first row of the block that ``row`` is in."""
    return row - row % BLOCK_ROWS


def blocks_of(frame: pl.DataFrame) -> Blocks:
    """Hashes all blocks of ``frame``."""
    digests: list[bytes] = []
    for start in range(0, frame.height, _AT_ONCE):
        digests += _hashed(frame[start : start + _AT_ONCE])
    return Blocks(frame.height, tuple(digests))


def plain_frame(frame: pl.DataFrame) -> pl.DataFrame:
    """``frame`` as the numbers and texts that are hashed; it has the same blocks as ``frame``."""
    if all(dtype in _PLAIN for dtype in frame.dtypes):
        return frame
    return frame.select(_plain(name, dtype) for name, dtype in frame.schema.items())


def _hashed(frame: pl.DataFrame) -> list[bytes]:
    height = frame.height
    blocks = [(start, min(start + BLOCK_ROWS, height)) for start in range(0, height, BLOCK_ROWS)]
    digests = [hashlib.sha256() for _ in blocks]
    # Column by column, so that only one is held as bytes at a time, and each once.
    for column in plain_frame(frame).iter_columns():
        values, offsets = _value_array(column)
        nulls = _nulls(column, values) if column.null_count() else None
        for (start, end), digest in zip(blocks, digests, strict=True):
            digest.update(_ALL_KNOWN if nulls is None else _null_mark(nulls[start:end]))
            if offsets is None:
                digest.update(values[start:end].data)
                continue
            digest.update(np.diff(offsets[start : end + 1]).astype("<u4").data)
            digest.update(values[offsets[start] : offsets[end]].data)
    return [digest.digest() for digest in digests]


def _nulls(column: pl.Series, values: _Array) -> _Array:
    if column.dtype.is_float():
        unknown = np.isnan(values)
        if np.count_nonzero(unknown) == column.null_count():  # no NaN that is a value
            return unknown
    return column.is_null().to_numpy()


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


def _null_mark(missing: _Array) -> bytes:
    """The null mask of a block; the same without nulls, whether or not other blocks have some."""
    return b"\x01" + np.packbits(missing).tobytes() if missing.any() else _ALL_KNOWN


def _value_array(column: pl.Series) -> tuple[_Array, _Array | None]:
    """The values as little-endian numbers, or the bytes of all texts and the start of each."""
    if column.dtype.is_float():
        return _floats(column), None
    if column.dtype == pl.String:
        return _texts(column)
    known = column.fill_null(0) if column.null_count() else column
    return _little_endian(known.to_numpy()), None


def _floats(series: pl.Series) -> _Array:
    values = series.to_numpy()  # null becomes NaN
    unknown = np.isnan(values)
    if unknown.any():
        values = values.copy()
        values[unknown] = np.nan
    return _little_endian(values)


def _little_endian(values: _Array) -> _Array:
    return np.ascontiguousarray(values, values.dtype.newbyteorder("<"))


def _texts(series: pl.Series) -> tuple[_Array, _Array]:
    known = series.fill_null("") if series.null_count() else series
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
