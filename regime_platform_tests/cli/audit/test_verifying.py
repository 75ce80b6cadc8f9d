"""verify and repair from outside: what they print, and how they end."""

import json
import shutil
from pathlib import Path

import duckdb
import pytest

from regime_platform.bar_store.layout import DataRoot, SymbolPaths
from regime_platform.pipeline.platform import RunWorkspace
from regime_platform.settings import Settings
from regime_platform_tests.cli.conftest import Regime


@pytest.fixture
def copied(walked: RunWorkspace, tmp_path: Path) -> Settings:
    """Two of the walked samples, to be tampered with."""
    target = DataRoot(tmp_path / "data")
    for symbol in ("FB", "GOOG"):
        shutil.copytree(walked.root.symbol(symbol).folder, target.symbol(symbol).folder)
    return Settings(_env_file=None, REGIME_DATA_ROOT=target.path)


def _paths(settings: Settings) -> SymbolPaths:
    return DataRoot(settings.data_root).symbol("GOOG")


def _change_a_value(settings: Settings) -> None:
    with duckdb.connect(_paths(settings).compute_db) as connection:
        connection.execute("UPDATE latest_state SET confidence = confidence / 2")


def test_what_is_whole_is_proven(regime: Regime, copied: Settings) -> None:
    ended = regime("verify", "fb", "goog", settings=copied)

    assert ended.code == 0
    rows = [line.split()[:2] for line in ended.out.splitlines()[2:] if line]
    assert rows == [["FB", "proven"], ["GOOG", "proven"]]
    assert "2 of 2 symbols proven" in ended.err


def test_a_changed_value_is_named_and_the_others_are_proven(
    regime: Regime, copied: Settings
) -> None:
    _change_a_value(copied)

    ended = regime("verify", "FB", "GOOG", "--json", settings=copied)
    facts = json.loads(ended.out)

    assert ended.code == facts["exit_code"] == 3
    assert [symbol["proof"] for symbol in facts["symbols"]] == ["proven", "changed"]
    assert [symbol["remedy"] for symbol in facts["symbols"]] == [None, "regime repair GOOG"]
    found = facts["symbols"][1]["findings"]
    assert {one["what"] for one in found} == {"compute.db"}
    assert "latest_state is not what was written" in [one["reason"] for one in found]


def test_symbols_of_which_nothing_is_held_are_counted_apart(
    regime: Regime, copied: Settings
) -> None:
    ended = regime("verify", "--all", settings=copied)

    assert ended.code == 0
    assert "2 of 7 symbols proven; 5 have no data" in ended.err


def test_recomputing_says_so(regime: Regime, copied: Settings) -> None:
    facts = json.loads(regime("verify", "FB", "--recompute", "--json", settings=copied).out)

    assert facts["symbols"][0]["is_recomputed"]


def test_repair_tells_first_and_does_it_when_told(regime: Regime, copied: Settings) -> None:
    _change_a_value(copied)
    damaged = _paths(copied).compute_db.read_bytes()

    assert "remedy: GOOG: regime repair GOOG" in regime("verify", "GOOG", settings=copied).err
    told = regime("repair", "GOOG", settings=copied)
    untouched = _paths(copied).compute_db.read_bytes() == damaged
    done = regime("repair", "GOOG", "--yes", "--now", "2026-11-21T09:00:00Z", settings=copied)

    assert (told.code, untouched, done.code) == (1, True, 0)
    assert "compute the results anew" in told.out
    assert "nothing was done yet; --yes does it" in told.err
    kept = _paths(copied).set_aside / "20261121T090000Z" / "compute.db"
    assert kept.read_bytes() == damaged
    assert regime("verify", "GOOG", settings=copied).code == 0


def test_repair_in_json_tells_what_it_found_and_did(regime: Regime, copied: Settings) -> None:
    _paths(copied).compute_manifest.unlink()

    facts = json.loads(regime("repair", "GOOG", "--yes", "--json", settings=copied).out)

    (symbol,) = facts["symbols"]
    assert (facts["exit_code"], facts["was_done"]) == (0, True)
    assert symbol["found"][0]["kind"] == "missing"
    assert symbol["steps"] == ["write the manifests that are not as they should be"]
    assert symbol["after"]["proof"] == "proven"


def test_no_symbols_are_wrong_usage(regime: Regime, copied: Settings) -> None:
    assert regime("verify", settings=copied).code == 2
