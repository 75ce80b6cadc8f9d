"""Old stores taken over: every row goes one way, nothing is lost, and all of it can be undone."""

import datetime as dt
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from regime_platform.audit.as_of import bars_as_of
from regime_platform.bar_store.canonical import read_in_force
from regime_platform.bar_store.raw import raw_file
from regime_platform.bar_store.raw.compaction import compact
from regime_platform.bar_store.raw.migrated import migrations
from regime_platform.errors import UsageError
from regime_platform.legacy.migration.migrate_pool import migrate_many
from regime_platform.legacy.migration.migration import MigrateOutcome, open_migration, plans
from regime_platform.legacy.migration.undo import undo_migration
from regime_platform.model.calendar.trading_hours import expected_opens
from regime_platform.pipeline.outcomes import Stage, Status
from regime_platform.pipeline.platform import RunWorkspace
from regime_platform.pipeline.run import run_symbol
from regime_platform_tests.builders import make_bars
from regime_platform_tests.legacy_stores import (
    WRITTEN,
    OldRow,
    old_rows,
    write_old_days,
    write_old_db,
)
from regime_platform_tests.scenario import contents, fingerprint, serve, street, with_value
from regime_platform_tests.traded import on_basis_of_today, sessions_of

NOW = dt.datetime(2026, 11, 20, 22, 30, tzinfo=dt.UTC)
FETCH = (Stage.RAW_BARS, Stage.VALIDATED_BARS)


def traded(sessions: int) -> pl.DataFrame:
    """Daily bars on days on which New York traded."""
    start = dt.datetime(2022, 1, 3, tzinfo=dt.UTC)
    opens = expected_opens("US_EQUITY", "1day", start, start + dt.timedelta(days=2 * sessions))
    return make_bars(sessions).with_columns(opens[:sessions].alias("ts"))


DAILY = traded(320)
HOURLY = sessions_of(DAILY[-120:])


def platform_of(
    folder: Path, tier: str = "daily", symbols: tuple[str, ...] = ("AAA",)
) -> RunWorkspace:
    return RunWorkspace.open(street(folder, symbols, tier=tier))


def migrated(
    workspace: RunWorkspace, kind: str, place: Path, workers: int = 1
) -> list[MigrateOutcome]:
    migration, store = open_migration(workspace.root, kind, place)
    wanted = plans(workspace.universe, store, workspace.universe.instruments)
    return list(migrate_many(workspace, wanted, migration, NOW, workers))


def canonical(workspace: RunWorkspace, timeframe: str = "1day") -> pl.DataFrame:
    held = read_in_force(workspace.root.symbol("AAA"), timeframe)
    assert held is not None
    return held[1]


def state(workspace: RunWorkspace) -> dict[str, str]:
    told = contents(workspace.root.path / "assets")
    return {name: digest for name, digest in told.items() if not name.endswith(".lock")}


def test_all_rows_of_a_live_db_become_canonical_as_they_were(tmp_path: Path) -> None:
    workspace = platform_of(tmp_path, "core")
    rows = old_rows("AAA", "1day", DAILY, word="1d") + old_rows("AAA", "1h", HOURLY, word="1hour")
    old = write_old_db(tmp_path / "old" / "live.db", rows).parent
    before = fingerprint(old)

    (outcome,) = migrated(workspace, "live", old)

    told = {account.timeframe: account for account in outcome.accounts}
    assert outcome.status is Status.DONE
    assert (told["1day"].rows, told["1day"].equal) == (DAILY.height, DAILY.height)
    assert told["1h"].changed == {"zone": HOURLY.height}
    assert canonical(workspace).equals(DAILY)
    assert canonical(workspace, "1h").equals(HOURLY)
    assert fingerprint(old) == before


def test_a_second_run_writes_nothing_and_tells_the_same(tmp_path: Path) -> None:
    workspace = platform_of(tmp_path)
    old = write_old_db(tmp_path / "old" / "live.db", old_rows("AAA", "1day", DAILY)).parent
    (first,) = migrated(workspace, "live", old)
    before = fingerprint(workspace.root.path)

    (second,) = migrated(workspace, "live", old)

    assert fingerprint(workspace.root.path) == before
    assert (second.status, second.written) == (Status.UNCHANGED, 0)
    assert second.accounts == first.accounts


