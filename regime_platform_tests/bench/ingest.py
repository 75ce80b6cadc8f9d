"""`make bench-ingest`: what fetching costs, against a vendor on loopback in a process of its own.

Prints a table and writes build/bench_ingest.json. The universe is made up, at full size unless
``--symbols`` says otherwise; bars from before the catch-up are stored without a network. With
a credit limit, minutes are those of a clock that only waiting and answers move.
"""

import argparse
import datetime as dt
import json
import logging
import multiprocessing
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import polars as pl
from pytest_httpserver import HTTPServer
from rich.console import Console
from rich.table import Table

from regime_platform.model.calendar.trading_hours import expected_opens
from regime_platform.model.instruments import Instrument
from regime_platform.model.markets import MARKETS
from regime_platform.model.universe.universe import Universe, parse_universe
from regime_platform.pipeline.fetch.catch_up import FetchRequest
from regime_platform.pipeline.fetch.ingest import Batches, ingest
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.settings import PROJECT_ROOT, Settings
from regime_platform.sources.protocol import BarPage, Charge, NotServedError, WindowRequest
from regime_platform.sources.registry import build_sources
from regime_platform_tests.bench.scale_universe import scale_universe
from regime_platform_tests.builders import make_bars
from regime_platform_tests.vendor import KEY, LoopbackVendor, Plan

_BEGAN = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)
_HELD = dt.datetime(2026, 11, 14, 12, tzinfo=dt.UTC)  # a weekend, all is settled
_NOW = dt.datetime(2026, 11, 21, 12, tzinfo=dt.UTC)  # the next one
_LIMIT = 55  # credits a minute
_LATENCY = 0.25  # seconds that an answer takes in the simulated minutes


def main(arguments: Sequence[str] | None = None) -> None:
    """Measures, prints, writes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--symbols", type=int, nargs=2, default=(58, 1507), help="core and daily")
    parser.add_argument("--output", type=Path, default=PROJECT_ROOT / "build/bench_ingest.json")
    asked = parser.parse_args(arguments)
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    figures = measure(*asked.symbols)
    facts = {
        "command": "make bench-ingest",
        "date": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "cores": os.cpu_count(),
        "load_average": " ".join(f"{load:.2f}" for load in os.getloadavg()),
    }
    table = Table("figure", "value", title="acquisition")
    for name, value in figures.items():
        table.add_row(name, f"{value:,.2f}")
    Console(width=120).print(table, " | ".join(f"{key} {text}" for key, text in facts.items()))
    asked.output.parent.mkdir(parents=True, exist_ok=True)
    asked.output.write_text(json.dumps({**figures, **facts}, indent=2) + "\n")


def measure(core: int, daily: int) -> dict[str, float]:
    """All figures of a universe of so many symbols."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        (root / "universe.yaml").write_text(scale_universe(core, daily))
        universe = parse_universe((root / "universe.yaml").read_text(), "universe.yaml")
        fill(settings_of(root, "http://localhost:1"))
        with vendor_process(universe) as (url, counted):
            settings = settings_of(root, url)
            caught_up = _catch_up(settings, counted)
            nothing_new = _nothing_new(settings, counted)
    with tempfile.TemporaryDirectory() as name:
        limited = limited_figures(Path(name), core=min(core, 8), daily=min(daily, 300))
    return {**caught_up, **nothing_new, **limited}


def _catch_up(settings: Settings, counted: Connection) -> dict[str, float]:
    began, cpu = time.perf_counter(), _cpu_of_children()
    report = _regime(settings)
    seconds, cpu = time.perf_counter() - began, _cpu_of_children() - cpu
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    total = report["total"]
    if total["status"] != {"ok": total["series"]} or total["new"] < total["series"]:
        raise RuntimeError(f"the catch-up is not complete: {total}")
    return {
        "series": total["series"],
        "catch_up_s": seconds,
        "catch_up_cpu_s": cpu,
        "catch_up_requests": _requests(counted),
        "catch_up_credits": total["credits"],
        "catch_up_new_bars": total["new"],
        "peak_memory_of_any_process_mb": peak,
    }


