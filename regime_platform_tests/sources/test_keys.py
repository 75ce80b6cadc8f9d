"""Where a key is sent, what hides it, and what the environment's proxies may be."""

import datetime as dt
import io
import logging
import pickle
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import dagster as dg
import pytest
from pytest_httpserver import HTTPServer

from regime_platform.errors import ConfigError, SourceError
from regime_platform.redaction import hide, redact
from regime_platform.settings import Settings
from regime_platform.sources.credits import CreditBudget, Limits
from regime_platform.sources.http_client import open_client
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
    ("env", "dotenv", "address"),
    [
        ({}, f"TWELVEDATA_API_KEY={KEY}", "https://api.twelvedata.com"),
        (
            {},
            f"TWELVEDATA_API_KEY={KEY}\nREGIME_TWELVEDATA_URL=https://proxy.example",
            "https://proxy.example",
        ),
        (
            {"TWELVEDATA_API_KEY": KEY, "REGIME_TWELVEDATA_URL": "http://127.0.0.1:9"},
            "REGIME_TWELVEDATA_URL=https://evil.example",
            "http://127.0.0.1:9",
        ),
        (
            {"TWELVEDATA_API_KEY": KEY},
            "REGIME_TWELVEDATA_URL=https://api.twelvedata.com",
            "https://api.twelvedata.com",
        ),
    ],
)
def test_a_key_goes_to_the_address_of_its_own_place(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, env: dict[str, str], dotenv: str, address: str
) -> None:
    assert _chosen(monkeypatch, tmp_path, env, dotenv) == address


@pytest.mark.parametrize("injected", [{}, {"REGIME_TWELVEDATA_URL": "https://evil.example"}])
def test_a_key_of_the_environment_does_not_go_to_an_address_of_the_working_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, injected: dict[str, str]
) -> None:
    """Dagster puts what the file holds into the environment of its processes."""
    with pytest.raises(ConfigError, match=r"REGIME_TWELVEDATA_URL comes from \.env") as caught:
        _chosen(
            monkeypatch,
            tmp_path,
            {"TWELVEDATA_API_KEY": KEY, **injected},
            "TWELVEDATA_API_KEY=another\nREGIME_TWELVEDATA_URL=https://evil.example",
        )

    assert KEY not in str(caught.value)


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
def test_a_key_travels_encrypted_or_not_at_all(
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


@pytest.mark.parametrize("form", [KEY, quote(KEY, safe=""), quote(KEY, safe="").lower()])
def test_a_long_secret_shows_in_no_error_log_or_traceback(form: str) -> None:
    hide(KEY)
    shown = io.StringIO()
    handler = logging.StreamHandler(shown)
    log = logging.getLogger("somebody.else")
    log.addHandler(handler)

    error = SourceError(f"no answer from /bars?apikey={form}")
    try:
        raise ValueError(f"bad header {form}")  # noqa: TRY301
    except ValueError:
        log.exception("asked %s", f"https://host/?apikey={form}")
    log.removeHandler(handler)

    assert str(error) == "no answer from /bars?apikey=[key]"
    assert str(pickle.loads(pickle.dumps(error))) == str(error)  # noqa: S301
    assert form not in shown.getvalue()
    assert shown.getvalue().count("[key]") == 2


def test_a_long_secret_shows_in_no_event_of_dagster() -> None:
    hide(KEY)

    @dg.op
    def failing(context: dg.OpExecutionContext) -> None:
        context.log.info("asking with %s", KEY)
        raise SourceError(f"no answer to {KEY}")

    @dg.job
    def job() -> None:
        failing()

    with dg.DagsterInstance.ephemeral() as instance:
        run = job.execute_in_process(instance=instance, raise_on_error=False)
        events = "".join(dg.serialize_value(event) for event in instance.all_logs(run.run_id))

    assert KEY not in events
    assert "no answer to [key]" in events
    assert "asking with [key]" in events


def test_an_uncaught_error_of_the_command_shows_no_secret(tmp_path: Path) -> None:
    script = (
        "from regime_platform.cli import main\nfrom regime_platform.settings import Settings\n"
        f"def broken(**_): Settings(); raise ValueError('apikey={KEY}')\n"
        "main.app = broken\nmain.main([])"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script],
        env={"TWELVEDATA_API_KEY": KEY, "PATH": ""},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == 1
    assert "ValueError: apikey=[key]" in ended.stderr
    assert KEY not in ended.stderr


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ALL_PROXY", "socks5://user:proxy-password@127.0.0.1:1"),
        ("HTTPS_PROXY", "foo://127.0.0.1"),
        ("http_proxy", "http://127.0.0.1:port"),
        ("NO_PROXY", "localhost,[::1]"),
        ("no_proxy", "example.org,fe80::/10"),
    ],
)
def test_a_proxy_that_cannot_be_used_is_named_by_its_variable(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    for other in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(other, raising=False)
        monkeypatch.delenv(other.lower(), raising=False)
    monkeypatch.setenv(name, value)

    with raises(ConfigError, "proxy-settings", match=f"^{name} ") as caught:
        open_client()

    assert "proxy-password" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [("ALL_PROXY", "http://127.0.0.1:1"), ("NO_PROXY", "localhost,::1,.example.org,10.0.0.0/8")],
)
def test_a_proxy_as_the_remedy_wants_it_is_used(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)

    open_client().close()
