"""Secret addresses are used over encrypted connections only, and stay out of the log."""

import logging

import httpx
import pytest
from pydantic import SecretStr
from pytest_httpserver import HTTPServer

from regime_platform.orchestration.alerts.outgoing import is_confidential, send


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
