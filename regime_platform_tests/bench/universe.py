"""A synthetic universe of daily symbols through the real pipeline, by one process and by two.

Compute and publish of every symbol are timed, from promoted bars to manifests. The processes have
their kernels loaded; the fresh-process figures show the cost of a start.
"""

import datetime as dt
import multiprocessing
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from regime_platform.compute.engine import warm_up
from regime_platform.pipeline.outcomes import Stage, Status
from regime_platform.pipeline.run import run_symbol
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.settings import Settings
from regime_platform_tests.bench.figures import Cost, Figure, Scale
from regime_platform_tests.builders import make_bars
from regime_platform_tests.scenario import serve, street

_START = dt.datetime(2000, 1, 3, tzinfo=dt.UTC)
_NOW = dt.datetime(2026, 11, 20, 22, 30, tzinfo=dt.UTC)  # after the last bar; any instant would do
_TARGET = 1_565  # symbols of the universe the platform is built for
_TAKEN_IN = (Stage.RAW_BARS, Stage.VALIDATED_BARS)
_TIMED = (Stage.COMPUTE_DB, Stage.MANIFESTS)

_opened: list[RunWorkspace] = []  # of a worker process: its only workspace


def universe_figures(scale: Scale) -> Iterator[Figure]:
    """Seconds, milliseconds per symbol, and minutes for the whole universe by extrapolation."""
    symbols = [f"BN{number:03d}" for number in range(scale.symbols)]
    spawn = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _fill(folder, symbols, scale)
        with ProcessPoolExecutor(2, spawn, initializer=_open, initargs=(folder,)) as pool:
            for processes in (1, 2):
                shares = [symbols[start::processes] for start in range(processes)]
                cost = _median_cost(folder, pool, shares, scale.runs)
                yield from _figures(processes, cost, scale)


def _figures(processes: int, cost: Cost, scale: Scale) -> Iterator[Figure]:
    by = f"{processes}_process{'es' if processes > 1 else ''}"
    bars = f"{scale.daily_bars} + {scale.weekly_bars} bars each"
    cpu, wall = (seconds / scale.symbols for seconds in cost)
    whole = f"{scale.symbols} daily symbols, {bars}, compute + publish, wall clock"
    yield Figure(f"universe_100_{by}_s", cost.wall, whole, scale.runs)
    yield Figure(f"universe_{by}_ms_per_symbol", 1e3 * wall, "the same per symbol", scale.runs)
    yield Figure(f"universe_{by}_cpu_ms_per_symbol", 1e3 * cpu, "the same, CPU", scale.runs)
    extrapolated = f"EXTRAPOLATED: {_TARGET} such symbols at that rate; core symbols cost more"
    yield Figure(f"universe_1565_{by}_min", wall * _TARGET / 60, extrapolated, 0)


def _median_cost(
    folder: Path, pool: ProcessPoolExecutor, shares: Sequence[Sequence[str]], runs: int
) -> Cost:
    """All shares at once, each computed by one process: their processor time and the wall clock."""
    _forget_results(folder, [symbol for share in shares for symbol in share])
    list(pool.map(_derive, [share[:2] for share in shares]))  # now the processes are up and warm
    costs = []
    for _ in range(runs):
        _forget_results(folder, [symbol for share in shares for symbol in share])
        began = time.perf_counter()
        cpu = sum(pool.map(_derive, shares))
        costs.append((cpu, time.perf_counter() - began))
    return Cost(*(statistics.median(column) for column in zip(*costs, strict=True)))


def _fill(folder: Path, symbols: Sequence[str], scale: Scale) -> None:
    """Bars of all symbols through source, raw log and gate; not timed."""
    served = street(folder, symbols)
    workspace = RunWorkspace.open(_settings(folder))
    for seed, symbol in enumerate(symbols):
        serve(served, symbol, "1day", make_bars(scale.daily_bars, "1day", _START, seed))
        serve(served, symbol, "1week", make_bars(scale.weekly_bars, "1week", _START, seed))
        _require_done(workspace, symbol, _TAKEN_IN)


def _forget_results(folder: Path, symbols: Sequence[str]) -> None:
    workspace = RunWorkspace.open(_settings(folder))
    for symbol in symbols:
        paths = workspace.root.symbol(symbol)
        for path in (paths.compute_db, paths.manifest, paths.compute_manifest):
            path.unlink(missing_ok=True)


def _settings(folder: Path) -> Settings:
    """As ``street`` has them, and the universe by name, whatever the environment says."""
    root = folder / "data"
    return Settings(
        _env_file=None,
        REGIME_DATA_ROOT=root,
        REGIME_FILES_ROOT=folder / "files",
        REGIME_UNIVERSE=root / "universe.yaml",
    )


def _open(folder: Path) -> None:
    warm_up()
    _opened.append(RunWorkspace.open(_settings(folder)))


def _derive(symbols: Sequence[str]) -> float:
    """Derives and publishes, and says how many processor seconds that took."""
    began = time.process_time()
    for symbol in symbols:
        _require_done(_opened[0], symbol, _TIMED)
    return time.process_time() - began


def _require_done(workspace: RunWorkspace, symbol: str, stages: Sequence[Stage]) -> None:
    instrument = workspace.universe.instrument(symbol)
    outcome = run_symbol(workspace, instrument, _NOW, stages=stages)
    if outcome.status is not Status.DONE:
        raise RuntimeError(f"{symbol} is {outcome.status} at {outcome.stage}: {outcome.reason}")
