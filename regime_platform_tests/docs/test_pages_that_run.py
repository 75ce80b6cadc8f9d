"""The commands of README, first steps and architecture run in their order."""

import datetime as dt
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
import time_machine
from pytest_httpserver import HTTPServer

from regime_platform.cli.main import main
from regime_platform.settings import PROJECT_ROOT
from regime_platform.sources.sample.source import SAMPLE_DATA
from regime_platform_tests.cli.vendor_stocks import FRIDAY
from regime_platform_tests.pipeline.vendor_street import list_stock, stock_bars
from regime_platform_tests.vendor import KEY, LoopbackVendor

README = PROJECT_ROOT / "README.md"
FIRST_STEPS = PROJECT_ROOT / "docs" / "first-steps.md"
ARCHITECTURE = PROJECT_ROOT / "docs" / "architecture.md"
WITH_KEY = "## With a key"
REGIME = ".venv/bin/regime "
STOCK = "NVDA"
#: Exit codes other than 0.
ENDS = {f"{REGIME}status": 1}  # no daemon runs


def _commands(text: str) -> Iterator[str]:
    for block in re.findall(r"```sh\n(.*?)```", text, flags=re.DOTALL):
        for line in block.replace("\\\n", "").splitlines():
            if command := line.split(" #")[0].strip():
                yield command.replace("make demo", f"{REGIME}demo")


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The working folder of the commands, with an empty data root."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("REGIME_DATA_ROOT", str(tmp_path / "data"))
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent), prepend=os.pathsep)
    return tmp_path


def _exit_code(command: str) -> int | str | None:
    """Commands of `regime` end in this process, where it is imported once."""
    if not command.startswith(REGIME):
        return subprocess.run(
            ["bash", "-c", command], check=False, timeout=240, cwd=PROJECT_ROOT
        ).returncode
    with pytest.raises(SystemExit) as ended:
        main(shlex.split(command.removeprefix(REGIME)))
    return ended.value.code


@pytest.mark.slow
def test_the_commands_of_readme_and_first_steps_run_on_one_data_root(folder: Path) -> None:
    own = pl.read_parquet(SAMPLE_DATA / "IBM" / "1day.parquet").with_columns(
        pl.col("ts").dt.date().alias("date")
    )
    own.select("date", "open", "high", "low", "close", "volume").write_csv("prices.csv")
    commands = list(_commands(README.read_text(encoding="utf-8")))
    commands += _commands(FIRST_STEPS.read_text(encoding="utf-8").split(WITH_KEY)[0])

    for command in commands:
        assert _exit_code(command) == ENDS.get(command, 0), command
    assert len(commands) > 30
    assert (folder / "data" / "report" / "index.html").exists()
    assert {"ibm.html", "aapl.html", "aapl.svg"} <= {path.name for path in folder.iterdir()}


@pytest.mark.slow
def test_the_commands_with_a_key_run_against_a_vendor(
    folder: Path, httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    vendor = LoopbackVendor(httpserver, asset_class="US_EQUITY")
    for timeframe in ("1day", "1week"):
        bars = stock_bars(timeframe, FRIDAY - dt.timedelta(days=3200), FRIDAY)
        list_stock(vendor, STOCK, timeframe, bars)
    monkeypatch.setenv("TWELVEDATA_API_KEY", KEY)
    monkeypatch.setenv("REGIME_TWELVEDATA_URL", vendor.url)

    with time_machine.travel(FRIDAY):
        for command in _commands(FIRST_STEPS.read_text(encoding="utf-8").split(WITH_KEY)[1]):
            assert _exit_code(command) == 0, command
    assert STOCK in (folder / "nvda.html").read_text(encoding="utf-8")


@pytest.mark.slow
@pytest.mark.usefixtures("folder")
def test_the_commands_of_dagster_run() -> None:
    for command in _commands(ARCHITECTURE.read_text(encoding="utf-8")):
        assert _exit_code(command) == ENDS.get(command, 0), command
