"""The cost of the gate: per series, for the universe by extrapolation, and its share of a run.

``make bench-gates`` prints medians of the processor time of one process, and wall clock where it
says so. Polars uses both cores for long series, so the wall clock can be lower.
"""

import datetime as dt
import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import polars as pl

from regime_platform.compute.engine import warm_up
from regime_platform.model.calendar.sessions import sessions
from regime_platform.model.calendar.trading_hours import expected_opens
from regime_platform.model.markets import MARKETS
from regime_platform.model.timeframes import TIMEFRAMES
from regime_platform.pipeline.gate.validate_log import (
    read_policy,
    validate_log,
    validate_rows,
    validation_context,
)
from regime_platform.pipeline.outcomes import Stage
from regime_platform.pipeline.run import run_symbol
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.validation.policy import DEFAULT_CONTEXT
from regime_platform_tests.bench.figures import Cost, cost_of, median_cost
from regime_platform_tests.builders import LONG_AFTER, fetched
from regime_platform_tests.scenario import serve, street

DAILY_SYMBOLS, CORE_SYMBOLS = 1_507, 58
_RUNS = 7
_END = dt.datetime(2024, 1, 27, tzinfo=dt.UTC)


def bars(asset_class: str, timeframe: str, years: int, seed: int = 0) -> pl.DataFrame:
    """A calm random walk over every open that the calendar expects."""
    opens = expected_opens(
        MARKETS[asset_class], timeframe, _END.replace(year=_END.year - years), _END
    )
    draws = np.random.default_rng(seed).standard_normal((3, opens.len()))
    close = 100.0 * np.exp(np.cumsum(0.002 * draws[0]))
    open_ = close * np.exp(0.001 * draws[1])
    high, low = np.maximum(open_, close) * 1.0005, np.minimum(open_, close) * 0.9995
    volume = np.exp(10.0 + 0.5 * draws[2])
    columns = {"open": open_, "high": high, "low": low, "close": close, "volume": volume}
    return pl.DataFrame({"ts": opens, **columns})


def symbol_rows(asset_class: str, spans: Mapping[str, int]) -> dict[str, pl.DataFrame]:
    """The input of the gate for one symbol: years per timeframe."""
    return {name: fetched(bars(asset_class, name, years)) for name, years in spans.items()}


def validation_cost(rows: Mapping[str, pl.DataFrame], asset_class: str) -> Cost:
    """The gate over all timeframes of one symbol, comparison included."""
    return median_cost(lambda: validate_rows(rows, MARKETS[asset_class], DEFAULT_CONTEXT), _RUNS)


def share_of_run() -> tuple[Cost, Cost]:
    """Validating the log of a daily symbol, and its whole promotion, compute and manifests."""
    with tempfile.TemporaryDirectory() as name:
        settings = street(Path(name), ["AAA"])
        for timeframe in ("1day", "1week"):
            serve(settings, "AAA", timeframe, bars("US_EQUITY", timeframe, 20))
        workspace = RunWorkspace.open(settings)
        instrument, root = workspace.universe.instrument("AAA"), workspace.root
        run_symbol(workspace, instrument, LONG_AFTER, stages=[Stage.RAW_BARS])
        warm_up()
        paths = root.symbol("AAA")
        context = validation_context(paths, instrument, read_policy(root))
        validation = median_cost(lambda: validate_log(paths, instrument, context), _RUNS)
        after_fetch = [stage for stage in Stage if stage is not Stage.RAW_BARS]
        processed = cost_of(
            lambda: run_symbol(workspace, instrument, LONG_AFTER, stages=after_fetch)
        )
    return validation, processed


def main() -> None:
    """Prints the figures."""
    first = cost_of(lambda: sessions("XNYS"))
    print(f"calendar of New York, once per process: {first.wall:.2f} s wall")
    daily = symbol_rows("US_EQUITY", {"1day": 20, "1week": 20})
    core = symbol_rows("US_EQUITY", dict.fromkeys(TIMEFRAMES, 20))
    long = {"15min": fetched(bars("FX", "15min", 21).head(500_000))}
    seconds, total = 0.0, 0
    for word, rows, asset_class, symbols in (
        ("daily symbol", daily, "US_EQUITY", DAILY_SYMBOLS),
        ("core symbol", core, "US_EQUITY", CORE_SYMBOLS),
        ("one series", long, "FX", 0),
    ):
        stored = sum(row.height for row in rows.values())
        cost = validation_cost(rows, asset_class)
        seconds, total = seconds + symbols * cost.cpu, total + symbols * stored
        size = f"{len(rows)} series, {stored:,} bars"
        print(f"{word}, {size}: {1e3 * cost.cpu:.1f} ms ({1e3 * cost.wall:.1f} ms wall)")
    series = 2 * DAILY_SYMBOLS + len(TIMEFRAMES) * CORE_SYMBOLS
    print(f"EXTRAPOLATED to {series:,} series, {total:,} bars: {seconds:.0f} s, two cores half")
    validation, processed = share_of_run()
    share = 100 * validation.cpu / processed.cpu
    print(
        f"daily symbol, log read and validated: {1e3 * validation.cpu:.0f} ms "
        f"of {1e3 * processed.cpu:.0f}"
    )
    print(f"for promotion, compute and manifests together: {share:.0f} %")


if __name__ == "__main__":
    main()
