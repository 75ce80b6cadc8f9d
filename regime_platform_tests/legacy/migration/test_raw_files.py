"""Migrated files of a raw log: rows are added once, and withdrawn by migration."""

from dataclasses import replace
from pathlib import Path

from regime_platform.bar_store.raw.raw_log import append, read_raw
from regime_platform.legacy.migration.raw_files import add, migrations, missing, withdraw
from regime_platform_tests.builders import fetch_origin, make_bars

FIRST = replace(fetch_origin(), source="legacy:first")
SECOND = replace(fetch_origin(), source="legacy:second")


def test_only_rows_that_a_migration_lacks_are_added(tmp_path: Path) -> None:
    bars = make_bars(30)
    first, written = add(tmp_path, bars.head(20), FIRST)
    assert written.equals(bars.head(20))
    assert missing(tmp_path, bars, FIRST).equals(bars.tail(10))

    rest, _ = add(tmp_path, bars, FIRST)

    again, stored = add(tmp_path, bars, FIRST)
    assert (first, rest, again) == (20, 10, 0)
    assert stored.select(bars.columns).equals(bars)


def test_withdrawing_removes_the_files_of_one_migration_only(tmp_path: Path) -> None:
    bars = make_bars(10)
    append(tmp_path, bars.head(5), fetch_origin())
    add(tmp_path, bars, FIRST)
    add(tmp_path, bars, SECOND)
    (kept, first), (gone, second) = migrations(tmp_path)
    assert (first, second) == ("first", "second")

    assert withdraw(tmp_path, "second") == [gone]

    assert list(migrations(tmp_path)) == [(kept, "first")]
    assert read_raw(tmp_path).height == 15