def test_a_value_that_lies_otherwise_on_disk_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = platform_of(tmp_path)
    old = write_old_db(tmp_path / "old" / "live.db", old_rows("AAA", "1day", DAILY)).parent
    write = raw_file.batch_bytes

    def faulty(rows: pl.DataFrame, facts: Mapping[str, str], new: int) -> bytes:
        return write(with_value(rows, 5, high=rows["high"][5] * (1 + 1e-15)), facts, new)

    monkeypatch.setattr("regime_platform.bar_store.raw.migrated.batch_bytes", faulty)

    (outcome,) = migrated(workspace, "live", old)

    assert outcome.status is Status.FAILED
    assert "not what the old store says" in outcome.reason


def test_rows_that_came_since_are_added_to_those_held(tmp_path: Path) -> None:
    workspace = platform_of(tmp_path)
    path = tmp_path / "old" / "live.db"
    write_old_db(path, old_rows("AAA", "1day", DAILY[:300]))
    migrated(workspace, "live", path.parent)
    write_old_db(path, old_rows("AAA", "1day", DAILY[300:]))

    (outcome,) = migrated(workspace, "live", path.parent)

    assert outcome.written == DAILY.height - 300
    assert outcome.accounts[0].equal == DAILY.height
    assert canonical(workspace).equals(DAILY)


def test_day_files_tell_that_their_volume_was_of_another_type(tmp_path: Path) -> None:
    workspace = platform_of(tmp_path)
    write_old_days(tmp_path / "old/data/assets/AAA/bars/1day", "1day", DAILY)

    (outcome,) = migrated(workspace, "bars-v1", tmp_path / "old")

    assert outcome.accounts[0].changed == {"type": DAILY.height}
    assert canonical(workspace).equals(DAILY)


def test_equal_rows_collapse_and_differing_ones_hold_the_series_back(tmp_path: Path) -> None:
    workspace = platform_of(tmp_path)
    rows = old_rows("AAA", "1day", DAILY)
    again = [("AAA", "1day", f"{row[2]} 00:00:00", *row[3:]) for row in rows[:5]]
    other = ("AAA", "1d", rows[9][2], *rows[9][3:7], 1.0)
    old = write_old_db(tmp_path / "old" / "live.db", [*rows, *again, other]).parent

    (outcome,) = migrated(workspace, "live", old)

    (told,) = outcome.accounts
    assert outcome.status is Status.BLOCKED
    assert told.collapsed == 5
    assert told.rejected == {"contradicting_duplicate": 2}
    assert told.waiting == DAILY.height - 1
    assert told.adds_up


def test_a_bar_that_was_forming_when_the_store_was_written_stays_out(tmp_path: Path) -> None:
    workspace = platform_of(tmp_path)
    noon = DAILY["ts"][-1] + dt.timedelta(hours=17)
    path = write_old_db(tmp_path / "old" / "live.db", old_rows("AAA", "1day", DAILY), noon)

    (outcome,) = migrated(workspace, "live", path.parent)

    assert (outcome.accounts[0].unfinished, outcome.accounts[0].adds_up) == (1, True)
    assert canonical(workspace).equals(DAILY[:-1])


def test_the_younger_frozen_file_counts_whichever_is_migrated_first(tmp_path: Path) -> None:
    workspace = platform_of(tmp_path)
    first, last = tmp_path / "a" / "frozen_2025-01-02.db", tmp_path / "b" / "frozen_2026-01-02.db"
    write_old_db(first, old_rows("AAA", "1day", with_value(DAILY, 7, volume=1.0)))
    write_old_db(last, old_rows("AAA", "1day", DAILY))
    migrated(workspace, "frozen", last.parent)

    (outcome,) = migrated(workspace, "frozen", first.parent)

    assert outcome.accounts[0].superseded == {"correction": 1}
    assert canonical(workspace).equals(DAILY)


def differing() -> pl.DataFrame:
    """What the vendor has: other than in the old store where it was wrong, cut or restated."""
    split = {DAILY["ts"][200].date(): Fraction(2)}
    bars = on_basis_of_today(DAILY, split)[150:]
    bars = with_value(bars, 60, volume=bars["volume"][60] + 0.25)
    return with_value(bars, 70, volume=12.0)


