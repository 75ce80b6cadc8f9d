"""Secret addresses are used over encrypted connections only, and stay out of the log."""

import logging
import socket
import threading
from collections.abc import Iterator

import dagster as dg
import httpx
import pytest
from pydantic import SecretStr
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from regime_platform.orchestration.alerts import outgoing
from regime_platform.orchestration.alerts.outgoing import is_confidential, send, send_heartbeat
from regime_platform.settings import Settings
from regime_platform_tests.builders import make_bars
from regime_platform_tests.orchestration.graph import BARS, run_listed, run_range
from regime_platform_tests.scenario import serve, with_value


@pytest.mark.parametrize(
    ("address", "is_usable"),
    [
        ("https://example.org/x", True),
        ("http://127.0.0.1:1/x", True),
        ("http://example.org/x", False),
        ("http://[/", False),
    ],
)
def test_only_https_and_this_machine_are_confidential(address: str, *, is_usable: bool) -> None:
    assert is_confidential(SecretStr(address)) is is_usable


def test_a_refused_request_is_an_error_and_no_log_has_its_address(
    httpserver: HTTPServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    httpserver.expect_request("/5ecret").respond_with_data("no", status=500)

    with pytest.raises(httpx.HTTPStatusError):
        send("POST", SecretStr(httpserver.url_for("/5ecret")), deadline=10, body={"text": "x"})

    ((request, _),) = httpserver.log
    assert request.get_json() == {"text": "x"}
    ours = [each.getMessage() for each in caplog.records if each.name != "werkzeug"]
    assert "5ecret" not in " ".join(ours)


SECRET = "/ping/5ecret-w0rd"  # noqa: S105 - of a server in this process


@pytest.fixture
def service(httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> HTTPServer:
    """A service that hears signs of life, named by the environment."""
    httpserver.expect_request(SECRET, method="GET").respond_with_data("OK")
    monkeypatch.setenv("REGIME_HEARTBEAT_URL", httpserver.url_for(SECRET))
    return httpserver


def _with(settings: Settings, address: str) -> Settings:
    return Settings(
        _env_file=None, REGIME_DATA_ROOT=settings.data_root, REGIME_HEARTBEAT_URL=address
    )


def _logged(caplog: pytest.LogCaptureFixture) -> str:
    """Everything that was logged, but for what the test's own server logs."""
    return " ".join(record.getMessage() for record in caplog.records if record.name != "werkzeug")


@pytest.fixture
def silent() -> Iterator[str]:
    """A server that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}{SECRET}"


@pytest.mark.slow
def test_every_pass_of_dagster_gives_one_sign_of_life_and_other_runs_none(
    processed_eight: Settings, processed_instance: dg.DagsterInstance, service: HTTPServer
) -> None:
    heard = []
    for job in ("update_core", "update_daily", "recompute", "reconcile", "process_listed"):
        assert run_listed(processed_eight, processed_instance, ["ALDER"], job).success
        heard.append(len(service.log))
    assert run_range(processed_eight, processed_instance, ["ALDER"]).success

    assert heard == [1, 2, 3, 4, 4]
    assert len(service.log) == 4


def test_a_pass_with_failed_symbols_gives_one_too(
    processed_eight: Settings, processed_instance: dg.DagsterInstance, service: HTTPServer
) -> None:
    bars = with_value(make_bars(BARS + 5, seed=1), BARS + 2, high=1.0)
    serve(processed_eight, "BIRCH", "1day", bars)
    assert run_listed(processed_eight, processed_instance, ["BIRCH"], "update_daily").success

    assert not run_listed(processed_eight, processed_instance, ["BIRCH"], "recompute").success

    assert len(service.log) == 2


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        pytest.param(Response("no", 500), "the service answered 500", id="error"),
        pytest.param(
            Response("", 302, {"Location": "/elsewhere"}), "the service answered 302", id="redirect"
        ),
    ],
)
def test_an_answer_that_is_no_ok_is_logged_once_without_the_address(
    settings: Settings,
    httpserver: HTTPServer,
    caplog: pytest.LogCaptureFixture,
    answer: Response,
    problem: str,
) -> None:
    caplog.set_level(logging.DEBUG)
    httpserver.expect_request(SECRET).respond_with_response(answer)

    assert send_heartbeat(_with(settings, httpserver.url_for(SECRET))) == problem

    assert [request.path for request, _ in httpserver.log] == [SECRET]
    warnings = [
        record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING
    ]
    assert warnings == [f"no heartbeat after a pass: {problem}"]
    assert "5ecret" not in _logged(caplog)


def test_an_accepted_one_is_not_logged_either(
    settings: Settings, service: HTTPServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    assert send_heartbeat(_with(settings, service.url_for(SECRET))) == ""

    assert "5ecret" not in _logged(caplog)


def test_an_absent_or_silent_service_neither_fails_nor_delays_a_pass(
    processed_eight: Settings,
    processed_instance: dg.DagsterInstance,
    silent: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(outgoing, "DEADLINE", 0.2)
    for address in (silent, f"http://127.0.0.1:1{SECRET}"):
        monkeypatch.setenv("REGIME_HEARTBEAT_URL", address)
        assert run_listed(processed_eight, processed_instance, ["ALDER"], "reconcile").success

    ours = [
        record.getMessage()
        for record in caplog.records
        if record.name == "regime_platform.heartbeat"
    ]
    assert len(ours) == 2
    assert "5ecret" not in caplog.text


def test_a_service_that_answers_drop_by_drop_is_left_at_the_deadline(
    settings: Settings, httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outgoing, "DEADLINE", 0.2)
    left = threading.Event()

    def drops(_request: Request) -> Response:
        left.wait(30)
        return Response("OK")

    httpserver.expect_request(SECRET).respond_with_handler(drops)
    try:
        problem = send_heartbeat(_with(settings, httpserver.url_for(SECRET)))
    finally:
        left.set()

    assert problem == "no answer within 0.2 s"


@pytest.mark.parametrize(
    "address",
    ["http://example.org/x", "ftp://127.0.0.1/x", "example.org/x", "https://", "http://[/"],
)
def test_an_address_that_would_be_readable_on_the_way_is_not_used(
    settings: Settings, address: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert send_heartbeat(_with(settings, address)) == outgoing.NOT_CONFIDENTIAL

    assert len(caplog.records) == 1


def test_no_address_means_no_sign(settings: Settings) -> None:
    assert send_heartbeat(settings) == ""


def test_the_address_is_in_no_text_of_the_settings(settings: Settings) -> None:
    chosen = _with(settings, f"https://example.org{SECRET}")

    assert "5ecret" not in f"{chosen!r} {chosen.model_dump(mode='json')}"
