"""Frames as Parquet bytes and back, the same for every Parquet file of the platform.

Written by pyarrow because its page checksums let a reader notice a flipped bit, which Polars reads
as a wrong number. Files are small, so they are whole in memory: what is hashed is what is read.
"""

from collections.abc import Collection, Mapping
from hashlib import sha256
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from regime_platform.errors import BarsError

_SEAL_KEY, _SEAL_BYTES = b"sha256_of_file", 64
#: The fact that `sealed` fills in.
UNSEALED = {_SEAL_KEY.decode(): "0" * _SEAL_BYTES}

# pyarrow's own pool keeps what a long series was decoded in, a tenth of all the memory its
# compute needs; the system's gives it back.
pa.set_memory_pool(pa.system_memory_pool())


def encode(frame: pl.DataFrame, facts: Mapping[str, str]) -> bytes:
    """The file that holds ``frame``, with ``facts`` as key-value metadata."""
    table = frame.to_arrow(compat_level=pl.CompatLevel.oldest())
    table = table.replace_schema_metadata(dict(facts))
    sink = pa.BufferOutputStream()
    pq.write_table(
        table, sink, compression="zstd", write_page_checksum=True, **_encodings(frame.schema)
    )
    return bytes(sink.getvalue())


def sealed(data: bytes) -> bytes:
    """A file that `encode` made with ``UNSEALED`` among its facts, and the hash of its bytes."""
    place = _seal_at(data)
    return data[:place] + _hash(data, place) + data[place + _SEAL_BYTES :]


def require_sealed(data: bytes, name: str) -> None:
    """Refuses a sealed file of which any byte is another; one without a seal passes.

    For a file that nothing else names. Pages have checksums and the footer has none: a bit flipped
    there is a wrong number, or ends the process that decodes it.

    Raises:
        BarsError: it is not what was written; names the file.
    """
    if _SEAL_KEY not in data:  # written before seals were
        return
    place = _seal_at(data)
    if data[place : place + _SEAL_BYTES] != _hash(data, place):
        raise damaged(name, "its bytes are not those written")


def decode(data: bytes, name: str) -> tuple[pl.DataFrame, dict[str, str]]:
    """The frame and the facts of a file, every page checked.

    Raises:
        BarsError: the bytes are not a whole, undamaged Parquet file; names the file.
    """
    table, facts = decode_table(data, name)
    return pl.DataFrame(pl.from_arrow(table)), facts


def decode_table(
    data: bytes, name: str, columns: Collection[str] | None = None
) -> tuple[pa.Table, dict[str, str]]:
    """Like ``decode``, for a reader of many files that makes one frame of them.

    Of ``columns``, those that the file has are read.
    """
    try:
        with pq.ParquetFile(pa.BufferReader(data), page_checksum_verification=True) as file:
            there = file.schema_arrow.names
            wanted = [one for one in there if columns is None or one in columns]
            # without threads: a pool costs more than these pages
            table = file.read(columns=wanted, use_threads=False)
    except (pa.ArrowException, OSError) as error:
        raise damaged(name, str(error)) from error
    facts = table.schema.metadata or {}
    return table.replace_schema_metadata(None), {
        key.decode(): value.decode() for key, value in facts.items()
    }


def damaged(name: str, evidence: str) -> BarsError:
    """The error for a file that is not what it was written as."""
    return BarsError(
        f"{name} is damaged ({evidence}); restore it from a backup, or remove it and fetch again",
        code="file-damaged",
    )


def _seal_at(data: bytes) -> int:
    """Where the hash stands: behind its name and what tells its length."""
    return data.rindex(_SEAL_KEY) + len(_SEAL_KEY) + 2


def _hash(data: bytes, place: int) -> bytes:
    blank = data[:place] + b"0" * _SEAL_BYTES + data[place + _SEAL_BYTES :]
    return sha256(blank).hexdigest().encode()


def _encodings(schema: pl.Schema) -> dict[str, Any]:
    """Prices barely repeat, so splitting their bytes beats a dictionary in size and in time."""
    floats = {name: "BYTE_STREAM_SPLIT" for name, dtype in schema.items() if dtype.is_float()}
    times = {name: "DELTA_BINARY_PACKED" for name, dtype in schema.items() if dtype.is_temporal()}
    texts = [name for name, dtype in schema.items() if dtype == pl.String]
    return {"use_dictionary": texts, "column_encoding": floats | times}
