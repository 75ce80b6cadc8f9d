"""Charts as a notebook shows them, and as files."""

from dataclasses import dataclass
from pathlib import Path

from regime_platform.api.arguments import path_of
from regime_platform.errors import ConfigError
from regime_platform.files import write_bytes
from regime_platform.model.instants import iso
from regime_platform.report.html import render
from regime_platform.report.picture.picture import data_uri, picture_svg
from regime_platform.report.series_chart import SeriesChart
from regime_platform.report.single_chart import SingleChart


@dataclass(frozen=True, repr=False)
class Chart:
    """The chart of one symbol: a picture in a notebook, a page or a picture as a file.

    ``.series`` is what the picture shows, as data: bars, runs of regimes, levels, markers.
    """

    single: SingleChart
    metric: str = ""

    @property
    def series(self) -> SeriesChart:
        """What the picture shows."""
        return self.single.shown

    def save(self, path: Path | str) -> Path:
        """Writes a page (.html, to zoom and to read values) or a picture (.svg, .png).

        Raises:
            UsageError: the name ends in none of these.
            ConfigError: the extra ``charts`` is not installed, which all but SVG need.
        """
        target = path_of(path, "path")
        try:
            # a page shows the values of every metric and draws none
            data = self.single.data(target, "" if target.suffix == ".html" else self.metric)
        except ModuleNotFoundError as error:
            remedy = "install the extra charts: pip install 'regime-platform[charts]'"
            raise ConfigError(
                f"{error.name} is not installed; {remedy}", code="extra-missing"
            ) from error
        write_bytes(target, data)
        return target

    def __repr__(self) -> str:
        """One line."""
        series, opens = self.series, self.series.bars["ts"]
        span = f"{len(opens):,} bars, {iso(opens[0])} to {iso(opens[-1])}"
        return f"chart of {series.symbol} {series.timeframe}: {span}"

    def _repr_html_(self) -> str:
        # as an image, so that its styles do not reach those of the notebook
        image = data_uri(picture_svg(self.series, metric=self.metric))
        return render("chart_image.html", image=image, text=f"{self!r}. {self.series.note}")
