"""What `regime doctor` says of severities, eras and renames."""

import datetime as dt
import json
from pathlib import Path

import pytest

from regime_platform.bar_store.layout import DataRoot
from regime_platform.bar_store.rename_journal import Rename, record
from regime_platform.compute.eras.eras import FIXED_ERAS, EraSet
from regime_platform.compute.eras.files import EraSetFile
from regime_platform.pipeline.eras import adopt, store_era_set
from regime_platform_tests.cli.conftest import Regime

ADOPTED_AT = dt.datetime(2026, 11, 20, tzinfo=dt.UTC)


@pytest.fixture
def root(tmp_path: Path) -> DataRoot:
    """The data root that the doctor looks at; nothing in it."""
    (tmp_path / "data").mkdir()
    return DataRoot(tmp_path / "data")


def _told(regime: Regime, name: str) -> tuple[bool, str, str]:
    ended = regime("doctor", "--json")
    facts = json.loads(ended.out)
    assert ended.code == (0 if facts["is_well"] else 1)
    (found,) = [check for check in facts["checks"] if check["name"] == name]
    return facts["is_well"], found["status"], found["detail"]


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
def test_where_nobody_chose_anything_all_is_well(regime: Regime, name: str, words: str) -> None:
    assert _told(regime, name) == (True, "ok", words)


def test_chosen_severities_are_told(regime: Regime, root: DataRoot) -> None:
    root.gate_policy.write_text("rules: {price_jump: {CRYPTO: off, default: error}}")

    is_well, status, detail = _told(regime, "severities")

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
def test_severities_that_do_not_read_are_wrong(
    regime: Regime, root: DataRoot, content: bytes, words: str
) -> None:
    root.gate_policy.write_bytes(content)

    is_well, status, detail = _told(regime, "severities")

    assert (is_well, status) == (False, "wrong")
    assert words in detail


def test_eras_in_force_are_told_with_their_date(regime: Regime, root: DataRoot) -> None:
    _adopted(root)

    assert _told(regime, "eras") == (
        True,
        "ok",
        "v1 in force since 2026-11-20 by ann, unchanged",
    )


def test_eras_whose_file_is_damaged_are_wrong_since_when_and_what_to_do(
    regime: Regime, root: DataRoot
) -> None:
    _adopted(root).write_text("version: [")

    is_well, status, detail = _told(regime, "eras")

    assert (is_well, status) == (False, "wrong")
    assert "the eras in force since 2026-11-20 cannot be read" in detail
    assert "adopt another set with `regime eras adopt`" in detail


def test_a_rename_that_was_killed_is_wrong_and_names_what_carries_it_on(
    regime: Regime, root: DataRoot
) -> None:
    record(root, Rename("FB", "META", "2026-11-21T09:00:00Z", {}))

    is_well, status, detail = _told(regime, "renames")

    assert (is_well, status) == (False, "wrong")
    assert "`regime universe rename FB META` carries it on" in detail


@pytest.mark.usefixtures("root")
def test_a_proxy_that_cannot_be_used_and_a_short_key_are_findings(
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


@pytest.mark.usefixtures("root")
@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("REGIME_NOTIFY_WEBHOOK", "notaurl", "REGIME_NOTIFY_WEBHOOK is no address"),
        ("REGIME_NOTIFY_SMTP", "garbage", "REGIME_NOTIFY_SMTP is no mail server"),
        ("REGIME_NOTIFY_EMAIL", "nomail", "REGIME_NOTIFY_EMAIL needs an address with @"),
        ("REGIME_ALLOWED_HOSTS", "https://a.example:8443/", "https://a.example:8443/"),
    ],
)
def test_ways_of_alerts_and_names_that_can_never_work_are_findings(
    regime: Regime, monkeypatch: pytest.MonkeyPatch, name: str, value: str, words: str
) -> None:
    monkeypatch.setenv(name, value)

    checks = json.loads(regime("doctor", "--json").out)["checks"]

    wrong = [check["detail"] for check in checks if check["status"] == "wrong"]
    assert any(words in detail for detail in wrong)
