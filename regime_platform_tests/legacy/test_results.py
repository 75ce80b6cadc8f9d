"""Results of the legacy engine: where they are, and their rows with instants."""

import sqlite3
from pathlib import Path

import pytest

from regime_platform.errors import BarsError, UsageError
from regime_platform.legacy.results import (
    STATE,
    find_results,
    in_last_form,
    read_results,
    stated_versions,
)
from regime_platform.model.markets import MARKETS
from regime_platform_tests.error_codes import raises
from regime_platform_tests.legacy.stores import write_legacy_results


@pytest.mark.parametrize("place", ["compute.db", "MSFT/compute.db", "data/assets/MSFT/compute.db"])
def test_every_location_of_the_legacy_engine_is_searched(tmp_path: Path, place: str) -> None:
    path = tmp_path / place
    path.parent.mkdir(parents=True, exist_ok=True)
    write_legacy_results(path)

    assert find_results(tmp_path) == {"MSFT": path}
    assert stated_versions(path) == []


def test_a_folder_without_results_is_a_usage_error(tmp_path: Path) -> None:
    with raises(UsageError, "no-legacy-store", match=r"compute\.db"):
        find_results(tmp_path)


def test_keys_of_another_form_than_the_last_run_are_left_out(tmp_path: Path) -> None:
    def change(connection: sqlite3.Connection) -> None:
        copied = f"SELECT symbol, timeframe, {{}}, state_json FROM {STATE} LIMIT 1"  # noqa: S608
        for key in ("'2013-03-04 09:30:00'", "'nonsense'"):
            connection.execute(f"INSERT INTO {STATE} {copied.format(key)}")

    path = write_legacy_results(tmp_path / "compute.db", change)

    rows = read_results(path, "MSFT", MARKETS["US_EQUITY"], "1day")[STATE]["1day"]

    assert rows.filter(rows["ts"].is_null())["asof"].to_list() == ["nonsense"]
    assert in_last_form(rows)["asof"].to_list() == ["2013-03-04 09:30:00"]


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "compute.db"
    path.write_text("no database at all, but long enough to be looked at " * 20)

    with raises(BarsError, "legacy-results-damaged", match=r"compute\.db"):
        stated_versions(path)
