"""The small chart of a symbol for Dagster's metadata; imports no plotting library."""

from regime_platform.report.reading import (
    ChartWorkspace,
    preferred_timeframe,
    read_latest,
    read_series,
    timeframes_with_state,
)
from regime_platform.report.small_chart import price_chart


def small_chart_png(workspace: ChartWorkspace, symbol: str) -> bytes | None:
    """A PNG of about 2 kB of the timeframe that a page shows first.

    None where the symbol has no results.
    """
    paths = workspace.root.symbol(workspace.universe.instrument(symbol).symbol)
    timeframes = timeframes_with_state(read_latest(paths))
    if not timeframes:
        return None
    view = read_series(paths, preferred_timeframe(timeframes), ["regime_label"])
    return None if view is None else price_chart(view.frame)
