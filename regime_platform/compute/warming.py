"""Compiles the kernels, or loads them from disk, before they are needed."""

import datetime as dt

import numpy as np
import polars as pl

from regime_platform.compute.engine import compute_series
from regime_platform.compute.eras.eras import FIXED_ERAS
from regime_platform.compute.params import DEFAULT_PARAMS
from regime_platform.compute.results import latest_state
from regime_platform.model.bar_schema import BAR_SCHEMA


def warm_up() -> None:
    """Runs the whole engine once on synthetic bars; takes half a minute, once per machine."""
    count = DEFAULT_PARAMS.at("1day").escalation_gate
    wave = 100.0 + 5.0 * np.sin(np.arange(count) / 7.0)
    start = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
    opens = [start + dt.timedelta(days=day) for day in range(count)]
    bars = pl.DataFrame(
        {"ts": opens, "open": wave, "high": wave + 1.0, "low": wave - 1.0, "close": wave},
    ).with_columns(volume=pl.lit(1.0))
    result = compute_series(
        bars.cast(BAR_SCHEMA), symbol="WARM-UP", timeframe="1day", eras=FIXED_ERAS
    )
    latest_state({"1day": result})
