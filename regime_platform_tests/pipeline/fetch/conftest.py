"""A vendor on loopback, asked without waiting between retries."""

import pytest
import stamina
from pytest_httpserver import HTTPServer

from regime_platform_tests.vendor import LoopbackVendor


@pytest.fixture(autouse=True)
def _retries_do_not_wait() -> None:
    stamina.set_testing(True, attempts=2)


@pytest.fixture
def vendor(httpserver: HTTPServer) -> LoopbackVendor:
    return LoopbackVendor(httpserver, asset_class="US_EQUITY")
