"""Still pictures in a browser, in a page and as an image: no text covers another or is cut off."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from markupsafe import Markup
from playwright.sync_api import Browser

from regime_platform.pipeline.run import run_symbol
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.report.picture.picture import data_uri, picture_svg
from regime_platform.report.picture.plot import LARGE, MEDIUM, SMALL
from regime_platform.report.series_chart import SeriesChart, chart_since
from regime_platform.report.views import read_symbol
from regime_platform_tests.builders import make_bars
from regime_platform_tests.conftest import NOW
from regime_platform_tests.scenario import serve, street
from regime_platform_tests.ui.page_checks import WIDTHS, checked_page

pytestmark = [pytest.mark.ui, pytest.mark.timeout(600)]

#: Texts that overlap another or reach over the edge of their picture, in its own pixels.
COVERED = """() => [...document.querySelectorAll("svg")].flatMap((picture) => {
  const edge = picture.viewBox.baseVal;
  const texts = [...picture.querySelectorAll("text")].map((each) =>
    ({ text: each.textContent, box: each.getBBox() }));
  const out = texts.filter(({ box }) => box.x < 0 || box.y < 0 ||
    box.x + box.width > edge.width || box.y + box.height > edge.height);
  const pairs = texts.flatMap((one, at) => texts.slice(at + 1).filter(({ box }) =>
    Math.min(one.box.x + one.box.width, box.x + box.width) - Math.max(one.box.x, box.x) > 1 &&
    // lines of text may touch where no letter does
    Math.min(one.box.y + one.box.height, box.y + box.height) - Math.max(one.box.y, box.y) > 4
  ).map((other) => `${one.text} / ${other.text}`));
  return [...out.map(({ text }) => `${text} is cut off`), ...pairs];
})"""


@pytest.fixture(scope="module")
def chart(tmp_path_factory: pytest.TempPathFactory) -> SeriesChart:
    settings = street(tmp_path_factory.mktemp("pictures"), ["ALDER"])
    bars = make_bars(700)
    serve(settings, "ALDER", "1day", bars.filter(~bars["ts"].is_in(bars["ts"][300:303].implode())))
    workspace = RunWorkspace.open(settings)
    instrument, paths = workspace.find("ALDER")
    run_symbol(workspace, instrument, NOW)
    view = read_symbol(paths, instrument)
    assert view is not None
    return view.charts["1day"]


@pytest.fixture(scope="module")
def page(chart: SeriesChart, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("pictures") / "pictures.html"
    target.write_text(
        Markup(
            "<!doctype html><html lang=en><meta charset=utf-8><title>Pictures</title>"
            "<meta name=viewport content='width=device-width'><main><h1>Pictures</h1>"
            "{}<img style='max-width:100%' alt='ALDER 1day' src='{}'></main></html>"
        ).format(Markup("").join(_pictures(chart)), data_uri(picture_svg(chart))),
        encoding="utf-8",
    )
    return target


def _pictures(chart: SeriesChart) -> Iterator[Markup]:
    candles = chart_since(chart, dt.datetime(2014, 6, 1, tzinfo=dt.UTC))
    assert candles is not None
    for shown in (chart, candles):
        for size in (LARGE, SMALL):
            yield Markup(picture_svg(shown, size))  # noqa: S704 - our own
    prices = pl.col("open", "high", "low", "close")
    for factor in (1e-7, 1e6):
        scaled = replace(chart, bars=chart.bars.with_columns(prices * factor), levels=())
        yield Markup(picture_svg(scaled))  # noqa: S704 - our own
    for metric in ("market_bias", "instability_index"):
        yield Markup(picture_svg(chart, MEDIUM, metric=metric))  # noqa: S704 - our own


@pytest.mark.parametrize("width", WIDTHS)
def test_a_picture_fits_its_page_and_no_text_covers_another(
    browser: Browser, page: Path, tmp_path: Path, width: int
) -> None:
    with checked_page(browser, page, width, tmp_path, scheme="dark") as watched:
        picture = watched.page.locator("img")
        assert picture.evaluate("image => image.complete && image.naturalWidth") == LARGE.width
        assert picture.evaluate("image => image.clientWidth") <= width
        covered = watched.page.evaluate(COVERED)
        assert not covered, "\n".join(covered)
