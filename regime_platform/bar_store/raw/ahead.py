"""Sets batches of a raw log aside whose fetch time is in the future: the clock was ahead then.

The true fetch time of such a batch is unknown, so it is unknown whether its bars were finished, and
in the log it would count once its stamped time has passed. Its file is renamed (``raw_names``) and
never read again; the digest of the log changes, so its record of requests is checked again and the
gate validates the log without it. A compacted file is written again without such batches, which get
a file of their own. The caller has to make sure that the present clock is not behind.
"""

import datetime as dt
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from regime_platform.bar_store.raw.raw_file import ORIGIN_COLUMNS, compacted_bytes, read_rows
from regime_platform.bar_store.raw.raw_names import (
    RawLog,
    RawName,
    aside_name,
    compacted_name,
    list_raw,
    moment_text,
    parsed,
)
from regime_platform.files import move_file, write_bytes
from regime_platform.model.clock import MOST_AHEAD
from regime_platform.validation.rules.series import GATE_SCHEMA

_COLUMNS = (*GATE_SCHEMA, *ORIGIN_COLUMNS)


def files_ahead(log: RawLog, now: dt.datetime) -> list[RawName]:
    """The files of the log with batches that were fetched later than ``now``, by their names.

    The name of a compacted file has no fetch times: its modification time is used. Migrated files
    are left out, since no source can bring them again.
    """
    bound = now + MOST_AHEAD
    text, seconds = moment_text(bound), bound.timestamp()
    listed = list_raw(log)

    def is_ahead(name: RawName) -> bool:
        if name.fetched_at:
            return name.fetched_at > text
        return _written(listed.folder, name) > seconds

    return [name for name in listed.files if not name.is_legacy and is_ahead(name)]


def set_aside(folder: Path, now: dt.datetime) -> None:
    """Sets batches that were fetched later than ``now`` aside; hold the lock.

    Raises:
        BarsError: a compacted file is damaged; the log stays as it is.
    """
    for name in files_ahead(folder, now):
        if name.fetched_at:
            move_file(folder / name.text, folder / aside_name(name.text))
        else:
            _divide(folder, name, now + MOST_AHEAD)


def _written(folder: Path, name: RawName) -> float:
    try:
        return (folder / name.text).stat().st_mtime
    except FileNotFoundError:  # compacted since it was listed
        return 0.0


def _divide(folder: Path, name: RawName, bound: dt.datetime) -> None:
    """Writes a compacted file again, without the batches that were fetched after ``bound``.

    Those are written first, and the old file is removed last: a process killed in between leaves a
    log that reads as before or as after.
    """
    table = read_rows(folder, name, _COLUMNS)
    is_ahead = pc.greater(table["fetched_at"], pa.scalar(bound, table["fetched_at"].type))
    ahead, rest = table.filter(is_ahead), table.filter(pc.invert(is_ahead))
    if not ahead.num_rows:
        return
    _write(folder, ahead, is_aside=True)
    if rest.num_rows:
        _write(folder, rest, is_aside=False)
    (folder / name.text).unlink()


def _write(folder: Path, table: pa.Table, *, is_aside: bool) -> None:
    texts: list[str] = pl.Series(table["batch"]).unique().sort().to_list()
    batches = [batch for text in texts if (batch := parsed(text)) is not None]
    data = compacted_bytes(table, texts, new=pl.Series(table["ts"]).n_unique())
    text = compacted_name(batches, data).text
    write_bytes(folder / (aside_name(text) if is_aside else text), data)
