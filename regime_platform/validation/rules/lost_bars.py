"""The rule on bars that their source no longer has at the start or the end of what it serves."""

import polars as pl

from regime_platform.model.bar_schema import BAR_SCHEMA
from regime_platform.validation.findings import Rule, Severity

SOURCE_LOST_BARS = Rule(
    "source_lost_bars",
    Severity.WARNING,
    "restore them at the source; or withdraw them by `regime bars withdraw SYMBOL TIMEFRAME FROM "
    "TO --reason TEXT`; or write `rolling: true` into mapping.yaml, where the start of an export "
    "moves",
    pl.col("reason"),
)

_NONE = pl.DataFrame(schema={"ts": BAR_SCHEMA["ts"], "reason": pl.String})


def lost_bars(bars: pl.DataFrame, lost: pl.Series) -> pl.DataFrame:
    """Those of ``bars`` that open at one of ``lost``: ``ts`` and the ``reason`` of the rule."""
    if lost.is_empty():
        return _NONE
    is_lost = pl.col("ts").is_in(lost.implode())
    gone = bars.filter(is_lost).select("ts")
    first = bars.filter(~is_lost)["ts"].min()
    if first is None:
        return gone.with_columns(reason=pl.lit(f"the source lost all {gone.height} bars"))
    is_start = pl.col("ts") < pl.lit(first)
    side = pl.when(is_start).then(pl.lit("start")).otherwise(pl.lit("end"))
    count = pl.when(is_start).then(is_start.sum()).otherwise((~is_start).sum())
    words = pl.concat_str(pl.lit("the source lost "), count, pl.lit(" bars at its "), side)
    return gone.with_columns(reason=words)
