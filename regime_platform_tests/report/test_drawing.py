"""The page of a symbol: self-contained, reproducible, valid, drawn without a browser."""

import json
import re
from typing import Any

import pytest
import vl_convert

from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.report.drawing import page_html
from regime_platform.report.reading import read_symbol


@pytest.fixture(scope="module")
def page(processed: RunWorkspace) -> str:
    """The page of a symbol with two timeframes."""
    view = read_symbol(processed, "MSFT")
    assert view is not None
    return page_html(view, "0" * 64)


def _charts(page: str) -> dict[str, Any]:
    match = re.search(r"const charts = (.*);\n", page)
    assert match is not None
    charts: dict[str, Any] = json.loads(match[1])
    return charts


def test_a_page_needs_no_network(page: str) -> None:
    assert not re.search(r'(src|href)="https?:', page)
    assert "window.vegaEmbed" in page


def test_the_same_results_give_the_same_bytes(page: str, processed: RunWorkspace) -> None:
    view = read_symbol(processed, "MSFT")

    assert view is not None
    assert page_html(view, "0" * 64) == page


def test_page_shows_regime_escalation_and_reasons_per_timeframe(page: str) -> None:
    table = page[page.index("<table>") : page.index("</table>")]

    for text in ("1day", "1week", "transition", "chop risk", "market bias bearish", "2013-03-01"):
        assert text in table


def test_every_bar_of_a_series_is_drawn_up_to_the_limit(page: str, processed: RunWorkspace) -> None:
    charts = _charts(page)

    assert len(charts["1day"]["data"]["bars"]["ts"]) == 3270
    assert charts["1day"]["note"] == "3,270 bars, each drawn."
    assert len(charts["1day"]["data"]["eras"]["start"]) == 1  # 2010-01-01
    synth = read_symbol(processed, "SYNTH")
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


def _rows(columns: dict[str, list[Any]]) -> list[dict[str, Any]]:
    return [
        dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)
    ]
