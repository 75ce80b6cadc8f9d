"""One file of a raw log: one batch with its origin in the metadata, or several with it in columns.

Both are read as the same rows, each with the name of the file in which its batch arrived. A file
with marks or another reading (``revisions.withdrawals``) is of version 3, which earlier releases
refuse instead of misreading it; all other files stay of version 2.
"""

import datetime as dt
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from regime_platform.bar_store.parquet import (
    damaged,
    encode,
    metadata_of,
    opened,
    read_columns,
)
from regime_platform.bar_store.raw.raw_names import RawName, short_hash
from regime_platform.errors import BarsError
from regime_platform.json_text import load_json
from regime_platform.model.bar_schema import (
    BAR_COLUMNS,
    BAR_SCHEMA,
    BARS_SCHEMA_DIGEST,
    BARS_SCHEMA_VERSION,
)
from regime_platform.model.digests import definition_digest
from regime_platform.model.instants import instant, ticks_of
from regime_platform.validation.rules.series import GATE_SCHEMA

#: The origin of a batch: metadata in the file of one batch, columns in a compacted file.
ORIGIN_COLUMNS = (
    "source",
    "asset_class",
    "price_basis",
    "instrument_digest",
    "window",
    "instrument",  # JSON of its identity at the source
    "same",  # number of finished bars of the page that were stored already, bit for bit
    "reading",  # digest of how a file is read; of files alone
)
#: What a row states of the bar at its ts; empty in a row that is a bar.
MARK = "mark"
#: Everything that a log states of a bar.
ALL_COLUMNS = (*GATE_SCHEMA, *ORIGIN_COLUMNS, MARK)
#: Files of earlier releases lack these; they are read as "".
_ADDED = frozenset({"instrument", "same", "reading", MARK})
#: Left out of compacted files where they are empty.
_OPTIONAL = ("reading", MARK)

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
MARKED_VERSION = 3
#: Digest of the definition of the rows -> version of the file.
_VERSIONS = {
    BARS_SCHEMA_DIGEST: BARS_SCHEMA_VERSION,
    definition_digest(pl.Schema({**BAR_SCHEMA, "reading": pl.String(), MARK: pl.String()})): (
        MARKED_VERSION
    ),
}
_DIGESTS = {version: digest for digest, version in _VERSIONS.items()}


@dataclass(frozen=True)
class Footer:
    """What the Parquet footer states of the rows of a file."""

    first: dt.datetime | None  # the earliest open; None where no row has one
    last: dt.datetime | None
    lacks_opens: bool  # some row has no open
    new: int  # bars that were new when they were stored, less those withdrawn
    version: int
    readings: Mapping[str, str]  # source -> the last reading in the file, where it names any

    def may_hold(self, low: Any, high: Any) -> bool:
        """True where a row may open in [low, high], or have no open."""
        if self.lacks_opens or low is None or self.first is None or self.last is None:
            return True
        return bool(self.first <= high and self.last >= low)


@dataclass(frozen=True)
class RawFile:
    """A file whose footer is read; its rows are not yet."""

    name: RawName
    path: Path
    version: int
    _metadata: dict[str, str]
    _file: pq.ParquetFile

    def rows(self, columns: Sequence[str] = tuple(GATE_SCHEMA)) -> pl.DataFrame:
        """``columns`` of all rows, marks included."""
        # a batch has its other columns in the metadata, which need a row count
        rows = read_columns(self._file, str(self.path), {*columns, "ts"})
        origin = dict.fromkeys(_ADDED, "") | self._metadata | {"batch": self.name.text}

        def column(name: str) -> pl.Series:
            if name in rows.columns or name in BAR_COLUMNS:
                return rows[name]
            value = pl.Series(name, [origin[name]])
            if name == "fetched_at":  # a whole number, since converting instants takes longer
                moment = ticks_of(instant(origin[name]))
                value = pl.Series(name, [moment]).cast(GATE_SCHEMA[name])
            return value.new_from_index(0, rows.height)

        return pl.DataFrame([column(name) for name in columns])

    def bars(self, columns: Sequence[str]) -> pl.DataFrame:
        """``columns`` of the rows that are bars; of all rows where ``columns`` has the mark."""
        if self.version == BARS_SCHEMA_VERSION or MARK in columns:
            return self.rows(columns)
        return self.rows((*columns, MARK)).filter(pl.col(MARK) == "").drop(MARK)


def batch_bytes(
    rows: pl.DataFrame, metadata: Mapping[str, str], new: int, version: int = BARS_SCHEMA_VERSION
) -> bytes:
    """The file of one batch: ``rows`` in ``BAR_SCHEMA`` as served, ``metadata`` of the fetch.

    One of ``MARKED_VERSION`` may have the column of marks.
    """
    return encode(rows, {**metadata, **_schema(version), "new": str(new)})


