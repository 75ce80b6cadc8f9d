"""`regime verify` and `regime repair`: output and exit codes, `--bundle` and `--as-of`."""

import json
import shutil
from pathlib import Path

import duckdb
import pytest

from regime_platform.bar_store.layout import DataRoot, SymbolPaths
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.settings import Settings
from regime_platform_tests.cli.conftest import Regime


@pytest.fixture
def copied(processed: RunWorkspace, tmp_path: Path) -> Settings:
    """Two processed sample symbols, to be tampered with."""
    target = DataRoot(tmp_path / "data")
    for symbol in ("FB", "GOOG"):
        shutil.copytree(processed.root.symbol(symbol).folder, target.symbol(symbol).folder)
    return Settings(_env_file=None, REGIME_DATA_ROOT=target.path)


def _paths(settings: Settings) -> SymbolPaths:
    return DataRoot(settings.data_root).symbol("GOOG")


def _change_a_value(settings: Settings) -> None:
    with duckdb.connect(_paths(settings).compute_db) as connection:
        connection.execute("UPDATE latest_state SET confidence = confidence / 2")


def test_undamaged_symbols_are_proven(regime: Regime, copied: Settings) -> None:
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
    findings = facts["symbols"][1]["findings"]
    assert {finding["what"] for finding in findings} == {"compute.db"}
    assert "latest_state is not what was written" in [finding["reason"] for finding in findings]


def test_symbols_without_data_are_counted_separately(regime: Regime, copied: Settings) -> None:
    ended = regime("verify", "--all", settings=copied)

    assert ended.code == 3
    assert "2 of 7 symbols proven; 5 without bars" in ended.err


def test_recompute_is_reported(regime: Regime, copied: Settings) -> None:
    facts = json.loads(regime("verify", "FB", "--recompute", "--json", settings=copied).out)

    assert facts["symbols"][0]["is_recomputed"]


def test_repair_shows_the_plan_and_acts_only_with_yes(regime: Regime, copied: Settings) -> None:
    _change_a_value(copied)
    damaged = _paths(copied).compute_db.read_bytes()

    assert "remedy: regime repair GOOG" in regime("verify", "GOOG", settings=copied).err
    planned = regime("repair", "GOOG", settings=copied)
    untouched = _paths(copied).compute_db.read_bytes() == damaged
    done = regime("repair", "GOOG", "--yes", "--now", "2026-11-21T09:00:00Z", settings=copied)

    assert (planned.code, untouched, done.code) == (1, True, 0)
    assert "compute the results again" in planned.out
    assert "nothing was done yet; --yes does it" in planned.err
    kept = _paths(copied).set_aside / "20261121T090000Z" / "compute.db"
    assert kept.read_bytes() == damaged
    assert regime("verify", "GOOG", settings=copied).code == 0


def test_symbols_of_one_remedy_share_its_command(regime: Regime, copied: Settings) -> None:
    for symbol in ("FB", "GOOG"):
        DataRoot(copied.data_root).symbol(symbol).manifest.unlink()

    verified = regime("verify", "FB", "GOOG", settings=copied)
    repaired = regime("repair", "FB", "GOOG", "--yes", settings=copied)

    assert "remedy: regime repair FB GOOG\n" in verified.err
    assert (repaired.code, "2 of 2 symbols repaired" in repaired.err) == (0, True)


def test_repair_in_json_has_findings_and_steps(regime: Regime, copied: Settings) -> None:
    _paths(copied).manifest.unlink()

    facts = json.loads(regime("repair", "GOOG", "--yes", "--json", settings=copied).out)

    (symbol,) = facts["symbols"]
    assert (facts["exit_code"], facts["was_done"]) == (0, True)
    assert symbol["found"][0]["kind"] == "missing"
    assert symbol["steps"] == ["write the manifests that are not as they should be"]
    assert symbol["after"]["proof"] == "proven"


def test_no_symbols_are_wrong_usage(regime: Regime, copied: Settings) -> None:
    assert regime("verify", settings=copied).code == 2


NOW = ("--now", "2026-11-21T09:00Z")


def test_bundle_is_verified_elsewhere_and_a_damaged_one_fails(
    regime: Regime, processed: RunWorkspace, tmp_path: Path
) -> None:
    shutil.copytree(processed.root.path / "assets/FB", tmp_path / "data/assets/FB")
    regime("snapshot", *NOW)
    regime("snapshot", "export", "2026-11-21", "--output", "b.zip")
    digest = json.loads((tmp_path / "data/snapshots/manifest_2026-11-21.json").read_text())[
        "digest"
    ]
    shutil.rmtree(tmp_path / "data")

    proven = regime("verify", "--bundle", "b.zip", "--recompute")
    data = bytearray(Path("b.zip").read_bytes())
    data[len(data) // 3] ^= 1
    Path("damaged.zip").write_bytes(data)
    damaged = regime("verify", "--bundle", "damaged.zip", "--json")

    assert proven.code == 0
    assert "1 symbol proven and recomputed" in proven.err
    assert digest in proven.err
    assert damaged.code == 1
    assert damaged.err or not json.loads(damaged.out)["is_proven"]
    assert not (tmp_path / "data").exists()


def test_other_files_and_conflicting_options_are_refused(regime: Regime) -> None:
    missing = regime("verify", "--bundle", "nothing.zip")
    both = regime("verify", "AAPL", "--bundle", "nothing.zip")

    assert (missing.code, both.code) == (1, 2)
    assert "nothing.zip does not exist" in missing.err


def test_as_of_recomputes_and_compares_with_the_record_of_that_time(
    on_sample: Regime,
) -> None:
    after = on_sample("verify", "IBM", "FB", "--as-of", "2026-11-21")
    asked = on_sample("verify", "IBM", "--as-of", "2026-11-21", "--recompute", "--json")
    before = on_sample("verify", "IBM", "--as-of", "2026-03-13", "--recompute", "--json")

    assert (after.code, asked.code, before.code) == (0, 0, 1)
    assert "2 of 2 symbols recomputed and proven as of 2026-11-21" in after.err
    proven, unknown = (json.loads(answer.out)[0] for answer in (asked, before))
    assert (proven["terms"]["standing"], proven["is_recomputed"]) == ("proven", True)
    assert not unknown["is_recomputed"]
    assert "nothing of IBM was known" in unknown["terms"]["reason"]
