"""A picture is well-formed, says what it shows, and is the same for the same data."""

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import replace
from urllib.parse import unquote
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

import numpy as np
import polars as pl
import pytest
import resvg_py

from regime_platform.errors import UsageError
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.report.picture import png
from regime_platform.report.picture.picture import Theme, data_uri, picture_svg
from regime_platform.report.picture.plot import SMALL, Plot
from regime_platform.report.picture.small import small_picture
from regime_platform.report.series_chart import Marker, SeriesChart, chart_since
from regime_platform.report.views import read_symbol
from regime_platform_tests.error_codes import raises

_SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def chart(processed: RunWorkspace) -> SeriesChart:
    instrument, paths = processed.find("MSFT")
    view = read_symbol(paths, instrument)
    assert view is not None
    return view.charts["1day"]


def _texts(svg: str, element: str = "text") -> list[str]:
    root = ET.fromstring(svg)  # noqa: S314 - our own
    return [each.text or "" for each in root.iter(f"{_SVG}{element}")]


def test_a_picture_names_series_state_era_years_and_edges(chart: SeriesChart) -> None:
    svg = picture_svg(chart)
    texts = _texts(svg)

    for text in (
        "MSFT 1day",
        "era 2 of 3, last bar 2013-03-01, close 27.95",
        "escalation 0.09 LOW",
        "era 2 of 3",
        *("2002", "2012", "0.60", "0.85", "trending bull", "escalation low", "split 2:1"),
        "immature rank",
    ):
        assert text in texts, text
    assert any(re.fullmatch(r"S1 [\d.]+", text) for text in texts)
    assert _texts(svg, "title")[0] == "MSFT 1day"
    (described,) = _texts(svg, "desc")
    assert "Adjusted for splits: split 2:1 on 2003-02-18" in described
    assert picture_svg(chart) == svg


def test_the_state_is_that_of_the_last_bar_and_since_when_it_is(chart: SeriesChart) -> None:
    opens = chart.bars["ts"].to_list()
    run = chart.runs.filter(bars=pl.col("bars").max()).row(0, named=True)
    middle = opens.index(run["start"]) + run["bars"] // 2

    part = chart_since(chart, opens[middle - 2], opens[middle + 1])

    assert part is not None
    assert part.bars.height == 3
    words = run["regime_label"].lower().replace("_", " ")
    since = f"{words} since {run['start']:%Y-%m-%d}, {run['bars'] // 2 + 1:,} bars"
    assert since in _texts(picture_svg(part))
    assert "transition since 2013-03-01, 1 bar" in _texts(picture_svg(chart))


def test_a_mark_of_many_bars_has_the_bucket_of_its_highest_rank(chart: SeriesChart) -> None:
    shown = picture_svg(chart, SMALL)

    heights = {}
    base = 44.0  # pixels of the panel: the percentile times this is the height of a stem
    for bucket, path in re.findall(r"class='stem (\w+)' d='([^']+)'", shown):
        heights[bucket] = [float(each) / base for each in re.findall(r"v(\d+)", path)]
    assert set(heights) == {"LOW", "MED", "HIGH"}
    assert max(heights["LOW"]) <= 0.6 + 1 / base
    assert 0.6 - 1 / base <= min(heights["MED"]) <= max(heights["MED"]) <= 0.85 + 1 / base
    assert min(heights["HIGH"]) >= 0.85 - 1 / base


def test_few_bars_are_candles(chart: SeriesChart) -> None:
    few = chart_since(chart, dt.datetime(2012, 12, 1, tzinfo=dt.UTC))
    assert few is not None

    svg = picture_svg(few)

    bodies = re.findall(r"class='(?:rising|falling)' d='([^']*)'", svg)
    assert sum(path.count("z") for path in bodies) == few.bars.height
    assert "class='range'" not in svg
    assert {"Jan", "2012", "2013"} <= set(_texts(svg))
    assert not any("a mark" in text for text in _texts(svg))
    assert chart_since(chart, dt.datetime(2030, 1, 1, tzinfo=dt.UTC)) is None


