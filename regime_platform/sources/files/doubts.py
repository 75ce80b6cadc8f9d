"""What bars that can be read make doubtful: an unadjusted split, prices in another unit."""

from collections.abc import Sequence

import polars as pl

from regime_platform.model.bar_schema import PRICE_COLUMNS
from regime_platform.model.markets import Market
from regime_platform.sources.files.facts import Fact
from regime_platform.validation.rules.split import splits

#: Whole prices from here on may be in hundredths or ten thousandths.
_LARGE = 10_000


def split_doubts(bars: pl.DataFrame, timeframe: str, market: Market) -> Sequence[str]:
    """Each split that the bars look unadjusted for, by its first bar, as ``2020-08-31: 4:1``.

    ``bars`` are in any order; rows without a price and repeated ones are left out.
    """
    sound = bars.drop_nulls(PRICE_COLUMNS).unique("ts", keep="first").sort("ts")
    sound = sound.filter(pl.all_horizontal(pl.col(PRICE_COLUMNS) > 0))
    if sound.is_empty():
        return ()
    marked = sound.select("ts", split=splits(sound, timeframe, market)).drop_nulls("split")
    return [f"{ts:%Y-%m-%d}: {split}" for ts, split in marked.iter_rows()]


def price_scale(bars: pl.DataFrame, scale: float | None) -> Fact | None:
    """The range of the prices, and whether they look as if ``scale`` were missing where it is not
    stated; None without any price."""
    closes = bars["close"].drop_nulls().sort()
    if closes.is_empty():
        return None
    evidence = f"closes from {closes[0]:g} to {closes[-1]:g}"
    prices = pl.col(PRICE_COLUMNS)
    are_whole = bars.select(pl.all_horizontal((prices == prices.round()).all())).item()
    if scale is None and are_whole and closes[closes.len() // 2] >= _LARGE:
        evidence += ", all of them whole: if they are in smaller units, state what divides them"
    return Fact("scale", f"{scale or 1:g}", evidence)
