"""When the files of a legacy store were written."""

import datetime as dt
import os
from pathlib import Path

from regime_platform.legacy.sqlite import sqlite_store
from regime_platform_tests.legacy.live_rows import row
from regime_platform_tests.legacy.stores import WRITTEN, write_legacy_db


def test_a_frozen_file_was_written_at_the_latest_when_its_date_was_over(tmp_path: Path) -> None:
    older, younger = tmp_path / "frozen_2025-01-02.db", tmp_path / "frozen_2025-03-04.db"
    noon = dt.datetime(2025, 3, 4, 12, tzinfo=dt.UTC)
    write_legacy_db(younger, [row("AAA", "1day", "2025-03-03")], noon)
    write_legacy_db(older, [row("AAA", "1day", "2025-01-02")], WRITTEN)  # copied without its time

    parts = sqlite_store("frozen", tmp_path).parts

    assert [Path(part.files().paths[0]).name for part in parts] == [older.name, younger.name]
    assert [part.files().written_at for part in parts] == [
        dt.datetime(2025, 1, 3, tzinfo=dt.UTC),
        noon,
    ]


def test_a_live_file_was_written_when_its_log_was(tmp_path: Path) -> None:
    path = write_legacy_db(tmp_path / "live.db", [row("AAA", "1day", "2024-07-05")])
    log = Path(f"{path}-wal")
    log.touch()
    later = WRITTEN + dt.timedelta(hours=3)
    os.utime(log, (later.timestamp(), later.timestamp()))

    assert [part.files().written_at for part in sqlite_store("live", tmp_path).parts] == [later]
