"""Result tables for tests: real ones, from the engine on made bars."""

import polars as pl

from regime_platform.compute.engine import compute_series
from regime_platform.compute.eras.eras import FIXED_ERAS
from regime_platform.compute.results import latest_state
from regime_platform_tests.builders import make_bars


def make_tables(n: int = 420, *, symbol: str = "AAA", seed: int = 0) -> dict[str, pl.DataFrame]:
    """The tables of a symbol with ``n`` daily bars."""
    result = compute_series(
        make_bars(n, seed=seed), symbol=symbol, timeframe="1day", eras=FIXED_ERAS
    )
    return {
        "escalation_history_v3": result.escalation,
        "forward_labels": result.labels,
        "state_history": result.state,
        "latest_state": latest_state({"1day": result}),
    }