def _nothing_new(settings: Settings, counted: Connection) -> dict[str, float]:
    requests, before = _requests(counted), _states(settings.data_root)
    began, cpu = time.perf_counter(), _cpu_of_children()
    _regime(settings)
    seconds, cpu = time.perf_counter() - began, _cpu_of_children() - cpu
    after = _states(settings.data_root)
    return {
        "nothing_new_s": seconds,
        "nothing_new_cpu_s": cpu,
        "nothing_new_requests": _requests(counted) - requests,
        "nothing_new_files_touched": sum(after[name] != before.get(name) for name in after),
    }


def limited_figures(folder: Path, core: int, daily: int) -> dict[str, float]:
    """A catch-up on 55 credits a minute: how much of them it used, and the fullest minute."""
    (folder / "universe.yaml").write_text(scale_universe(core, daily))
    universe = parse_universe((folder / "universe.yaml").read_text(), "universe.yaml")
    clock = SlowClock(1_700_000_000.0)
    with HTTPServer() as server:
        vendor = LoopbackVendor(server, plan=Plan(_LIMIT, clock=clock.answering))
        list_universe(vendor, universe)
        settings = settings_of(folder, vendor.url, per_minute=None)
        fill(settings)
        workspace = RunWorkspace.open(settings)
        sources = build_sources(settings, clock=clock, sleep=clock.sleep)
        fetch_all(replace(workspace, sources=sources), _NOW)
        assert vendor.plan is not None
        spent, refused = vendor.plan.minutes, vendor.plan.refused
    minutes = sorted(spent)[1:-1]  # whole minutes; the first also finds out what the plan allows
    busy = sum(spent[minute] for minute in minutes) / (_LIMIT * (minutes[-1] - minutes[0] + 1))
    return {
        "limited_busy_share": busy,
        "limited_most_credits_in_a_minute": max(spent.values()),
        "limited_minutes": len(spent),
        "limited_refusals": refused,
    }


def fetch_all(workspace: RunWorkspace, now: dt.datetime) -> None:
    """Every symbol's fetch, or an error that names the first that failed."""
    instruments = workspace.universe.instruments
    batches = Batches(workspace, instruments, FetchRequest(now))
    for instrument in instruments:
        outcome = ingest(workspace, instrument, batches)
        if not outcome.status.is_good:
            raise RuntimeError(outcome.reason)


def fill(settings: Settings) -> None:
    """What the universe holds before: fetched from memory, at the time it was new."""
    workspace = RunWorkspace.open(settings)
    source = MemorySource()
    fetch_all(replace(workspace, sources=dict.fromkeys(workspace.sources, source)), _HELD)


def settings_of(root: Path, url: str, per_minute: int | None = 1_000_000) -> Settings:
    """Settings on ``root`` and nothing of the environment."""
    return Settings(
        _env_file=None,
        REGIME_DATA_ROOT=root,
        REGIME_UNIVERSE=root / "universe.yaml",
        REGIME_TWELVEDATA_URL=url,
        TWELVEDATA_API_KEY=KEY,
        REGIME_CREDITS_FOLDER=root.parent / f"credits-{root.name}",
        REGIME_CREDITS_PER_MINUTE=per_minute,
        REGIME_REREAD_SHARE=0,
    )


@dataclass
class SlowClock:
    """Seconds since the epoch, moved by waiting and by answers."""

    now: float

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        """Waits."""
        self.now += seconds

    def answering(self) -> float:
        """The vendor's reading; asked three times per answer."""
        self.now += _LATENCY / 3
        return self.now


