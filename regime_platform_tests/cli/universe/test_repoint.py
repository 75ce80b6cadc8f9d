"""`regime universe repoint`, and where a refused symbol is shown."""

import datetime as dt
import json
import shutil
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer

from regime_platform.settings import Settings
from regime_platform_tests.cli.conftest import Regime
from regime_platform_tests.pipeline.companies import FIRST, edit, list_company, open_vendor, run
from regime_platform_tests.pipeline.vendor_street import vendor_settings
from regime_platform_tests.scenario import fingerprint

STORED = "twelvedata FB, exchange NASDAQ, mic_code XNGS"
MEANT = "twelvedata FB, mic_code XNYS"


@pytest.fixture
def refused(tmp_path: Path, httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """FB with bars of XNGS, whose entry now names XNYS."""
    vendor = open_vendor(httpserver)
    settings = vendor_settings(tmp_path, vendor, ["FB"])
    list_company(vendor, "FB", seed=1)
    run(settings, "FB", FIRST)
    edit(settings, "FB", mic_code="XNYS")
    monkeypatch.setenv("TWELVEDATA_API_KEY", "key")
    monkeypatch.setenv("REGIME_TWELVEDATA_URL", "http://127.0.0.1:9")  # asked by nothing below
    return settings


def test_refused_symbol_is_shown_and_processed_by_no_command(
    regime: Regime, refused: Settings
) -> None:
    before = fingerprint(refused.data_root, without=("board.parquet", ".board.lock"))

    ended = {
        name: regime(*name.split(), settings=refused)
        for name in (
            "run FB",
            "update FB",
            "promote FB",
            "universe check",
            "universe rename FB META --provider-symbol META",
            "doctor",
            "status",
        )
    }

    assert {name: result.code for name, result in ended.items()} == dict.fromkeys(ended, 1)
    for name, result in ended.items():
        assert (
            STORED in result.out + result.err and MEANT in result.out + result.err
        ) or name == "status"
    assert "other instrument" in ended["status"].out
    assert "1: FB" in ended["status"].out
    assert "`regime universe check` shows both instruments" in ended["status"].out
    after = fingerprint(refused.data_root, without=("board.parquet", ".board.lock"))
    assert {k: v for k, v in after.items() if ".lock" not in k and "dagster" not in k} == {
        k: v for k, v in before.items() if ".lock" not in k and "dagster" not in k
    }


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        ((), 2, "error[conflicting-options]"),
        (("--same", "--archive"), 2, "error[conflicting-options]"),
        (("--same", "--reason", " "), 2, "--reason is empty"),
    ],
)
def test_missing_choice_or_reason_is_a_usage_error(
    regime: Regime, refused: Settings, options: tuple[str, ...], code: int, message: str
) -> None:
    ended = regime("universe", "repoint", "FB", "--reason", "why", *options, settings=refused)

    assert (ended.code, message in ended.err) == (code, True)


def test_archiving_is_shown_first_and_done_with_yes(regime: Regime, refused: Settings) -> None:
    command = ("universe", "repoint", "fb", "--archive", "--reason", "another company")
    folder = refused.data_root / "assets" / "FB"

    shown = regime(*command, settings=refused)
    dry = regime(*command, "--yes", "--dry-run", settings=refused)
    assert folder.is_dir()
    done = regime(*command, "--yes", "--json", settings=refused)

    assert (shown.code, dry.code, done.code) == (0, 0, 0)
    assert f"stored bars: {STORED}" in shown.out
    assert f"universe:    {MEANT}" in shown.out
    assert "nothing was done yet; --yes does it" in shown.err
    assert "dry run: nothing was done" in dry.err
    archived = json.loads(done.out)
    assert (archived["kind"], archived["is_written"]) == ("archived", True)
    assert Path(archived["folder"]) == refused.data_root / "archive" / "FB" / "1"
    assert not folder.exists()
    doctor = json.loads(regime("doctor", "--json", settings=refused).out)["checks"]
    by_name = {check["name"]: check for check in doctor}
    assert by_name["instruments"]["status"] == by_name["archive"]["status"] == "ok"
    shutil.rmtree(archived["folder"])
    doctor = json.loads(regime("doctor", "--json", settings=refused).out)["checks"]
    (archive,) = [check for check in doctor if check["name"] == "archive"]
    assert (archive["status"], "is missing" in archive["detail"]) == ("error", True)


def test_the_same_instrument_is_recorded_once(regime: Regime, refused: Settings) -> None:
    later = (FIRST + dt.timedelta(hours=1)).isoformat()
    command = ("universe", "repoint", "FB", "--same", "--reason", "it moved", "--now", later)

    dry = regime(*command, "--dry-run", settings=refused)
    first, second = (regime(*command, settings=refused) for _ in range(2))

    assert "dry run: nothing was recorded" in dry.err
    assert "recorded as the same instrument; `regime run FB` continues" in first.err
    assert (second.code, "no conflict" in second.err) == (0, True)
    assert regime("universe", "check", settings=refused).code == 0


def test_the_help_has_an_example(regime: Regime) -> None:
    ended = regime("universe", "repoint", "--help")

    assert ended.code == 0
    assert 'regime universe repoint FB --same --reason "moved from XNGS to XNYS"' in ended.out
