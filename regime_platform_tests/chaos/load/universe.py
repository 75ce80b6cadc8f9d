"""A whole universe of which every twentieth symbol fails, each in a way of its own.

It goes through a ranged run of Dagster, the tick of the daily schedule with the runs that follow,
and `regime run --all`. Each has to reach all symbols once, to fail for exactly the failing ones, to
name each of them with a reason, and to stay within its memory. `python -m
regime_platform_tests.chaos.load.universe --daily 147` prints the figures of a smaller universe.
"""

import argparse
import datetime as dt
import itertools
import json
import logging
import os
import random
import resource
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import time_machine

from regime_platform.bar_store.layout import DataRoot, SymbolPaths
from regime_platform.cli.main import main as regime
from regime_platform.orchestration.instance.home import open_instance
from regime_platform.pipeline.outcomes import Stage
from regime_platform.settings import Settings, load_universe
from regime_platform_tests.bench.unattended_store import (
    SPAWN,
    Size,
    VendorFaults,
    environment_of,
    fill,
    settings_of,
    universe_text,
    vendor_process,
)
from regime_platform_tests.chaos.trials import Trial
from regime_platform_tests.end_to_end.daemon import Daemon
from regime_platform_tests.orchestration.graph import red
from regime_platform_tests.prepared_process import PREPARED

_MORNING = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
_EVENING = dt.datetime(2026, 11, 20, 23, tzinfo=dt.UTC)  # after the daily schedule's tick
_FAILING = 20  # every so many symbols
_MOST_MB = 1_500.0  # of one process, however many symbols there are
_PARTIAL = 3


def _flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0x10
    path.write_bytes(data)


