"""The page of a symbol: self-contained, reproducible, valid, and drawn without a browser."""

import json
import re
import zlib
from typing import Any

import pytest
import vl_convert

from regime_platform.model.result_schema import ESCALATION_BUCKETS, REGIME_LABELS
from regime_platform.pipeline.platform import RunWorkspace
from regime_platform.report import panels
from regime_platform.report.charts import small_chart_png
from regime_platform.report.drawing import page_html
from regime_platform.report.palette import BUCKET_COLOURS, REGIME_COLOURS, readable
from regime_platform.report.reading import read_symbol


@pytest.fixture(scope="module")
def page(walked: RunWorkspace) -> str:
    """The page of a symbol with two timeframes."""
    view = read_symbol(walked, "MSFT")
    assert view is not None
    return page_html(view, "0" * 64)


def _charts(page: str) -> dict[str, Any]:
    found = re.search(r"const charts = (.*);\n", page)
    assert found is not None
    charts: dict[str, Any] = json.loads(found[1])
    return charts


def test_a_page_needs_no_network(page: str) -> None:
    assert not re.search(r'(src|href)="https?:', page)
    assert "window.vegaEmbed" in page


def test_the_same_results_give_the_same_bytes(page: str, walked: RunWorkspace) -> None:
    view = read_symbol(walked, "MSFT")

    assert view is not None
    assert page_html(view, "0" * 64) == page


def test_a_page_tells_regime_escalation_and_why_per_timeframe(page: str) -> None:
    table = page[page.index("<table>") : page.index("</table>")]

    for told in ("1day", "1week", "transition", "chop risk", "market bias bearish", "2013-03-01"):
        assert told in table


def test_every_bar_of_a_series_is_drawn_up_to_the_limit(page: str, walked: RunWorkspace) -> None:
    charts = _charts(page)

    assert len(charts["1day"]["data"]["bars"]["ts"]) == 3270
    assert charts["1day"]["note"] == "3,270 bars, each drawn."
    assert len(charts["1day"]["data"]["eras"]["start"]) == 1  # 2010-01-01
    synth = read_symbol(walked, "SYNTH")
    assert synth is not None
    long = _charts(page_html(synth, ""))["15min"]
    assert len(long["data"]["bars"]["ts"]) == 3900
    assert "each mark stands for 4" in long["note"]


def test_no_number_of_a_page_looks_ahead(page: str) -> None:
    assert "fwd_absret" not in page
    assert "event_severity" not in page


def test_the_specification_is_one_that_vega_draws(page: str) -> None:
    chart = _charts(page)["1week"]
    rows = {name: _rows(columns) for name, columns in chart["data"].items()}
    rows["strips"] = rows["runs"]
    specification = {**chart["spec"], "datasets": {**chart["spec"]["datasets"], **rows}}

    png = vl_convert.vegalite_to_png(specification)

    assert len(png) > 20_000


def test_without_volume_there_is_no_volume_panel() -> None:
    without = panels.page_chart(has_volume=False)

    assert "hover_volume" not in json.dumps(without)
    assert len(without["vconcat"]) == 5


def test_a_symbol_without_results_has_neither_page_nor_chart(walked: RunWorkspace) -> None:
    assert read_symbol(walked, "FB") is None
    assert small_chart_png(walked, "FB") is None


def test_the_small_chart_is_small_and_a_png(walked: RunWorkspace) -> None:
    png = small_chart_png(walked, "SYNTH")

    assert png is not None
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    assert len(png) < 6_000
    body = png[png.index(b"IDAT") + 4 : png.index(b"IEND") - 8]
    assert len(zlib.decompress(body)) == 160 * (480 + 1)


def test_every_label_and_bucket_has_a_colour_of_its_own() -> None:
    assert set(REGIME_COLOURS) == set(REGIME_LABELS)
    assert set(BUCKET_COLOURS) == set(ESCALATION_BUCKETS)
    assert len(set(REGIME_COLOURS.values())) == len(REGIME_COLOURS)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("MB_BEARISH", "market bias bearish"),
        ("TREND_STRENGTH_HIGH", "trend strength high"),
        ("SHOCK", "shock"),
    ],
)
def test_codes_are_readable(code: str, words: str) -> None:
    assert readable(code) == words


def _rows(columns: dict[str, list[Any]]) -> list[dict[str, Any]]:
    return [
        dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)
    ]
