"""Retries without waiting, and a vendor on loopback."""

from collections.abc import Iterator

import pytest
import stamina
from pytest_httpserver import HTTPServer

from regime_platform_tests.vendor import LoopbackVendor

ATTEMPTS = 3


class FakeClock:
    """Seconds since the epoch that only waiting moves."""

    def __init__(self, now: float = 1_000_000_002.0) -> None:
        self.now = now
        self.waits: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds


@pytest.fixture(autouse=True)
def _retries_do_not_wait() -> Iterator[None]:
    with stamina.set_testing(True, attempts=ATTEMPTS):
        yield


@pytest.fixture
def vendor(httpserver: HTTPServer) -> LoopbackVendor:
    return LoopbackVendor(httpserver)
