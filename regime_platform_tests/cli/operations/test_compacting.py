"""compact from outside: fewer files, the same answers, and exit codes."""

import datetime as dt
import json
from pathlib import Path

import pytest

from regime_platform.bar_store.layout import DataRoot
from regime_platform.bar_store.raw.raw_log import append, names, read_raw
from regime_platform.settings import Settings
from regime_platform_tests.builders import LONG_AFTER, fetch_facts, make_bars
from regime_platform_tests.cli.conftest import Regime
from regime_platform_tests.scenario import fingerprint, street

FILES = 5


@pytest.fixture
def logged(tmp_path: Path) -> Settings:
    """Two symbols with a raw log of several files."""
    settings = street(tmp_path, ["AAA", "BBB"])
    for symbol in ("AAA", "BBB"):
        for day in range(FILES):
            facts = fetch_facts(LONG_AFTER + dt.timedelta(days=day))
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
    assert len(names(_raw(logged, "AAA"))) == 1
    assert read_raw(_raw(logged, "AAA")).equals(before)
    assert len(names(_raw(logged, "BBB"))) == FILES


def test_json_leads_from_old_names_to_new(regime: Regime, logged: Settings) -> None:
    old = names(_raw(logged, "BBB"))

    facts = json.loads(regime("compact", "--all", "--json", settings=logged).out)

    (series,) = facts["symbols"][1]["series"]
    assert facts["exit_code"] == 0
    assert list(series["replaced"]) == old
    assert set(series["replaced"].values()) == set(names(_raw(logged, "BBB")))


def test_a_second_time_writes_nothing(regime: Regime, logged: Settings) -> None:
    regime("compact", "--all", settings=logged)
    before = fingerprint(logged.data_root)

    ended = regime("compact", "--all", settings=logged)

    assert (ended.code, ended.out) == (0, "")
    assert fingerprint(logged.data_root) == before


def test_a_damaged_log_fails_alone(regime: Regime, logged: Settings) -> None:
    path = _raw(logged, "AAA") / names(_raw(logged, "AAA"))[0]
    path.write_bytes(b"")

    ended = regime("compact", "--all", settings=logged)

    assert ended.code == 3
    assert f"{path.name} is damaged" in ended.out
    assert len(names(_raw(logged, "AAA"))) == FILES
    assert len(names(_raw(logged, "BBB"))) == 1


def test_no_symbols_are_wrong_usage(regime: Regime, logged: Settings) -> None:
    assert regime("compact", settings=logged).code == 2