def _file_for_folder(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.write_text("")


def _raw(paths: SymbolPaths) -> Path:
    return next(iter(sorted(paths.raw("1day").glob("*.parquet"))))


#: What is done to the stored files of a symbol.
_DAMAGES: Mapping[str, Callable[[SymbolPaths], object]] = {
    "damaged raw file": lambda paths: _flip(_raw(paths)),
    "file in place of the raw folder": lambda paths: _file_for_folder(paths.raw("1day")),
    "folder in place of compute.db": lambda paths: paths.compute_db.mkdir(),
    "no verdict but text": lambda paths: paths.verdict.write_text("{"),
}
_REFUSALS = {"unknown to the vendor": 404, "vendor error": 500}
_CROSSED = "bad bars"
KINDS = (*_DAMAGES, *_REFUSALS, _CROSSED)


@dataclass(frozen=True)
class Pass:
    """How a pass ended.

    Attributes:
        reached: symbols in its summary, in order.
        failed: symbol -> reason; of Dagster the red partitions.
        peak_mb: of its process, and of the largest of its workers.
    """

    name: str
    code: int
    reached: Sequence[str]
    failed: Mapping[str, str]
    peak_mb: tuple[float, float]
    seconds: float
    dagster_mb: float


def trials(seed: int, folder: Path) -> Iterator[Trial]:
    """The passes over universes of rising size, the last as large as the real one."""
    for round_ in itertools.count():
        for size in (Size(2, 58, 0.04), Size(10, 290, 0.04), Size(58, 1507, 0.04)):
            place = folder / f"{round_}-{size.daily}"
            failing, passes = load(place, size, seed + round_)
            for each in passes:
                problem = "; ".join(problems(each, failing, place / "data"))
                yield Trial(f"{each.name}, {size.core + size.daily} symbols", problem)
            shutil.rmtree(place)


def load(folder: Path, size: Size, seed: int) -> tuple[Mapping[str, str], Sequence[Pass]]:
    """The failing symbols with their kinds, and how the passes ended."""
    root = folder / "data"
    root.mkdir(parents=True)
    (root / "universe.yaml").write_text(universe_text(size))
    fill(settings_of(root, "http://127.0.0.1:1"), size, _MORNING)
    symbols = load_universe(settings_of(root, "http://127.0.0.1:1")).symbols
    failing = _failing(symbols, seed)
    for symbol, kind in failing.items():
        if kind in _DAMAGES:
            _DAMAGES[kind](DataRoot(root).symbol(symbol))
    faults = VendorFaults(
        {symbol: _REFUSALS[kind] for symbol, kind in failing.items() if kind in _REFUSALS},
        frozenset(symbol for symbol, kind in failing.items() if kind == _CROSSED),
    )
    clock = SPAWN.Value("d", _MORNING.timestamp())
    with vendor_process(size, _MORNING, clock, faults) as url:
        passes = [_passed(folder, url, "ranged run of Dagster", _ranged)]
        clock.value = _EVENING.timestamp()
        passes.append(_passed(folder, url, "tick of the daily schedule", _tick))
        passes.append(_passed(folder, url, "regime run --all", _run_all))
    return failing, passes


def _failing(symbols: Sequence[str], seed: int) -> dict[str, str]:
    chosen = random.Random(seed).sample(symbols, max(len(symbols) // _FAILING, len(KINDS)))
    return dict(zip(chosen, itertools.cycle(KINDS), strict=False))


def problems(done: Pass, failing: Mapping[str, str], root: Path) -> Iterator[str]:
    """What is wrong with a pass."""
    expected = set(failing)
    if done.code != _PARTIAL:
        yield f"exit code {done.code}"
    twice = [symbol for symbol, times in Counter(done.reached).items() if times > 1]
    if twice:
        yield f"twice in the summary: {twice}"
    if unreported := set(load_universe(settings_of(root, "")).symbols) - {*done.reached}:
        yield f"not in the summary: {sorted(unreported)}"
    for symbol in sorted(set(done.failed) ^ expected):
        what = done.failed.get(symbol, "no failure")
        yield f"{symbol} ({failing.get(symbol, 'good')}): {what}"
    yield from (
        f"{symbol} fails without a reason" for symbol, why in done.failed.items() if not why
    )
    if max(done.peak_mb) > _MOST_MB:
        yield f"{max(done.peak_mb):,.0f} MB in one process"


def _passed(folder: Path, url: str, name: str, work: Callable[[Settings], Any]) -> Pass:
    """Runs a pass in a process of its own."""
    root, output = folder / "data", folder / "pass.json"
    environment = {**os.environ, **environment_of(root, url), "REGIME_WORKERS": "2"}
    process = PREPARED.Process(target=_work, args=(work, environment, folder, output))
    process.start()
    process.join()
    if process.exitcode:
        raise RuntimeError(f"{name} ended with {process.exitcode}: {(folder / 'log').read_text()}")
    stated = json.loads(output.read_text())
    stated["peak_mb"] = tuple(stated["peak_mb"])
    state = sum(path.stat().st_size for path in (root / "dagster").rglob("*") if path.is_file())
    return Pass(name=name, dagster_mb=state / 1e6, **stated)


def _work(
    work: Callable[[Settings], dict[str, Any]],
    environment: Mapping[str, str],
    folder: Path,
    output: Path,
) -> None:
    with (folder / "log").open("w") as log:
        for descriptor in (1, 2):
            os.dup2(log.fileno(), descriptor)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    logging.disable(logging.WARNING)
    done = work(Settings())
    usages = [resource.getrusage(of) for of in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    done["peak_mb"] = [usage.ru_maxrss / 1024 for usage in usages]
    done["seconds"] = sum(usage.ru_utime + usage.ru_stime for usage in usages)
    output.write_text(json.dumps(done))


def _ranged(settings: Settings) -> dict[str, Any]:
    symbols = load_universe(settings).symbols
    return _by_daemon(settings, _MORNING, lambda daemon: daemon.backfill(symbols[0], symbols[-1]))


def _tick(settings: Settings) -> dict[str, Any]:
    return _by_daemon(settings, _MORNING, lambda daemon: daemon.until(_EVENING))


def _by_daemon(
    settings: Settings, at: dt.datetime, work: Callable[[Daemon], object]
) -> dict[str, Any]:
    """What Dagster shows afterwards: which partitions are red, and which are shown at all."""
    with time_machine.travel(at) as traveller, open_instance(settings) as instance:
        daemon = Daemon(settings, instance, traveller)
        work(daemon)
        failed = set[str]().union(*(red(settings, instance, stage) for stage in Stage))
    reached = {
        symbol for run in daemon.runs for symbol in run.materialized.get(Stage.MANIFESTS.value, ())
    }
    return {
        "code": 0 if all(run.is_success for run in daemon.runs) else _PARTIAL,
        "reached": sorted(reached | failed),
        "failed": dict.fromkeys(failed, "red"),
    }


def _run_all(settings: Settings) -> dict[str, Any]:
    del settings
    with Path("run.json").open("w") as output, redirect_stdout(output):
        try:
            regime(["run", "--all", "--json", "--now", _EVENING.isoformat()])
        except SystemExit as ended:
            code = ended.code
    document = json.loads(Path("run.json").read_text())
    rows = document["symbols"]
    good = {"done", "unchanged"}
    return {
        "code": code,
        "reached": [row["symbol"] for row in rows],
        "failed": {row["symbol"]: row["reason"] for row in rows if row["status"] not in good},
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the figures of one universe."""
    options = argparse.ArgumentParser(prog="load")
    options.add_argument("--core", type=int, default=58)
    options.add_argument("--daily", type=int, default=1507)
    options.add_argument("--share", type=float, default=0.04, help="part of the real histories")
    options.add_argument("--seed", type=int, default=1)
    chosen = options.parse_args(arguments)
    size, wrong = Size(chosen.core, chosen.daily, chosen.share), 0
    with tempfile.TemporaryDirectory(prefix="load-") as name:
        folder = Path(name) / "load"
        failing, passes = load(folder, size, chosen.seed)
        print(f"seed {chosen.seed}, {size.core + size.daily} symbols, {len(failing)} failing")
        for each in passes:
            own, worker = each.peak_mb
            print(
                f"{each.name}: exit {each.code}, {len(each.failed)} failed, {each.seconds:,.0f} s "
                f"of processor, {own:,.0f} MB and {worker:,.0f} MB of a worker, "
                f"Dagster {each.dagster_mb:,.1f} MB"
            )
            for problem in problems(each, failing, folder / "data"):
                print(f"  {problem[:300]}")
                wrong += 1
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
