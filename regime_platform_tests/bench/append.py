"""The cost of one more bar: in the engine alone, and with compute.db, digests and manifests.

A symbol is processed once. Then its bars arrive one by one: each is promoted outside the timed part
and computed and published within it.
"""

import datetime as dt
import statistics
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import polars as pl

from regime_platform.compute.engine import compute_series
from regime_platform.compute.eras.eras import FIXED_ERAS
from regime_platform.compute.incremental import Past, extend_series, past_of
from regime_platform.compute.params import FIRST_BARS
from regime_platform.compute.results import ESCALATION, STATE
from regime_platform.pipeline.outcomes import Stage, Status
from regime_platform.pipeline.run import run_symbol
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform_tests.bench.figures import Cost, Figure, Scale, cost_of, median_cost
from regime_platform_tests.builders import make_bars
from regime_platform_tests.scenario import serve, street

TIMEFRAME = "15min"
_START = dt.datetime(2000, 1, 3, tzinfo=dt.UTC)
_NOW = dt.datetime(2030, 1, 1, tzinfo=dt.UTC)
_UPDATE = (Stage.COMPUTE_DB, Stage.MANIFESTS)


def append_figures(scale: Scale) -> Iterator[Figure]:
    """Cost and bytes of one more bar, after histories of every size."""
    for label, size in scale.sizes.items():
        runs = scale.runs_of(size)
        bars = make_bars(size + runs, TIMEFRAME)
        past = _past(bars.head(size))
        longer = bars.head(size + 1)
        engine = median_cost(lambda bars=longer, past=past: _extend(bars, past), runs)  # type: ignore[misc]
        yield Figure(f"append_engine_ms_{label}", 1e3 * engine.cpu, "one bar, engine, CPU", runs)
        with tempfile.TemporaryDirectory() as name:
            costs, written = _updates(Path(name), {TIMEFRAME: bars}, runs, "core")
        cpu, wall = _medians(costs)
        way = "one bar, verified read to manifests"
        yield Figure(f"append_db_ms_{label}", wall, f"{way}, wall clock", runs)
        yield Figure(f"append_db_cpu_ms_{label}", cpu, f"{way}, CPU", runs)
        megabytes = statistics.median(written) / 1e6
        yield Figure(f"append_db_mb_written_{label}", megabytes, "handed to the system", runs)
    yield from _daily_figures(scale)


def _daily_figures(scale: Scale) -> Iterator[Figure]:
    """A daily symbol that receives a daily and a weekly bar at once."""
    runs = scale.runs_of(scale.daily_bars)
    counts = {"1day": scale.daily_bars, "1week": scale.weekly_bars}
    series = {
        timeframe: make_bars(count + runs, timeframe, _START) for timeframe, count in counts.items()
    }
    with tempfile.TemporaryDirectory() as name:
        costs, _ = _updates(Path(name), series, runs, "daily")
    cpu, wall = _medians(costs)
    way = f"a bar to {scale.daily_bars} daily and one to {scale.weekly_bars} weekly, to manifests"
    yield Figure("append_daily_ms", wall, f"{way}, wall clock", runs)
    yield Figure("append_daily_cpu_ms", cpu, f"{way}, CPU", runs)


def _medians(costs: list[Cost]) -> tuple[float, float]:
    """Milliseconds of the processor and on the wall."""
    cpu, wall = (1e3 * statistics.median(column) for column in zip(*costs, strict=True))
    return cpu, wall


def _past(bars: pl.DataFrame) -> Past:
    result = compute_series(bars, symbol="BENCH", timeframe=TIMEFRAME, eras=FIXED_ERAS)
    state, horizon = result.rows[STATE].columns, 20
    assert result.rows[STATE].first == FIRST_BARS.state
    return past_of(
        bars["close"].to_numpy(),
        (
            state["downside_shock_risk"],
            state["instability_index"],
            state["structural_score"],
        ),
        result.rows[ESCALATION].columns["esc_raw"],
        state["regime_label"],
        horizon,
    )


def _extend(bars: pl.DataFrame, past: Past) -> None:
    extend_series(bars, past, symbol="BENCH", timeframe=TIMEFRAME, eras=FIXED_ERAS)


def _updates(
    folder: Path, series: Mapping[str, pl.DataFrame], runs: int, tier: str
) -> tuple[list[Cost], list[int]]:
    """Cost and bytes of each of the last ``runs`` bars, which come to all timeframes at once."""
    settings = street(folder, ["BENCH"], tier=tier, asset_class="FX")  # bars at all hours
    costs, written = [], []
    for missing in range(runs, -1, -1):
        for timeframe, bars in series.items():
            serve(settings, "BENCH", timeframe, bars.head(bars.height - missing))
        workspace = RunWorkspace.open(settings)
        _run_symbols(workspace, (Stage.RAW_BARS, Stage.VALIDATED_BARS))
        before = _bytes_written()
        cost = cost_of(lambda workspace=workspace: _run_symbols(workspace, _UPDATE))  # type: ignore[misc]
        if missing < runs:  # the first of all is the history
            costs.append(cost)
            written.append(_bytes_written() - before)
    return costs, written


def _run_symbols(workspace: RunWorkspace, stages: tuple[Stage, ...]) -> None:
    outcome = run_symbol(workspace, workspace.universe.instrument("BENCH"), _NOW, stages=stages)
    if outcome.status is not Status.DONE:
        raise RuntimeError(f"the bench measures nothing: {outcome}")


def _bytes_written() -> int:
    """What this process has handed to the system; 0 where the system does not count."""
    counters = Path("/proc/self/io")
    if not counters.exists():
        return 0
    lines = counters.read_text(encoding="ascii").splitlines()
    return int(dict(line.split(": ") for line in lines)["wchar"])
