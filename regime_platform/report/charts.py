"""The small chart of a symbol, for Dagster's metadata; imports no plotting library."""

from regime_platform.report.reading import (
    ChartWorkspace,
    held_timeframes,
    preferred_timeframe,
    read_latest,
    read_series,
)
from regime_platform.report.small_chart import price_chart


def small_chart_png(workspace: ChartWorkspace, symbol: str) -> bytes | None:
    """A PNG of about 2 kB of the timeframe that a page would show first.

    None where the symbol has no results.
    """
    paths = workspace.root.symbol(workspace.universe.instrument(symbol).symbol)
    held = held_timeframes(read_latest(paths))
    if not held:
        return None
    view = read_series(paths, preferred_timeframe(held), ["regime_label"])
    return None if view is None else price_chart(view.frame)