def compacted_bytes(rows: pl.DataFrame, replaces: Sequence[str], new: int, version: int) -> bytes:
    """The file that ``replaces`` files of these names: ``ALL_COLUMNS``, in order of arrival.

    ``version`` is the highest of theirs.
    """
    readings = dict(rows.filter(pl.col("reading") != "").select("source", "reading").iter_rows())
    metadata = {**_schema(version), "replaces": json.dumps(list(replaces)), "new": str(new)}
    if readings:
        metadata["readings"] = json.dumps(readings)
    empty = [name for name in _OPTIONAL if (rows[name] == "").all()]
    return encode(rows.drop(empty), metadata)


def open_raw(folder: Path, name: RawName) -> RawFile:
    """One file, whose bytes are verified against the digest in its name.

    Raises:
        BarsError: the file is damaged or of another version; names it.
        FileNotFoundError: it is gone, because the log was compacted since it was listed.
    """
    path = folder / name.text
    file = opened(read_whole(folder, name), str(path))
    metadata = metadata_of(file)
    version = _VERSIONS.get(metadata.get("bars_schema_digest", ""))
    if version is None:
        theirs = metadata.get("bars_schema_version", "unknown")
        raise BarsError(
            f"{path} has bars of schema version {theirs}, this release reads versions "
            f"{' and '.join(map(str, _DIGESTS))}; use the release that wrote it, or migrate the "
            "data root",
            code="other-schema-version",
        )
    return RawFile(name, path, version, metadata, file)


def read_rows(
    folder: Path, name: RawName, columns: Sequence[str] = tuple(GATE_SCHEMA)
) -> pl.DataFrame:
    """``columns`` of all rows of one file, marks included; raises as `open_raw`."""
    return open_raw(folder, name).rows(columns)


def read_whole(folder: Path, name: RawName) -> bytes:
    """The bytes of one file, verified by the digest in its name; raises as `open_raw`."""
    path = folder / name.text
    data = path.read_bytes()
    if short_hash(data) != name.hash:
        raise damaged(str(path), "its bytes do not match the digest in its name")
    return data


def read_footer(path: Path) -> Footer:
    """The footer of a file that `read_whole` verified before; raises as `open_raw`."""
    metadata = _metadata(path)
    groups = range(metadata.num_row_groups)
    opens = [metadata.row_group(group).column(0).statistics for group in groups]
    texts = metadata.metadata or {}
    about = {
        "new": int(texts.get(b"new", b"0")),
        "version": _VERSIONS.get(texts.get(b"bars_schema_digest", b"").decode(), MARKED_VERSION),
        "readings": load_json(texts.get(b"readings", b"{}")),
    }
    if b"reading" in texts:
        about["readings"] = {texts[b"source"].decode(): texts[b"reading"].decode()}
    known: list[Any] = [
        statistics for statistics in opens if statistics is not None and statistics.has_min_max
    ]
    lacks = len(known) < len(opens) or any(statistics.null_count for statistics in known)
    if not known:
        return Footer(None, None, lacks_opens=True, **about)
    # raw microseconds: pyarrow would import pandas to make datetimes of them
    first = min(statistics.min_raw for statistics in known)
    last = max(statistics.max_raw for statistics in known)
    return Footer(_moment(first), _moment(last), lacks_opens=lacks, **about)


def file_origins(
    folder: Path, names: Iterable[RawName], columns: Sequence[str]
) -> Iterator[tuple[str, ...]]:
    """``columns`` (of ``ORIGIN_COLUMNS``) of the batches in files, without repetition per file.

    Read from the footer alone where a file has one batch.

    Raises:
        BarsError, FileNotFoundError: as `read_rows`.
    """
    for name in names:
        metadata = _metadata(folder / name.text).metadata or {}
        if b"source" in metadata:
            yield tuple(metadata.get(column.encode(), b"").decode() for column in columns)
        else:
            yield from dict.fromkeys(read_rows(folder, name, columns).rows())


def _schema(version: int) -> dict[str, str]:
    return {"bars_schema_version": str(version), "bars_schema_digest": _DIGESTS[version]}


def _metadata(path: Path) -> pq.FileMetaData:
    try:
        return pq.read_metadata(path)
    except FileNotFoundError:
        raise
    except (pa.ArrowException, OSError) as error:
        raise damaged(str(path), str(error)) from error


def _moment(microseconds: int) -> dt.datetime:
    return _EPOCH + dt.timedelta(microseconds=microseconds)
