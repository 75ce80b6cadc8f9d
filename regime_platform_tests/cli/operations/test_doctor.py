"""`regime doctor`: severities, eras, renames, sources, settings and alerts."""

import datetime as dt
import json
from pathlib import Path

import pytest

from regime_platform.bar_store.layout import DataRoot
from regime_platform.bar_store.rename_journal import Rename, record
from regime_platform.compute.eras.eras import FIXED_ERAS, EraSet
from regime_platform.compute.eras.files import EraSetFile
from regime_platform.operations.era_sets import adopt, store_era_set
from regime_platform_tests.cli.conftest import Regime

ADOPTED_AT = dt.datetime(2026, 11, 20, tzinfo=dt.UTC)


def _check(regime: Regime, name: str) -> tuple[bool, str, str]:
    ended = regime("doctor", "--json")
    facts = json.loads(ended.out)
    assert ended.code == (0 if facts["is_well"] else 1)
    (match,) = [check for check in facts["checks"] if check["name"] == name]
    return facts["is_well"], match["status"], match["detail"]


def _adopted(root: DataRoot) -> Path:
    path = store_era_set(
        root, EraSetFile(EraSet("v1", dt.date(2026, 1, 1), {"CRYPTO": FIXED_ERAS}), {"CRYPTO": {}})
    )
    adopt(root, "v1", since=ADOPTED_AT, by="ann", reason="test")
    return path


@pytest.mark.usefixtures("root")
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("severities", "no gate.yaml: default severities"),
        ("eras", "fixed-1 in force, no adoptions"),
        ("renames", "no unfinished renames"),
    ],
)
def test_defaults_are_ok(regime: Regime, name: str, words: str) -> None:
    assert _check(regime, name) == (True, "ok", words)


def test_chosen_severities_are_shown(regime: Regime, root: DataRoot) -> None:
    root.gate_policy.write_text("rules: {price_jump: {CRYPTO: off, default: error}}")

    is_well, status, detail = _check(regime, "severities")

    assert (is_well, status) == (True, "ok")
    assert detail == f"{root.gate_policy}: price_jump CRYPTO off, price_jump default error"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"rules: {price_jumps: {default: off}}", "rule 'price_jumps' is unknown; expected one of"),
        (b"rules: [", "is not YAML"),
        (b"rules: \xff", "correct or remove it"),
    ],
)
def test_invalid_severities_are_an_error(
    regime: Regime, root: DataRoot, content: bytes, words: str
) -> None:
    root.gate_policy.write_bytes(content)

    is_well, status, detail = _check(regime, "severities")

    assert (is_well, status) == (False, "error")
    assert words in detail


def test_eras_in_force_are_shown_with_their_date(regime: Regime, root: DataRoot) -> None:
    _adopted(root)

    assert _check(regime, "eras") == (
        True,
        "ok",
        "v1 in force since 2026-11-20 by ann, unchanged",
    )


def test_a_lost_log_of_adoptions_is_an_error_whose_remedy_works(
    regime: Regime, root: DataRoot
) -> None:
    _adopted(root)
    logged = root.adoption_log.read_text()
    root.adoption_log.unlink()

    is_well, status, detail = _check(regime, "eras")

    assert (is_well, status) == (False, "error")
    assert "adoptions.jsonl does not have the adoption of v1 on 2026-11-20" in detail
    assert regime("eras", "adopt", "v1", "--reason", "the log is lost").code == 0
    assert root.adoption_log.read_text() == logged
    assert _check(regime, "eras")[0]


def test_damaged_era_set_is_an_error_with_date_and_remedy(regime: Regime, root: DataRoot) -> None:
    _adopted(root).write_text("version: [")

    is_well, status, detail = _check(regime, "eras")

    assert (is_well, status) == (False, "error")
    assert "the eras in force since 2026-11-20 cannot be read" in detail
    assert "adopt another set with `regime eras adopt`" in detail


def test_interrupted_rename_is_an_error_with_the_command_that_completes_it(
    regime: Regime, root: DataRoot
) -> None:
    rename = Rename(former="FB", symbol="META", renamed_at="2026-11-21T09:00:00Z", instrument={})
    record(root, rename)

    is_well, status, detail = _check(regime, "renames")

    assert (is_well, status) == (False, "error")
    assert "`regime universe rename FB META` finishes it" in detail


@pytest.mark.usefixtures("root")
def test_unusable_proxy_and_short_key_are_reported(
    regime: Regime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TWELVEDATA_API_KEY", "short-one")
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:1")

    ended = regime("doctor", "--json")

    checks = {check["name"]: check for check in json.loads(ended.out)["checks"]}
    assert "ALL_PROXY is no proxy" in checks["source twelvedata"]["detail"]
    assert checks["key"]["status"] == "note"
    assert "TWELVEDATA_API_KEY has 9 characters" in checks["key"]["detail"]
    assert "short-one" not in ended.out + ended.err


def test_the_doctor_writes_nothing(regime: Regime, tmp_path: Path) -> None:
    regime("doctor")

    assert list(tmp_path.iterdir()) == []
