"""Where a key is sent, and that no message, log or event shows it."""

import datetime as dt
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer

from regime_platform.errors import ConfigError, SourceError
from regime_platform.redaction import redact
from regime_platform.settings import Settings
from regime_platform.sources.credits import CreditBudget, Limits
from regime_platform.sources.registry import build_sources
from regime_platform.sources.twelvedata.http import ApiRequest, TwelveDataClient
from regime_platform_tests.error_codes import raises
from regime_platform_tests.sources.conftest import FakeClock

KEY = "a+long/key=with&signs-1234567890"
TODAY = dt.date(2026, 11, 20)


def _chosen(monkeypatch: pytest.MonkeyPatch, folder: Path, env: dict[str, str], dotenv: str) -> str:
    """The address that the settings of an environment and a ``.env`` send the key to."""
    monkeypatch.chdir(folder)
    (folder / ".env").write_text(dotenv)
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    settings = Settings()
    build_sources(settings)["twelvedata"]
    return settings.address_of_key()


@pytest.mark.parametrize(
    "url",
    [
        "http://api.twelvedata.com",
        "http://127.0.0.1@evil.example",
        "http://127.0.0.1.evil.example",
        "ftp://127.0.0.1",
        "evil.example",
        "http://[::1",
    ],
)
def test_a_key_is_only_sent_encrypted(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, url: str
) -> None:
    env = {"TWELVEDATA_API_KEY": KEY, "REGIME_TWELVEDATA_URL": url}

    with raises(ConfigError, "unsafe-address", match=r"REGIME_TWELVEDATA_URL .*https://HOST"):
        _chosen(monkeypatch, tmp_path, env, "")


def test_a_short_key_is_hidden_where_a_key_can_stand_and_never_in_data(
    tmp_path: Path, httpserver: HTTPServer
) -> None:
    answer = {"meta": {"interval": "1week", "symbol": "MARKET"}, "values": []}
    httpserver.expect_oneshot_request("/ok").respond_with_json(answer)
    refused = {"code": 400, "status": "error", "message": "kept apikey=k, weekly"}
    httpserver.expect_oneshot_request("/bad").respond_with_json(refused)
    clock = FakeClock()
    budget = CreditBudget(tmp_path / "credits.sqlite", Limits(), clock, clock.sleep)
    client = TwelveDataClient(httpserver.url_for(""), "k", budget)

    body = client.ask(ApiRequest("/ok", {}, "week"), TODAY).body
    with pytest.raises(SourceError) as caught:
        client.ask(ApiRequest("/bad", {}, "week"), TODAY)

    assert body == answer
    assert "week: Twelve Data answered 400 (kept apikey=[key], weekly)" in str(caught.value)
    assert redact("Authorization: apikey k") == "Authorization: apikey [key]"
    assert redact("?apikey%3Dk&x=1week") == "?apikey%3D[key]&x=1week"


def test_a_short_key_is_warned_of(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    _chosen(monkeypatch, tmp_path, {"TWELVEDATA_API_KEY": "short-one"}, "")

    assert "TWELVEDATA_API_KEY has 9 characters" in caplog.text
    assert "short-one" not in caplog.text
