"""HTTP clients and the proxies that the environment sets for them."""

import httpx
import pytest

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
    ("name", "value"),
    [("ALL_PROXY", "http://127.0.0.1:1"), ("NO_PROXY", "localhost,::1,.example.org,10.0.0.0/8")],
)
def test_a_proxy_as_the_remedy_wants_it_is_used(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)

    open_client().close()


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
