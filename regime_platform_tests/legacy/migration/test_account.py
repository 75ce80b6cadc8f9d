"""Every imported row is counted once, with the reason where it is not canonical."""

import datetime as dt
from fractions import Fraction
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from regime_platform.audit.as_of import bars_as_of
from regime_platform.pipeline.outcomes import Status
from regime_platform.pipeline.run import run_symbol
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform_tests.legacy.migration.scenario import (
    DAILY,
    FETCH,
    NOW,
    canonical,
    migrate,
    workspace_at,
)
from regime_platform_tests.legacy.stores import (
    WRITTEN,
    LegacyRow,
    legacy_rows,
    write_legacy_days,
    write_legacy_db,
)
from regime_platform_tests.scenario import serve, street, with_value
from regime_platform_tests.traded import on_basis_of_today


def test_day_files_report_the_changed_type_of_their_volume(tmp_path: Path) -> None:
    workspace = workspace_at(tmp_path)
    write_legacy_days(tmp_path / "old/data/assets/AAA/bars/1day", "1day", DAILY)

    (outcome,) = migrate(workspace, "bars-v1", tmp_path / "old")

    assert outcome.accounts[0].changed == {"type": DAILY.height}
    assert canonical(workspace).equals(DAILY)


def test_equal_rows_collapse_and_contradicting_ones_block_the_series(tmp_path: Path) -> None:
    workspace = workspace_at(tmp_path)
    rows = legacy_rows("AAA", "1day", DAILY)
    again = [("AAA", "1day", f"{row[2]} 00:00:00", *row[3:]) for row in rows[:5]]
    other = ("AAA", "1d", rows[9][2], *rows[9][3:7], 1.0)
    old = write_legacy_db(tmp_path / "old" / "live.db", [*rows, *again, other]).parent

    (outcome,) = migrate(workspace, "live", old)

    (account,) = outcome.accounts
    assert outcome.status is Status.BLOCKED
    assert account.collapsed == 5
    assert account.rejected == {"contradicting_duplicate": 2}
    assert account.waiting == DAILY.height - 1
    assert account.adds_up


def test_a_bar_that_was_forming_when_the_store_was_written_is_unfinished(tmp_path: Path) -> None:
    workspace = workspace_at(tmp_path)
    noon = DAILY["ts"][-1] + dt.timedelta(hours=17)
    path = write_legacy_db(tmp_path / "old" / "live.db", legacy_rows("AAA", "1day", DAILY), noon)

    (outcome,) = migrate(workspace, "live", path.parent)

    assert (outcome.accounts[0].unfinished, outcome.accounts[0].adds_up) == (1, True)
    assert canonical(workspace).equals(DAILY[:-1])


def test_the_younger_frozen_file_counts_whichever_is_migrated_first(tmp_path: Path) -> None:
    workspace = workspace_at(tmp_path)
    first, last = tmp_path / "a" / "frozen_2025-01-02.db", tmp_path / "b" / "frozen_2026-01-02.db"
    write_legacy_db(first, legacy_rows("AAA", "1day", with_value(DAILY, 7, volume=1.0)))
    write_legacy_db(last, legacy_rows("AAA", "1day", DAILY))
    migrate(workspace, "frozen", last.parent)

    (outcome,) = migrate(workspace, "frozen", first.parent)

    assert outcome.accounts[0].superseded == {"correction": 1}
    assert canonical(workspace).equals(DAILY)


SPLIT = {DAILY["ts"][200].date(): Fraction(2)}


def differing() -> pl.DataFrame:
    """What the vendor has: other than in the old store where it was wrong, cut or restated."""
    bars = on_basis_of_today(DAILY, SPLIT)[150:]
    bars = with_value(bars, 60, volume=bars["volume"][60] + 0.25)
    return with_value(bars, 70, volume=12.0)


@pytest.mark.parametrize("vendor_first", [True, False])
def test_the_vendors_version_counts_and_each_difference_has_a_reason(
    tmp_path: Path, *, vendor_first: bool
) -> None:
    folder = street(tmp_path, ["AAA"])
    serve(folder, "AAA", "1day", differing())
    workspace = RunWorkspace.open(folder)
    instrument = workspace.universe.instrument("AAA")
    old = write_legacy_db(tmp_path / "old" / "live.db", legacy_rows("AAA", "1day", DAILY)).parent
    if not vendor_first:
        migrate(workspace, "live", old)
    run_symbol(workspace, instrument, NOW, stages=FETCH)

    (outcome,) = migrate(workspace, "live", old)

    (account,) = outcome.accounts
    assert account.superseded == {
        "basis change": 50,
        "volume cut to a whole number": 1,
        "correction": 1,
    }
    # the split shows in bars that were stored before: those that the vendor lacks are divided too
    rebased = 0 if vendor_first else 150
    assert account.changed.get("price basis", 0) == rebased
    assert (account.equal, account.adds_up) == (DAILY.height - 52 - rebased, True)
    older = DAILY if vendor_first else on_basis_of_today(DAILY, SPLIT)
    assert canonical(workspace).equals(pl.concat([older[:150], differing()]))
    known_then = bars_as_of(workspace, instrument, "1day", WRITTEN + dt.timedelta(days=1))
    assert known_then.bars.equals(DAILY)


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
def test_every_row_of_any_store_is_accounted_for(
    tmp_path_factory: pytest.TempPathFactory, rows: list[LegacyRow]
) -> None:
    folder = tmp_path_factory.mktemp("dirty")
    workspace = workspace_at(folder)
    valid = legacy_rows("AAA", "1day", DAILY[60:])
    old = write_legacy_db(folder / "old" / "live.db", [*valid, *rows]).parent

    (outcome,) = migrate(workspace, "live", old)

    assert sum(account.rows for account in outcome.accounts) == len(valid) + len(rows)
    assert all(account.adds_up for account in outcome.accounts), outcome.accounts