class MemorySource:
    """The vendor without the network."""

    name = "twelvedata"
    most_rows = 5000
    charge = Charge()

    def earliest(self, instrument: Instrument, timeframe: str, now: dt.datetime) -> dt.date:
        """The same for all."""
        del instrument, timeframe, now
        return _BEGAN.date()

    def page(self, ask: WindowRequest, now: dt.datetime) -> BarPage:
        """What had opened by then."""
        bars = bars_of(ask.instrument.asset_class, ask.timeframe)
        opened = pl.col("ts").is_between(ask.start, ask.end, closed="left") & (pl.col("ts") <= now)
        basis = "split_adjusted" if ask.timeframe in ("1day", "1week") else "unadjusted"
        return BarPage(bars.filter(opened), basis, (ask.start, ask.end))

    def batch(
        self, asks: Sequence[WindowRequest], now: dt.datetime
    ) -> Mapping[str, BarPage | NotServedError]:
        """Requests them in turn."""
        return {ask.instrument.symbol: self.page(ask, now) for ask in asks}

    def batch_key(self, ask: WindowRequest) -> tuple[str, ...]:
        """The same for all."""
        del ask
        return ()

    def batch_size(self) -> int:
        """Any."""
        return 120

    def credits_per_minute(self) -> int:
        """Any."""
        return 1_000_000


_BARS: dict[tuple[str, str], pl.DataFrame] = {}


def bars_of(asset_class: str, timeframe: str) -> pl.DataFrame:
    """The bars of every instrument of a class, which all have the same."""
    key = (asset_class, timeframe)
    if key not in _BARS:
        opens = expected_opens(MARKETS[asset_class], timeframe, _BEGAN, _NOW)
        _BARS[key] = make_bars(opens.len()).with_columns(ts=opens)
    return _BARS[key]


def list_universe(vendor: LoopbackVendor, universe: Universe) -> None:
    """Makes every series of the universe the vendor's."""
    vendor.now = None
    for instrument in universe.instruments:
        named = dict(instrument.identity)
        symbol = named.pop("provider_symbol")
        for frame in instrument.timeframes:
            vendor.list_series(symbol, frame, bars_of(instrument.asset_class, frame), **named)


@contextmanager
def vendor_process(universe: Universe) -> Iterator[tuple[str, Connection]]:
    """A vendor in a process of its own: its address, and where to ask how often it was asked."""
    spawn = multiprocessing.get_context("spawn")
    here, there = spawn.Pipe()
    process = spawn.Process(target=_serve, args=(universe.symbols, there), daemon=True)
    process.start()
    try:
        yield str(here.recv()), here
    finally:
        here.send("end")
        process.join(10)


def _serve(symbols: Sequence[str], pipe: Connection) -> None:
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    with HTTPServer() as server:
        vendor = LoopbackVendor(server)
        count = Counter(symbol[:2] in {"NY", "NQ", "NC"} for symbol in symbols)
        text = scale_universe(count[False], count[True])
        list_universe(vendor, parse_universe(text, "universe.yaml"))
        pipe.send(vendor.url)
        while pipe.recv() != "end":
            pipe.send(len(vendor.questions))


def _requests(counted: Connection) -> int:
    counted.send("count")
    return int(counted.recv())


def _regime(settings: Settings) -> dict[str, dict[str, Any]]:
    environment = {
        **{name: text for name, text in os.environ.items() if not name.startswith("REGIME_")},
        "REGIME_DATA_ROOT": str(settings.data_root),
        "REGIME_UNIVERSE": str(settings.universe),
        "REGIME_TWELVEDATA_URL": settings.twelvedata_url,
        "TWELVEDATA_API_KEY": KEY,
        "REGIME_CREDITS_FOLDER": str(settings.credits_folder),
        "REGIME_CREDITS_PER_MINUTE": "1000000",
        "REGIME_REREAD_SHARE": "0",
    }
    command = [str(Path(sys.executable).with_name("regime")), "update", "--all", "--json"]
    command += ["--now", _NOW.isoformat()]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if ended.returncode:
        raise RuntimeError(ended.stderr + ended.stdout[-2000:])
    report: dict[str, dict[str, float]] = json.loads(ended.stdout)
    return report


def _cpu_of_children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _states(folder: Path) -> dict[str, tuple[int, int]]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path): (path.stat().st_mtime_ns, path.stat().st_size) for path in files}


if __name__ == "__main__":
    main()
