"""Frames as Parquet bytes and back, the same for every Parquet file of the platform.

pyarrow writes them, because its page checksums let a reader detect a flipped bit, which Polars
would read as a wrong number.
"""

from collections.abc import Collection, Mapping
from hashlib import sha256
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from regime_platform.errors import BarsError
from regime_platform.model.bar_schema import StoredFile

_SEAL_KEY, _SEAL_BYTES = b"sha256_of_file", 64
_UNSEALED = {_SEAL_KEY.decode(): "0" * _SEAL_BYTES}

# pyarrow's own pool keeps the memory in which a long series was decoded, a tenth of all that its
# compute needs; the system's pool returns it.
pa.set_memory_pool(pa.system_memory_pool())


def encode(frame: pl.DataFrame, metadata: Mapping[str, str]) -> bytes:
    """A Parquet file of ``frame``, with ``metadata`` as its key-value metadata."""
    table = frame.to_arrow(compat_level=pl.CompatLevel.oldest())
    table = table.replace_schema_metadata(dict(metadata))
    sink = pa.BufferOutputStream()
    pq.write_table(
        table, sink, compression="zstd", write_page_checksum=True, **_encodings(frame.schema)
    )
    return bytes(sink.getvalue())


def encode_sealed(frame: pl.DataFrame) -> bytes:
    """The same with the hash of the file's bytes in it, for a file whose digest is kept nowhere.

    Pages have checksums and the footer has none: a bit flipped there is a wrong number, or crashes
    the decoder.
    """
    data = encode(frame, _UNSEALED)
    place = _seal_at(data)
    return data[:place] + _hash(data, place) + data[place + _SEAL_BYTES :]


def require_sealed(data: bytes, name: str) -> None:
    """Refuses bytes that differ from the hash in them by a BarsError; those without one pass."""
    if _SEAL_KEY not in data:  # written before seals were
        return
    place = _seal_at(data)
    if data[place : place + _SEAL_BYTES] != _hash(data, place):
        raise damaged(name, "its bytes are not those written")


def decode(
    data: bytes, name: str, columns: Collection[str] | None = None
) -> tuple[pl.DataFrame, dict[str, str]]:
    """The frame and the metadata of a file, every page checked.

    Of ``columns``, those that the file has are read; None reads all.

    Raises:
        BarsError: the bytes are not a whole, undamaged Parquet file; names the file.
    """
    file = opened(data, name)
    return read_columns(file, name, columns), metadata_of(file)


def opened(data: bytes, name: str) -> pq.ParquetFile:
    """A file of which the footer is read; pages are checked when they are. Raises as `decode`."""
    try:
        return pq.ParquetFile(pa.BufferReader(data), page_checksum_verification=True)
    except (pa.ArrowException, OSError) as error:
        raise damaged(name, str(error)) from error


def metadata_of(file: pq.ParquetFile) -> dict[str, str]:
    """The key-value metadata of a file."""
    metadata = file.schema_arrow.metadata or {}
    return {key.decode(): value.decode() for key, value in metadata.items()}


def read_columns(
    file: pq.ParquetFile, name: str, columns: Collection[str] | None = None
) -> pl.DataFrame:
    """Of ``columns``, those that a file has; None reads all. Raises as `decode`."""
    try:
        present = file.schema_arrow.names
        wanted = [column for column in present if columns is None or column in columns]
        # without threads: starting a pool costs more than reading these pages
        table = file.read(columns=wanted, use_threads=False)
    except (pa.ArrowException, OSError) as error:
        raise damaged(name, str(error)) from error
    # column by column, since a whole table would be converted in a slower thread pool
    return pl.DataFrame([pl.Series(column, table[column]) for column in wanted])


def stored_file(name: str, rows: int, data: bytes) -> StoredFile:
    """The record of a file with these contents."""
    return StoredFile(name=name, rows=rows, bytes=len(data), sha256=sha256(data).hexdigest())


def damaged(name: str, evidence: str) -> BarsError:
    """The error for a file that is not what it was written as."""
    return BarsError(
        f"{name} is damaged ({evidence}); restore it from a backup, or remove it and fetch again",
        code="file-damaged",
    )


def _seal_at(data: bytes) -> int:
    """The offset of the hash: after its key and two bytes of length."""
    return data.rindex(_SEAL_KEY) + len(_SEAL_KEY) + 2


def _hash(data: bytes, place: int) -> bytes:
    blank = data[:place] + b"0" * _SEAL_BYTES + data[place + _SEAL_BYTES :]
    return sha256(blank).hexdigest().encode()


def _encodings(schema: pl.Schema) -> dict[str, Any]:
    """Prices rarely repeat, so splitting their bytes is smaller and faster than a dictionary."""
    floats = {name: "BYTE_STREAM_SPLIT" for name, dtype in schema.items() if dtype.is_float()}
    times = {name: "DELTA_BINARY_PACKED" for name, dtype in schema.items() if dtype.is_temporal()}
    texts = [name for name, dtype in schema.items() if dtype == pl.String]
    return {"use_dictionary": texts, "column_encoding": floats | times}
