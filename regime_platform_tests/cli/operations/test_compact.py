"""`regime compact`: fewer files, the same answers, and exit codes."""

import datetime as dt
import json
from pathlib import Path

import pytest

from regime_platform.bar_store.layout import DataRoot
from regime_platform.bar_store.raw.raw_log import append, read_raw
from regime_platform.bar_store.raw.raw_names import list_raw
from regime_platform.settings import Settings
from regime_platform_tests.builders import LONG_AFTER, fetch_origin, make_bars
from regime_platform_tests.cli.conftest import Regime
from regime_platform_tests.scenario import fingerprint, street

FILES = 5


@pytest.fixture
def logged(tmp_path: Path) -> Settings:
    """Two symbols with a raw log of several files."""
    settings = street(tmp_path, ["AAA", "BBB"])
    for symbol in ("AAA", "BBB"):
        for day in range(FILES):
            facts = fetch_origin(LONG_AFTER + dt.timedelta(days=day))
            append(_raw(settings, symbol), make_bars(300 + day), facts)
    return settings


def _raw(settings: Settings, symbol: str) -> Path:
    return DataRoot(settings.data_root).symbol(symbol).raw("1day")


def test_files_are_merged_and_nothing_is_lost(regime: Regime, logged: Settings) -> None:
    before = read_raw(_raw(logged, "AAA"))

    ended = regime("compact", "aaa", settings=logged)

    assert ended.code == 0
    row = next(line for line in ended.out.splitlines() if line.startswith("AAA"))
    assert row.split()[1:3] == ["done", str(FILES)]
    assert f"1 symbol: {FILES} files merged" in ended.err
    assert len(list_raw(_raw(logged, "AAA")).names) == 1
    assert read_raw(_raw(logged, "AAA")).equals(before)
    assert len(list_raw(_raw(logged, "BBB")).names) == FILES


def test_json_maps_old_names_to_new(regime: Regime, logged: Settings) -> None:
    old = list_raw(_raw(logged, "BBB")).names

    facts = json.loads(regime("compact", "--all", "--json", settings=logged).out)

    (series,) = facts["symbols"][1]["series"]
    assert facts["exit_code"] == 0
    assert tuple(series["replaced"]) == old
    assert set(series["replaced"].values()) == set(list_raw(_raw(logged, "BBB")).names)


def test_repeated_compaction_writes_nothing(regime: Regime, logged: Settings) -> None:
    regime("compact", "--all", settings=logged)
    before = fingerprint(logged.data_root)

    ended = regime("compact", "--all", settings=logged)

    assert (ended.code, ended.out) == (0, "")
    assert fingerprint(logged.data_root) == before


def test_a_damaged_log_fails_alone(regime: Regime, logged: Settings) -> None:
    path = _raw(logged, "AAA") / list_raw(_raw(logged, "AAA")).names[0]
    path.write_bytes(b"")

    ended = regime("compact", "--all", settings=logged)

    assert ended.code == 3
    assert f"{path.name} is damaged" in ended.out
    assert len(list_raw(_raw(logged, "AAA")).names) == FILES
    assert len(list_raw(_raw(logged, "BBB")).names) == 1


def test_no_symbols_are_wrong_usage(regime: Regime, logged: Settings) -> None:
    assert regime("compact", settings=logged).code == 2
