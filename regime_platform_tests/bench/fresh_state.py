"""The state path alone, over the bars of one Parquet file; as a program, in a fresh process.

It imports nothing but what the work needs, since the imports are part of what is timed.
"""

import sys
from dataclasses import replace

import polars as pl

from regime_platform.compute.engine import compute_series
from regime_platform.compute.eras.eras import FIXED_ERAS
from regime_platform.compute.params import DEFAULT_PARAMS, Params

TIMEFRAME = "1day"

#: With an escalation gate out of reach a series gets state rows only.
STATE_ONLY: Params = replace(
    DEFAULT_PARAMS,
    by_timeframe=tuple(
        (name, replace(constants, escalation_gate=sys.maxsize))
        for name, constants in DEFAULT_PARAMS.by_timeframe
    ),
)


def state_of(bars: pl.DataFrame) -> pl.DataFrame:
    """The state table of the bars."""
    result = compute_series(
        bars, symbol="BENCH", timeframe=TIMEFRAME, eras=FIXED_ERAS, params=STATE_ONLY
    )
    return result.state


def main() -> None:
    """Computes once and says how many rows there are."""
    print(state_of(pl.read_parquet(sys.argv[1])).height)


if __name__ == "__main__":
    main()