@pytest.mark.parametrize("vendor_first", [True, False])
def test_the_vendors_version_counts_and_each_difference_is_explained(
    tmp_path: Path, *, vendor_first: bool
) -> None:
    folder = street(tmp_path, ["AAA"])
    serve(folder, "AAA", "1day", differing())
    workspace = RunWorkspace.open(folder)
    instrument = workspace.universe.instrument("AAA")
    old = write_old_db(tmp_path / "old" / "live.db", old_rows("AAA", "1day", DAILY)).parent
    if not vendor_first:
        migrated(workspace, "live", old)
    run_symbol(workspace, instrument, NOW, stages=FETCH)

    (outcome,) = migrated(workspace, "live", old)

    (told,) = outcome.accounts
    assert told.superseded == {
        "basis change": 50,
        "volume cut to a whole number": 1,
        "correction": 1,
    }
    assert (told.equal, told.adds_up) == (DAILY.height - 52, True)
    assert canonical(workspace).equals(pl.concat([DAILY[:150], differing()]))
    known_then = bars_as_of(workspace, instrument, "1day", WRITTEN + dt.timedelta(days=1))
    assert known_then.bars.equals(DAILY)


def test_undoing_leaves_what_was_there_before_and_other_migrations(tmp_path: Path) -> None:
    folder = street(tmp_path, ["AAA"])
    serve(folder, "AAA", "1day", DAILY[150:])
    workspace = RunWorkspace.open(folder)
    run_symbol(workspace, workspace.universe.instrument("AAA"), NOW, stages=FETCH)
    write_old_days(tmp_path / "days/AAA/1day", "1day", DAILY[50:200])
    migrated(workspace, "bars-root", tmp_path / "days")
    before = state(workspace)
    old = write_old_db(tmp_path / "old" / "live.db", old_rows("AAA", "1day", DAILY)).parent
    migrated(workspace, "live", old)
    name = open_migration(workspace.root, "live", old)[0].name
    compact(workspace.root.symbol("AAA").raw("1day"))

    (undone,) = undo_migration(workspace, name, workspace.universe.instruments)

    assert (undone.status, undone.files) == (Status.DONE, 1)
    assert state(workspace) == before
    left = [of for _file, of in migrations(workspace.root.symbol("AAA").raw("1day"))]
    assert len(left) == 1
    assert left[0].startswith("bars-root-")
    with pytest.raises(UsageError, match=left[0]):
        list(undo_migration(workspace, name, workspace.universe.instruments))


def test_what_is_not_followed_or_not_readable_is_counted_and_stops_nobody(tmp_path: Path) -> None:
    workspace = platform_of(tmp_path, symbols=("AAA", "BBB"))
    place = tmp_path / "old"
    for symbol in ("AAA", "BBB", "ZZZ"):
        write_old_days(place / symbol / "bars/1day", "1day", DAILY)
    write_old_days(place / "AAA/bars/1h", "1h", HOURLY[:70])
    torn = sorted((place / "BBB").rglob("*.parquet"))[3]
    torn.write_bytes(torn.read_bytes()[:50])

    told = {one.symbol: one for one in migrated(workspace, "bars-v1", place)}

    assert [one.status for one in told.values()] == [Status.DONE, Status.FAILED, Status.FAILED]
    assert told["AAA"].accounts[0].left_out == {"not followed on this timeframe": 70}
    assert str(torn) in told["BBB"].reason
    assert told["ZZZ"].accounts[0].left_out == {"symbol not in the universe": DAILY.height}
    assert "universe add" in told["ZZZ"].reason


def test_a_damaged_file_fails_its_symbol_alone(tmp_path: Path) -> None:
    workspace = platform_of(tmp_path, symbols=("AAA", "BBB"))
    for symbol in ("AAA", "BBB"):
        write_old_db(tmp_path / "old" / symbol / "live.db", old_rows(symbol, "1day", DAILY))
    torn = tmp_path / "old" / "BBB" / "live.db"
    torn.write_bytes(torn.read_bytes()[:5000])

    told = {one.symbol: one for one in migrated(workspace, "live", tmp_path / "old")}

    assert [one.status for one in told.values()] == [Status.DONE, Status.FAILED]
    assert str(torn) in told["BBB"].reason


