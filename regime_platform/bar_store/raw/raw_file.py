"""One file of a raw log: a batch with its facts in the metadata, or several with theirs in columns.

Whichever it is, its rows come back as they were fetched, each with the name of the file in which
its batch arrived: a reader cannot tell whether a log was compacted.
"""

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from regime_platform.bar_store.parquet import damaged, decode_table, encode
from regime_platform.bar_store.raw.raw_names import RawName, short_hash
from regime_platform.errors import BarsError
from regime_platform.model.bar_schema import BAR_COLUMNS, BARS_SCHEMA_DIGEST, BARS_SCHEMA_VERSION
from regime_platform.model.series import instant
from regime_platform.validation.rules.series import GATE_SCHEMA

#: What else is known of a batch; of a compacted file these are columns.
ORIGIN_COLUMNS = (
    "source",
    "asset_class",
    "price_basis",
    "instrument_digest",
    "window",
    "instrument",  # JSON of what names it at the source
    "same",  # finished bars that the page repeated bit for bit and that are not stored again
)
#: Files of earlier releases lack these; they are read as "".
_ADDED = frozenset({"instrument", "same"})

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_SCHEMA_FACTS = {
    "bars_schema_version": str(BARS_SCHEMA_VERSION),
    "bars_schema_digest": BARS_SCHEMA_DIGEST,
}
_TEXT = pa.large_string()
_INSTANT = pa.timestamp("us", "UTC")


@dataclass(frozen=True)
class Footer:
    """What a file tells of its rows without being read."""

    first: dt.datetime | None  # the earliest open; None where no row has one
    last: dt.datetime | None
    lacks_opens: bool  # some row has none
    new: int  # bars that were new when they came

    def may_hold(self, low: Any, high: Any) -> bool:
        """True where a row may open in [low, high], or have no open."""
        if self.lacks_opens or low is None or self.first is None or self.last is None:
            return True
        return bool(self.first <= high and self.last >= low)


def batch_bytes(rows: pl.DataFrame, facts: Mapping[str, str], new: int) -> bytes:
    """The file of one batch: ``rows`` in ``BAR_SCHEMA`` as served, ``facts`` of the fetch."""
    return encode(rows, {**facts, **_SCHEMA_FACTS, "new": str(new)})


def compacted_bytes(table: pa.Table, replaces: Sequence[str], new: int) -> bytes:
    """The file of several batches: ``table`` with gate and origin columns, in order of arrival.

    ``replaces`` are the names of the files whose place it takes, kept in its metadata.
    """
    rows = pl.DataFrame(pl.from_arrow(table))
    return encode(rows, {**_SCHEMA_FACTS, "replaces": json.dumps(list(replaces)), "new": str(new)})


def read_rows(folder: Path, name: RawName, columns: Sequence[str] = tuple(GATE_SCHEMA)) -> pa.Table:
    """``columns`` of one file, once its bytes are found to be those that its name promises.

    Raises:
        BarsError: the file is damaged or of another version; names it.
        FileNotFoundError: it is gone, because the log was compacted since it was listed.
    """
    path = folder / name.text
    data = read_whole(folder, name)
    # a batch tells the rest of its columns in its metadata and needs a row count for them
    table, facts = decode_table(data, str(path), {*columns, "ts"})
    if facts.get("bars_schema_digest") != BARS_SCHEMA_DIGEST:
        version = facts.get("bars_schema_version", "unknown")
        raise BarsError(
            f"{path} has bars of schema version {version}, this is version {BARS_SCHEMA_VERSION}; "
            "migrate the data root or use the release that wrote it",
            code="other-schema-version",
        )
    lacking = [column for column in columns if column not in table.column_names]
    table = _with_origin(table, name.text, dict.fromkeys(_ADDED, "") | facts, lacking)
    return table.select(list(columns))


def read_whole(folder: Path, name: RawName) -> bytes:
    """The bytes of one file, which are those that its name promises.

    Raises:
        BarsError: they are not.
        FileNotFoundError: it is gone, because the log was compacted since it was listed.
    """
    path = folder / name.text
    data = path.read_bytes()
    if short_hash(data) != name.hash:
        raise damaged(str(path), "its bytes are not those its name promises")
    return data


def read_footer(path: Path) -> Footer:
    """The footer alone; its bytes are verified by `read_whole`, or were before.

    Raises:
        BarsError: the file is damaged; names it.
        FileNotFoundError: it is gone, because the log was compacted since it was listed.
    """
    try:
        metadata = pq.read_metadata(path)
    except FileNotFoundError:
        raise
    except (pa.ArrowException, OSError) as error:
        raise damaged(str(path), str(error)) from error
    groups = range(metadata.num_row_groups)
    opens = [metadata.row_group(group).column(0).statistics for group in groups]
    new = int((metadata.metadata or {}).get(b"new", b"0"))
    known: list[Any] = [
        opened_at for opened_at in opens if opened_at is not None and opened_at.has_min_max
    ]
    lacks = len(known) < len(opens) or any(one.null_count for one in known)
    if not known:
        return Footer(None, None, lacks_opens=True, new=new)
    # raw microseconds: pyarrow would import pandas to make datetimes of them
    first, last = min(one.min_raw for one in known), max(one.max_raw for one in known)
    return Footer(_moment(first), _moment(last), lacks_opens=lacks, new=new)


def _with_origin(
    table: pa.Table, batch: str, facts: Mapping[str, str], columns: Sequence[str]
) -> pa.Table:
    """The rows of one batch with those of the wanted columns that its metadata tell."""
    for column in columns:
        if column == "fetched_at":
            moment = pa.scalar(instant(facts[column]), _INSTANT)
            table = table.append_column(column, pa.repeat(moment, len(table)))
        elif column not in BAR_COLUMNS:
            text = pa.scalar(batch if column == "batch" else facts[column], _TEXT)
            table = table.append_column(column, pa.repeat(text, len(table)))
    return table


def _moment(microseconds: int) -> dt.datetime:
    return _EPOCH + dt.timedelta(microseconds=microseconds)
