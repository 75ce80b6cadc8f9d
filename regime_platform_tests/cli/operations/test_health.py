"""The checks of the installation: data root, universe, sources and settings."""

import json
import shutil
from pathlib import Path

import pytest

from regime_platform_tests.cli.conftest import Regime


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
def test_unusable_alert_channels_and_hosts_are_reported(
    regime: Regime, monkeypatch: pytest.MonkeyPatch, name: str, value: str, words: str
) -> None:
    monkeypatch.setenv(name, value)

    checks = json.loads(regime("doctor", "--json").out)["checks"]

    wrong = [check["detail"] for check in checks if check["status"] == "error"]
    assert any(words in detail for detail in wrong)


def test_healthy_installation_passes(on_sample: Regime) -> None:
    ended = on_sample("doctor", "--json")

    facts = json.loads(ended.out)
    assert (ended.code, facts["is_well"]) == (0, True)
    names = {check["name"] for check in facts["checks"]}
    assert {"versions", "data root", "disk", "universe", "kernels", "locks", "board"} <= names


def test_free_space_is_in_the_unit_of_the_status(
    regime: Regime, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = shutil.disk_usage("/")._replace(free=5_000_000_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: free)

    checks = json.loads(regime("doctor", "--json").out)["checks"]

    assert [check["detail"] for check in checks if check["name"] == "disk"] == ["5.00 GB free"]


def test_keys_that_other_users_can_read_are_noted(
    regime: Regime, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / ".env"

    def noted(text: str, mode: int) -> list[str]:
        file.write_text(text)
        file.chmod(mode)
        ended = regime("doctor", "--json")
        assert "0123456789abcdef" not in ended.out
        checks = json.loads(ended.out)["checks"]
        return [check["remedy"] for check in checks if check["detail"].startswith("other users")]

    key = "TWELVEDATA_API_KEY=0123456789abcdef0123\n"
    assert noted(key, 0o644) == [f"`chmod 600 {file}`"]
    assert noted(key, 0o600) == []
    assert noted("REGIME_WORKERS=1\n", 0o644) == []


def test_unusable_source_is_named_with_the_remedy(regime: Regime, tmp_path: Path) -> None:
    root = tmp_path / "data"
    root.mkdir()
    entry = "{symbol: AAA, name: A, asset_class: US_EQUITY, tier: daily, source: files}"
    (root / "universe.yaml").write_text(f"instruments:\n  - {entry}\n")

    ended = regime("doctor")

    assert ended.code == 1
    assert "set REGIME_FILES_ROOT" in ended.out
