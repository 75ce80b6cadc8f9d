"""An operator's platform: a data root, its Dagster, the vendor, a terminal and a clock."""

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import stamina
import time_machine
from pytest_httpserver import HTTPServer

from regime_platform.cli.main import main
from regime_platform.orchestration.instance.home import open_instance
from regime_platform_tests.cli.vendor_stocks import environment
from regime_platform_tests.end_to_end.daemon import Daemon
from regime_platform_tests.end_to_end.graphql import graphql
from regime_platform_tests.end_to_end.market import list_market
from regime_platform_tests.end_to_end.platform_in_week import Platform
from regime_platform_tests.vendor import LoopbackVendor

MONDAY = dt.datetime(2026, 11, 16, 12, tzinfo=dt.UTC)  # before the markets open


@pytest.fixture
def platform(
    httpserver: HTTPServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Platform]:
    """The platform on Monday morning, nothing fetched yet."""
    vendor = LoopbackVendor(
        httpserver, asset_class="US_EQUITY", now=lambda: dt.datetime.now(dt.UTC)
    )
    with time_machine.travel(MONDAY) as clock, stamina.set_testing(True, attempts=2):
        settings = list_market(tmp_path, vendor)
        for name, value in {**environment(settings), "REGIME_WORKERS": "1"}.items():
            monkeypatch.setenv(name, value)
        monkeypatch.chdir(tmp_path)

        def command(*arguments: str) -> tuple[int, Any]:
            capsys.readouterr()
            with pytest.raises(SystemExit) as ended:
                main([*arguments, "--json"])
            assert isinstance(ended.value.code, int)
            return ended.value.code, json.loads(capsys.readouterr().out)

        with open_instance(settings) as instance, graphql(instance) as asked:
            daemon = Daemon(settings, instance, clock)
            yield Platform(settings, instance, vendor, daemon, asked, command)
