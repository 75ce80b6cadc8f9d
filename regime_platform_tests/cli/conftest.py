"""The command line as a function: arguments in, exit code and both streams out."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from regime_platform.cli.main import main
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.settings import Settings
from regime_platform_tests.builders import make_bars
from regime_platform_tests.cli.three_symbols import BAD, GOOD
from regime_platform_tests.cli.vendor_stocks import FRIDAY, START, STOCKS, environment
from regime_platform_tests.pipeline.vendor_street import (
    list_stock,
    stock_bars,
    vendor_settings,
)
from regime_platform_tests.scenario import serve, street
from regime_platform_tests.vendor import (
    LoopbackVendor,
)

#: A wide terminal, so that no word of a message is torn where a test looks for it.
WIDE = "400"


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int | str | None
    out: str
    err: str


Regime = Callable[..., Ended]
Fetch = Callable[..., Ended]


def document_of(ended: Ended) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(ended.out)
    return document


@pytest.fixture
def regime(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> Regime:
    """Runs `regime` with the given arguments, by default on an empty data root."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", WIDE)
    monkeypatch.setenv("REGIME_DATA_ROOT", str(tmp_path / "data"))

    def run(*arguments: str, settings: Settings | None = None) -> Ended:
        if settings is not None:
            monkeypatch.setenv("REGIME_DATA_ROOT", str(settings.data_root))
            if settings.files_root is not None:
                monkeypatch.setenv("REGIME_FILES_ROOT", str(settings.files_root))
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        streams = capsys.readouterr()
        return Ended(ended.value.code, streams.out, streams.err)

    return run


@pytest.fixture
def on_sample(regime: Regime, processed: RunWorkspace, monkeypatch: pytest.MonkeyPatch) -> Regime:
    """The same on the processed sample universe, for commands that only read."""
    monkeypatch.setenv("REGIME_DATA_ROOT", str(processed.root.path))
    return regime


@pytest.fixture
def three(tmp_path: Path) -> Settings:
    """Three symbols from files; BAD has a bar whose low is above its high."""
    settings = street(tmp_path, ["AAA", "BBB", "BAD"])
    for symbol, bars in (("AAA", GOOD), ("BBB", make_bars(150, seed=3)), ("BAD", BAD)):
        serve(settings, symbol, "1day", bars)
    return settings


@pytest.fixture
def vendor(httpserver: HTTPServer) -> LoopbackVendor:
    return LoopbackVendor(httpserver, asset_class="US_EQUITY")


@pytest.fixture
def listed(tmp_path: Path, vendor: LoopbackVendor) -> Settings:
    """Three stocks with days and weeks, all of which the vendor has."""
    for seed, symbol in enumerate(STOCKS):
        for frame in ("1day", "1week"):
            list_stock(vendor, symbol, frame, stock_bars(frame, START, FRIDAY, seed))
    return vendor_settings(tmp_path, vendor, STOCKS)


@pytest.fixture
def fetch(regime: Regime, listed: Settings, monkeypatch: pytest.MonkeyPatch) -> Fetch:
    def run(*arguments: str) -> Ended:
        for name, value in environment(listed).items():
            monkeypatch.setenv(name, value)
        return regime(*arguments, settings=listed)

    return run
