"""HTTP clients and the proxies that the environment sets for them."""

from contextlib import suppress

import httpx
import pytest
from pytest_httpserver import HTTPServer

from regime_platform.errors import ConfigError
from regime_platform.sources.http_client import is_loopback, is_private, open_client
from regime_platform_tests.error_codes import raises


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
    ("exceptions", "reached"), [("", True), ("localhost,::1,.vendor.example,10.0.0.0/8", False)]
)
def test_the_proxy_of_the_environment_is_used_except_for_the_hosts_of_no_proxy(
    monkeypatch: pytest.MonkeyPatch, httpserver: HTTPServer, exceptions: str, reached: bool
) -> None:
    monkeypatch.setenv("ALL_PROXY", httpserver.url_for("").rstrip("/"))
    monkeypatch.setenv("NO_PROXY", exceptions)
    httpserver.expect_request("/bars").respond_with_data("through the proxy")

    with open_client() as client, suppress(httpx.ConnectError):
        client.get("http://api.vendor.example/bars")

    assert bool(httpserver.log) is reached


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://api.example", True),
        ("http://localhost:8000", True),
        ("http://[::1]:8000", True),
        ("http://127.0.0.1", True),
        ("http://api.example", False),
        ("http://127.0.0.1.example", False),
        ("https://", False),
    ],
)
def test_an_address_is_private_with_https_or_on_this_machine(url: str, expected: bool) -> None:
    assert is_private(httpx.URL(url)) is expected


def test_loopback_names_and_addresses_stay_on_the_machine() -> None:
    assert [is_loopback(host) for host in ("LOCALHOST", "127.1.2.3", "[::1]")] == [True] * 3
    assert not is_loopback("10.0.0.1")