def test_a_time_that_means_two_instants_is_refused_and_told(tmp_path: Path) -> None:
    workspace = platform_of(tmp_path, "core")
    rows = old_rows("AAA", "1h", HOURLY)
    rows += [("AAA", "1h", "2023-11-05 01:30:00", 1.0, 1.0, 1.0, 1.0, 1.0)]
    old = write_old_db(tmp_path / "old" / "live.db", rows).parent

    (outcome,) = migrated(workspace, "live", old)

    assert outcome.status is Status.FAILED
    assert outcome.accounts[0].rejected == {"ambiguous_time": 1}
    assert "2023-11-05 01:30:00" in outcome.reason
    assert canonical(workspace, "1h").equals(HOURLY)


def test_an_old_store_inside_the_data_root_is_refused(tmp_path: Path) -> None:
    workspace = platform_of(tmp_path)
    write_old_db(workspace.root.path / "assets/AAA/live.db", old_rows("AAA", "1day", DAILY))

    with pytest.raises(UsageError, match="data root"):
        open_migration(workspace.root, "live", workspace.root.path / "assets")


_TS = st.one_of(
    st.dates(dt.date(2021, 12, 28), dt.date(2022, 2, 1)).map(str),
    st.datetimes(
        dt.datetime.fromisoformat("2021-12-28"), dt.datetime.fromisoformat("2022-02-01")
    ).map(str),
    st.sampled_from(["", "yesterday", "2022-01-05T00:00:00Z"]),
)
_VALUE = st.one_of(st.none(), st.sampled_from([-1.0, 0.0, 1.0, 2.0, float("inf")]), st.just("x"))
_ROW = st.tuples(st.just("AAA"), st.sampled_from(["1day", "1d", "1week", "3h"]), _TS, *[_VALUE] * 5)


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(_ROW, max_size=25, unique_by=lambda row: row[:3]))
def test_whatever_stands_in_the_store_every_row_is_accounted_for(
    tmp_path_factory: pytest.TempPathFactory, rows: list[OldRow]
) -> None:
    folder = tmp_path_factory.mktemp("dirty")
    workspace = platform_of(folder)
    sound = old_rows("AAA", "1day", DAILY[60:])
    old = write_old_db(folder / "old" / "live.db", [*sound, *rows]).parent

    (outcome,) = migrated(workspace, "live", old)

    assert sum(account.rows for account in outcome.accounts) == len(sound) + len(rows)
    assert all(account.adds_up for account in outcome.accounts), outcome.accounts


_KILLED = """
import os, signal, sys
from pathlib import Path
from regime_platform import files
from regime_platform.cli.main import main

left, when, write = int(sys.argv[1]), sys.argv[2], files.write_atomically

def killing(target, fill):
    global left
    left -= 1
    if left == 0 and when == "before":
        os.kill(os.getpid(), signal.SIGKILL)
    write(target, fill)
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)

files.write_atomically = killing
main(["migrate", "live", "--all", "--from", sys.argv[3]])
"""


def test_killed_anywhere_a_rerun_ends_as_if_nothing_had_happened(tmp_path: Path) -> None:
    rows = old_rows("AAA", "1day", DAILY) + old_rows("AAA", "1week", traded(1000)[::5])
    old = write_old_db(tmp_path / "old" / "live.db", rows).parent
    whole = platform_of(tmp_path / "whole")
    migrated(whole, "live", old)
    for kill, when in ((1, "after"), (4, "before")):
        workspace = platform_of(tmp_path / f"{kill}{when}")
        environment = {**os.environ, "REGIME_DATA_ROOT": str(workspace.root.path)}

        ended = subprocess.run(
            [sys.executable, "-c", _KILLED, str(kill), when, str(old)],
            env=environment,
            check=False,
            timeout=60,
        )
        migrated(workspace, "live", old)

        assert ended.returncode == -signal.SIGKILL
        assert state(workspace) == state(whole)