def test_markers_are_counted_and_their_texts_are_no_markup(chart: SeriesChart) -> None:
    opens: Sequence[dt.datetime] = chart.bars["ts"].to_list()
    reason = "excluded by ann: a </path> & worse (override 1)"
    markers = (
        *(Marker("gap", opens[row], None, "1 session missing", "lost") for row in range(500, 900)),
        Marker("excluded", opens[100], None, "excluded", reason),
    )

    svg = picture_svg(replace(chart, markers=markers))

    titles, texts = _texts(svg, "title"), _texts(svg)
    assert f"excluded: {reason}" in titles
    assert {"400 gaps", "1 excluded"} <= set(texts)
    gaps = [int(match[1]) for title in titles if (match := re.match(r"(\d+) gaps", title))]
    assert sum(gaps) == 400
    assert len(gaps) < 15


def test_a_metric_is_drawn_with_the_edges_of_rules(chart: SeriesChart) -> None:
    texts = _texts(picture_svg(chart, metric="market_bias"))

    assert {"market bias", "≥ 0.55 trending bull"} <= set(texts)
    (curve,) = re.findall(r"class='curve' d='([^']+)'", picture_svg(chart, SMALL, metric="cms"))
    plot = Plot(chart.bars, SMALL, 0, 430)
    lasts, lowest, highest = plot.values("cms")
    assert curve.count("v") > 200  # strokes from lowest to highest
    assert np.nanmin(lowest) == chart.bars["cms"].min()
    assert np.nanmax(highest) == chart.bars["cms"].max()
    assert lasts[-1] == chart.bars["cms"][-1]
    with raises(UsageError, "no-such-metric", match="did you mean market_bias"):
        picture_svg(chart, metric="market_bia")


def test_colours_follow_the_viewer_unless_a_theme_is_chosen(chart: SeriesChart) -> None:
    auto, light, dark = (picture_svg(chart, theme=theme) for theme in Theme)

    assert "prefers-color-scheme: dark" in auto
    assert "prefers-color-scheme" not in light + dark
    assert "#ffffff" in light
    assert "#ffffff" not in dark


def test_the_picture_in_dagster_is_small_and_has_axes_dates_and_a_legend(
    processed: RunWorkspace,
) -> None:
    svg = small_picture(processed.root.symbol("MSFT"))
    assert svg is not None
    address = data_uri(svg)

    assert {"MSFT 1day", "2004", "0.85", "trending bull", "era 2 of 3"} <= set(_texts(svg))
    assert len(address) < 11_500
    assert not set(address) & set(' ()<>"\n')
    head, _, body = address.partition(",")
    assert head == "data:image/svg+xml"
    assert unquote(body) == svg.replace("\n", "")
    assert small_picture(processed.root.symbol("FB")) is None


def test_a_png_has_a_font_on_every_machine(
    chart: SeriesChart, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = chart_since(chart, dt.datetime(2013, 2, 1, tzinfo=dt.UTC))
    assert few is not None
    drawn = png.picture_png(few, SMALL, zoom=1)
    assert drawn.startswith(b"\x89PNG\r\n\x1a\n")
    assert int.from_bytes(drawn[16:20]) == SMALL.width
    letters = {*"".join(_texts(picture_svg(few, metric="market_bias")))} - {" "}
    assert len(letters) > 30
    assert "\u4e2d" not in letters  # no letter of this font
    unknown = _letter("\u4e2d")
    assert [letter for letter in letters if _letter(letter) == unknown] == []
    monkeypatch.setattr(png, "font_files", list)
    assert len(png.picture_png(few, SMALL, zoom=1)) < len(drawn) / 1.5  # no text is left


def _letter(letter: str) -> bytes:
    text = escape(letter)
    return bytes(
        resvg_py.svg_to_bytes(
            svg_string=f"<svg xmlns='{_SVG[1:-1]}' width='20' height='20'>"
            f"<text x='2' y='15'>{text}</text></svg>",
            skip_system_fonts=True,
            font_files=png.font_files(),
            font_family="Open Sans",
        )
    )
