"""`make bench-orchestration`: passes over a universe through webserver, daemon, sensor and runs.

Tells every phase as it ends, and writes build/bench_orchestration.json after each, so that a run
cut short still tells something. At full size (58 core and 1,507 daily symbols with histories of
real length) it takes about half an hour of idle cores; ``--core``, ``--daily`` and ``--share`` (of
the histories) make it smaller, and figures per symbol say what that is worth. ``--keep`` leaves the
data root behind, for ``regime verify --all``.
"""

import argparse
import datetime as dt
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import dagster as dg
from rich.console import Console
from rich.table import Table

from regime_platform.orchestration.instance.home import open_instance
from regime_platform.orchestration.jobs import UPDATE_CORE, UPDATE_DAILY
from regime_platform.orchestration.sensors import build_new_bars
from regime_platform.settings import PROJECT_ROOT, Settings, load_universe
from regime_platform_tests.bench.running_platform import RunningPlatform
from regime_platform_tests.bench.seeded_events import last_fetch, seed_fetches, seed_passes
from regime_platform_tests.bench.unattended_store import (
    Size,
    environment_of,
    fill,
    settings_of,
    universe_text,
    vendor_process,
)
from regime_platform_tests.bench.watched_processes import PeakMemory
from regime_platform_tests.ui.serving import dagster_dev

_FETCHES = 1_600  # events of a tick
_PASSES = 30  # a month of them

Phase = tuple[str, dict[str, float]]


def main(arguments: Sequence[str] | None = None) -> None:
    """Measures, tells and writes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--core", type=int, default=58)
    parser.add_argument("--daily", type=int, default=1507)
    parser.add_argument("--share", type=float, default=1.0, help="part of the real histories")
    parser.add_argument("--keep", type=Path, help="leave the data root here, as FOLDER/data")
    parser.add_argument(
        "--output", type=Path, default=PROJECT_ROOT / "build/bench_orchestration.json"
    )
    asked = parser.parse_args(arguments)
    size = Size(asked.core, asked.daily, asked.share)
    facts = {
        "size": f"{size.core} core, {size.daily} daily, {size.share:g} of their histories",
        "date": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "cores": os.cpu_count(),
        "load_average_before": " ".join(f"{load:.2f}" for load in os.getloadavg()),
    }
    with tempfile.TemporaryDirectory() as name:
        folder = asked.keep.absolute() if asked.keep else Path(name)
        _print_phases(measure(folder / "data", size), facts, asked.output)


def measure(root: Path, size: Size) -> Iterator[Phase]:
    """Phase after phase, each with its figures."""
    now = dt.datetime.now(dt.UTC)
    root.mkdir(parents=True)
    (root / "universe.yaml").write_text(universe_text(size))
    yield "filled", {"bars_held": fill(settings_of(root, "http://127.0.0.1:1"), size, now)}
    with vendor_process(size, now) as url, _environment(root, url):
        settings = settings_of(root, url)
        with dagster_dev(settings) as address, open_instance(settings) as instance:
            workspace = RunningPlatform(settings, address, instance)
            workspace.settle()
            memory = PeakMemory(root)
            yield from _passes(workspace, size)
            yield "memory", {"peak_memory_mb": memory.peak()}
            yield "page of partitions", _page_figures(workspace)
        with open_instance(settings) as instance:
            yield "sensor", _sensor_figures(settings, instance)
        yield "computed without Dagster", _compute_figures()


def _passes(workspace: RunningPlatform, size: Size) -> Iterator[Phase]:
    symbols = load_universe(workspace.settings).symbols
    passes: Sequence[tuple[str, int, Callable[[], None]]] = [
        (
            "full_recompute",
            len(symbols),
            partial(workspace.launch_range, symbols[0], symbols[-1]),
        ),
        ("daily_pass", size.daily, partial(workspace.launch, UPDATE_DAILY)),
        ("intraday_pass", size.core, partial(workspace.launch, UPDATE_CORE)),
    ]
    for name, processed, launch in passes:
        figures = workspace.timed(launch)
        figures["cpu_ms_per_symbol"] = 1e3 * figures["cpu_s"] / max(processed, 1)
        yield name, _named(name, figures)
    idle = workspace.timed(partial(workspace.launch, UPDATE_CORE))
    while idle["runs"] > 1:  # a bar ended meanwhile, so that there was something new
        idle = workspace.timed(partial(workspace.launch, UPDATE_CORE))
    yield "intraday_nothing_new", _named("intraday_nothing_new", idle)


def _named(phase: str, figures: Mapping[str, float]) -> dict[str, float]:
    return {f"{phase}_{figure}": value for figure, value in figures.items()}


def _page_figures(workspace: RunningPlatform) -> dict[str, float]:
    symbol = load_universe(workspace.settings).symbols[0]
    young = _median(workspace.partitions_page)
    return {
        "partitions_page_s": young,
        "seeded_rows": seed_passes(workspace.settings, _PASSES),
        f"partitions_page_after_{_PASSES}_passes_s": _median(workspace.partitions_page),
        f"one_partition_after_{_PASSES}_passes_s": _median(
            partial(workspace.partition_page, symbol)
        ),
    }


def _sensor_figures(settings: Settings, instance: dg.DagsterInstance) -> dict[str, float]:
    sensor = build_new_bars(partial(load_universe, settings))

    def tick(cursor: int) -> None:
        sensor(dg.build_sensor_context(instance=instance, cursor=str(cursor)))

    before = last_fetch(instance)
    last = seed_fetches(instance, load_universe(settings).symbols, _FETCHES)
    return {
        f"sensor_tick_{_FETCHES}_events_s": _median(partial(tick, before)),
        "sensor_idle_ms": 1e3 * _median(partial(tick, last)),
    }


def _compute_figures() -> dict[str, float]:
    """Engine, store and manifests of every symbol, by the command."""
    regime = str(Path(sys.executable).with_name("regime"))
    command = [regime, "compute", "--all", "--force", "--json"]
    began = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    return {"full_recompute_without_dagster_s": time.perf_counter() - began}


def _print_phases(phases: Iterator[Phase], facts: Mapping[str, object], output: Path) -> None:
    console, figures = Console(width=120), dict[str, float]()
    output.parent.mkdir(parents=True, exist_ok=True)
    began = last = time.perf_counter()
    for name, phase in phases:
        figures |= phase
        output.write_text(json.dumps({**figures, **facts}, indent=2) + "\n")
        now = time.perf_counter()
        shown = ", ".join(f"{key} {value:,.2f}" for key, value in phase.items())
        console.print(f"{(now - began) / 60:5.1f} min (+{now - last:.0f} s) {name}: {shown}")
        last = now
    table = Table("figure", "value", title="unattended")
    for key, value in figures.items():
        table.add_row(key, f"{value:,.2f}")
    console.print(table, " | ".join(f"{key}: {text}" for key, text in facts.items()))


def _median(work: Callable[[], None]) -> float:
    costs = []
    for _ in range(5):
        began = time.perf_counter()
        work()
        costs.append(time.perf_counter() - began)
    return statistics.median(costs)


@contextmanager
def _environment(root: Path, url: str) -> Iterator[None]:
    """The settings in the environment of started processes."""
    before = dict(os.environ)
    os.environ.update(environment_of(root, url))
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


if __name__ == "__main__":
    main()
