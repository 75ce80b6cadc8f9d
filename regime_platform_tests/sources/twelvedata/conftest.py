"""A client of the vendor on loopback."""

from pathlib import Path
from typing import Any

import pytest

from regime_platform.sources.credits import CreditBudget, Limits
from regime_platform.sources.twelvedata.http import TwelveDataClient
from regime_platform_tests.sources.conftest import FakeClock
from regime_platform_tests.sources.twelvedata.asked import Maker
from regime_platform_tests.vendor import (
    KEY,
    LoopbackVendor,
)


@pytest.fixture
def make_client(tmp_path: Path, vendor: LoopbackVendor) -> Maker:
    """A client with a key and a clock that only its own waiting moves."""

    def make(key: str = KEY, clock: FakeClock | None = None, **rest: Any) -> TwelveDataClient:
        time = clock or FakeClock()
        budget = CreditBudget(tmp_path / "credits.sqlite", Limits(), time, time.sleep)
        return TwelveDataClient(vendor.url, key, budget, **rest)

    return make
