"""The small picture of a symbol beside its events in Dagster."""

from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.compute_db.reader import reading
from regime_platform.query.explain import eras_of
from regime_platform.report.picture.picture import picture_svg
from regime_platform.report.picture.plot import SMALL
from regime_platform.report.series_chart import series_chart
from regime_platform.report.views import first_shown, read_series


def small_picture(paths: SymbolPaths) -> str | None:
    """SVG of the timeframe that a page shows first; None without results.

    Of the state only the regime is read, and no record of what happened to the bars: 1,600 of them
    are drawn a day.
    """
    if not paths.compute_db.exists():
        return None
    with reading(paths.compute_db) as reader:
        timeframes = reader.table("latest_state", columns=["timeframe"])["timeframe"].to_list()
        eras = eras_of(reader.lineage().recipe)
    if not timeframes:
        return None
    timeframe = first_shown(timeframes)
    bars = read_series(paths, timeframe, ["regime_label"])
    if bars is None or bars.is_empty():
        return None
    return picture_svg(series_chart(paths.symbol, timeframe, bars, eras), SMALL)
