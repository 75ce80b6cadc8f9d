"""The columns of bars, the same for every symbol, timeframe and source.

A bar is labelled by its **open**: an intraday bar by the UTC instant at which it opens, a daily or
weekly bar by 00:00 UTC of its date (weekly: the Monday of its week).
"""

import polars as pl

from regime_platform.model.digests import definition_digest
from regime_platform.model.schema_versions import BARS_VERSIONS, version_of

BAR_SCHEMA = pl.Schema(
    {
        "ts": pl.Datetime("us", "UTC"),  # open of the bar
        "open": pl.Float64(),
        "high": pl.Float64(),
        "low": pl.Float64(),
        "close": pl.Float64(),
        "volume": pl.Float64(),  # null = the source does not report it
    }
)
BAR_COLUMNS = tuple(BAR_SCHEMA)
PRICE_COLUMNS = ("open", "high", "low", "close")

#: Version 1 is the layout of the legacy engine (naive local ts, integer volume).
BARS_SCHEMA_DIGEST = definition_digest(BAR_SCHEMA)
BARS_SCHEMA_VERSION = version_of(BARS_SCHEMA_DIGEST, BARS_VERSIONS)


def empty_bars() -> pl.DataFrame:
    """A frame of ``BAR_SCHEMA`` without rows."""
    return pl.DataFrame(schema=BAR_SCHEMA)
