"""Content digests: what a frame says, independent of files, row groups and writers.

The digest of a frame is SHA-256 over the SHA-256 of fixed-size row blocks of its ordered columns,
so that after an append only the last block is hashed anew; `Blocks` is what to keep for that.
Equal values give equal digests on every platform: floats enter by their bits (one NaN, zeros keep
their sign, null is not NaN), words of a fixed vocabulary by their position in it, which the type
tells, and other text by its UTF-8 bytes.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

BLOCK_ROWS = 1024
_ALL_KNOWN = b"\x00"

_Array = npt.NDArray[Any]


def canonical_json(value: Any) -> str:
    """JSON with sorted keys and no spaces: the same facts give the same bytes."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def facts_digest(facts: Mapping[str, Any]) -> str:
    """SHA-256 hex of the canonical JSON of ``facts``."""
    return hashlib.sha256(canonical_json(dict(facts)).encode()).hexdigest()


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
        """After ``rows`` took the place of all rows from ``start`` on, where a block begins."""
        kept = self.digests[: start // BLOCK_ROWS]
        return Blocks(start + rows.height, (*kept, *blocks_of(rows).digests))

    def rows_shared(self, frame: pl.DataFrame) -> int:
        """How many of the first rows ``frame`` surely has in common with this one.

        All of them, or those before the first block that differs.
        """
        shared = min(self.rows, frame.height)
        ours, theirs = self, blocks_of(frame)
        if shared % BLOCK_ROWS and self.rows != frame.height:
            start = shared - shared % BLOCK_ROWS
            theirs = theirs.replaced(start, frame[start:shared])
        for block, pair in enumerate(zip(ours.digests, theirs.digests, strict=False)):
            if pair[0] != pair[1]:
                return block * BLOCK_ROWS
        return shared


def block_start(row: int) -> int:
    """The first row of the block that ``row`` is in."""
    return row - row % BLOCK_ROWS


def blocks_of(frame: pl.DataFrame) -> Blocks:
    """Hashes all blocks of ``frame``."""
    if frame.is_empty():
        return Blocks(0, ())
    starts = range(0, frame.height, BLOCK_ROWS)
    digests = [hashlib.sha256() for _ in starts]
    # Column by column, so that a column is turned into bytes once and only one at a time.
    for series in frame.iter_columns():
        missing = series.is_null().to_numpy() if series.null_count() else None
        values, offsets = _value_array(series)
        for start, digest in zip(starts, digests, strict=True):
            end = min(start + BLOCK_ROWS, frame.height)
            digest.update(_ALL_KNOWN if missing is None else _null_mark(missing[start:end]))
            if offsets is None:
                digest.update(values[start:end].data)
                continue
            digest.update(np.diff(offsets[start : end + 1]).astype("<u4").data)
            digest.update(values[offsets[start] : offsets[end]].data)
    return Blocks(frame.height, tuple(digest.digest() for digest in digests))


def _null_mark(missing: _Array) -> bytes:
    """The same for a block without nulls whether or not another block of the column has some."""
    return b"\x01" + np.packbits(missing).tobytes() if missing.any() else _ALL_KNOWN


def _value_array(series: pl.Series) -> tuple[_Array, _Array | None]:
    """The values as little-endian numbers, or the bytes of all texts and where each starts."""
    dtype = series.dtype
    if dtype.is_float():
        return _floats(series), None
    if isinstance(dtype, pl.Enum | pl.Datetime | pl.Date):
        return _integers(series.to_physical()), None
    if dtype == pl.Boolean:
        return _integers(series.cast(pl.UInt8)), None
    if dtype.is_integer():
        return _integers(series), None
    if dtype == pl.String or isinstance(dtype, pl.Categorical):
        return _texts(series.cast(pl.String))
    raise TypeError(f"column {series.name!r}: no digest is defined for {dtype}")


def _floats(series: pl.Series) -> _Array:
    values = series.to_numpy()  # null becomes NaN
    unknown = np.isnan(values)
    if unknown.any():
        values = values.copy()
        values[unknown] = np.nan
    return _little_endian(values)


def _integers(series: pl.Series) -> _Array:
    return _little_endian((series.fill_null(0) if series.null_count() else series).to_numpy())


def _little_endian(values: _Array) -> _Array:
    return np.ascontiguousarray(values, values.dtype.newbyteorder("<"))


def _texts(series: pl.Series) -> tuple[_Array, _Array]:
    known = series.fill_null("") if series.null_count() else series
    array = known.rechunk().to_arrow(compat_level=pl.CompatLevel.oldest()).cast(pa.large_string())
    _, places, data = (b"" if one is None else memoryview(one) for one in array.buffers())
    offsets = np.frombuffer(places, np.int64, len(array) + 1, array.offset * 8)
    return np.frombuffer(data, np.uint8), offsets


def _type_words(dtype: pl.DataType) -> list[str]:
    """A type in words of ours, so that no release of Polars renames it."""
    if isinstance(dtype, pl.Enum):
        return ["Enum", *dtype.categories.to_list()]
    if isinstance(dtype, pl.Datetime):
        return ["Datetime", dtype.time_unit, dtype.time_zone or ""]
    return [dtype.base_type().__name__]
