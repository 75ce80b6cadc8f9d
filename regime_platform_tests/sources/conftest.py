"""Retries without waiting, and a vendor on loopback."""

from collections.abc import Iterator

import pytest
import stamina
from pytest_httpserver import HTTPServer

from regime_platform_tests.vendor import LoopbackVendor

ATTEMPTS = 3


@pytest.fixture(autouse=True)
def _retries_do_not_wait() -> Iterator[None]:
    with stamina.set_testing(True, attempts=ATTEMPTS):
        yield


@pytest.fixture
def vendor(httpserver: HTTPServer) -> LoopbackVendor:
    return LoopbackVendor(httpserver)
