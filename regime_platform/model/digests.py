"""Content digests: what a frame says, independent of files, row groups and writers.

The digest of a frame is SHA-256 over the SHA-256 of fixed-size row blocks of its ordered columns,
so that after an append only the last block is hashed anew. Equal values give equal digests on every
platform: floats enter by their bits (one NaN, zeros keep their sign), text by its UTF-8 bytes.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl

BLOCK_ROWS = 8192
_NAN = np.float64("nan")


def canonical_json(value: Any) -> str:
    """JSON with sorted keys and no spaces: the same facts give the same bytes."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def facts_digest(facts: Mapping[str, Any]) -> str:
    """SHA-256 hex of the canonical JSON of ``facts``."""
    return hashlib.sha256(canonical_json(dict(facts)).encode()).hexdigest()


def definition_digest(schema: pl.Schema) -> str:
    """SHA-256 hex of column names, types and order."""
    lines = "\n".join(f"{name}:{dtype!r}" for name, dtype in schema.items())
    return hashlib.sha256(lines.encode()).hexdigest()


def frame_digest(frame: pl.DataFrame) -> str:
    """SHA-256 hex over the blocks of ``frame`` in row order, its column names and types."""
    return fold_block_digests(definition_digest(frame.schema), frame.height, block_digests(frame))


def fold_block_digests(definition: str, rows: int, blocks: list[bytes]) -> str:
    """Combines block digests into the digest of the whole frame."""
    whole = hashlib.sha256(f"{definition}:{rows}:{BLOCK_ROWS}".encode())
    for block in blocks:
        whole.update(block)
    return whole.hexdigest()


def block_digests(frame: pl.DataFrame) -> list[bytes]:
    """The SHA-256 of every ``BLOCK_ROWS`` rows, in order; the last block may be shorter."""
    return [
        _block_digest(frame.slice(start, BLOCK_ROWS)) for start in range(0, frame.height, BLOCK_ROWS)
    ]


def _block_digest(block: pl.DataFrame) -> bytes:
    digest = hashlib.sha256()
    for series in block.iter_columns():
        digest.update(np.packbits(series.is_null().to_numpy()).tobytes())
        for part in _value_bytes(series):
            digest.update(part)
    return digest.digest()


def _value_bytes(series: pl.Series) -> tuple[bytes, ...]:
    dtype = series.dtype
    if dtype.is_float():
        values = series.fill_null(_NAN).to_numpy().astype("<f8", copy=True)
        values[np.isnan(values)] = _NAN
        return (values.tobytes(),)
    if dtype == pl.Boolean or dtype.is_integer():
        return (series.cast(pl.Int64).fill_null(0).to_numpy().astype("<i8").tobytes(),)
    if isinstance(dtype, pl.Datetime):
        instants = series.dt.cast_time_unit("us").to_physical().fill_null(0)
        return (instants.to_numpy().astype("<i8").tobytes(),)
    text = series.cast(pl.String).fill_null("")
    lengths = text.str.len_bytes().to_numpy().astype("<u4").tobytes()
    return (lengths, "".join(text.to_list()).encode())
