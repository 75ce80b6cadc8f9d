"""An imported part equals the legacy store bit for bit, or the import fails."""

from collections.abc import Mapping
from pathlib import Path

import polars as pl
import pytest

from regime_platform.bar_store.raw import raw_file
from regime_platform.pipeline.outcomes import Status
from regime_platform_tests.legacy.migration.scenario import (
    DAILY,
    HOURLY,
    canonical,
    migrate,
    workspace_at,
)
from regime_platform_tests.legacy.stores import (
    legacy_rows,
    write_legacy_db,
)
from regime_platform_tests.scenario import with_value


def test_a_value_written_differently_fails_the_import(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = workspace_at(tmp_path)
    old = write_legacy_db(tmp_path / "old" / "live.db", legacy_rows("AAA", "1day", DAILY)).parent
    write = raw_file.batch_bytes

    def faulty(rows: pl.DataFrame, facts: Mapping[str, str], new: int) -> bytes:
        return write(with_value(rows, 5, high=rows["high"][5] * (1 + 1e-15)), facts, new)

    monkeypatch.setattr("regime_platform.legacy.migration.raw_files.batch_bytes", faulty)

    (outcome,) = migrate(workspace, "live", old)

    assert outcome.status is Status.FAILED
    assert "the raw log differs from the legacy store" in outcome.reason


def test_later_rows_are_added_to_stored_ones(tmp_path: Path) -> None:
    workspace = workspace_at(tmp_path)
    path = tmp_path / "old" / "live.db"
    write_legacy_db(path, legacy_rows("AAA", "1day", DAILY[:300]))
    migrate(workspace, "live", path.parent)
    write_legacy_db(path, legacy_rows("AAA", "1day", DAILY[300:]))

    (outcome,) = migrate(workspace, "live", path.parent)

    assert outcome.written == DAILY.height - 300
    assert outcome.accounts[0].equal == DAILY.height
    assert canonical(workspace).equals(DAILY)


def test_an_ambiguous_time_is_refused_and_reported(tmp_path: Path) -> None:
    workspace = workspace_at(tmp_path, "core")
    rows = legacy_rows("AAA", "1h", HOURLY)
    rows += [("AAA", "1h", "2023-11-05 01:30:00", 1.0, 1.0, 1.0, 1.0, 1.0)]
    old = write_legacy_db(tmp_path / "old" / "live.db", rows).parent

    (outcome,) = migrate(workspace, "live", old)

    assert outcome.status is Status.FAILED
    assert outcome.accounts[0].rejected == {"ambiguous_time": 1}
    assert "2023-11-05 01:30:00" in outcome.reason
    assert canonical(workspace, "1h").equals(HOURLY)
