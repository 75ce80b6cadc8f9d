"""The page of a symbol: self-contained, reproducible, valid, and written once."""

import datetime as dt
import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import vl_convert

from regime_platform.compute_db.reader import read_table
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.report.html import render
from regime_platform.report.page import Page, page_html, symbol_page
from regime_platform.report.views import SymbolView, read_symbol
from regime_platform.settings import Settings
from regime_platform_tests.conftest import NOW


def _view(workspace: RunWorkspace, symbol: str) -> SymbolView:
    instrument, paths = workspace.find(symbol)
    view = read_symbol(paths, instrument, workspace.eras)
    assert view is not None
    return view


@pytest.fixture(scope="module")
def page(processed: RunWorkspace) -> str:
    """The page of a symbol with two timeframes."""
    return page_html(_view(processed, "MSFT"), "0" * 64)


def test_a_new_price_basis_is_named(processed: RunWorkspace, page: str) -> None:
    line = "1day: all 1,353 bars before 2024-06-10 were divided by 1.281, seen on 2024-06-11"
    view = replace(_view(processed, "MSFT"), basis=(line,))

    assert f"Price basis, {line}." in page_html(view, "0" * 64)
    assert "Price basis" not in page


def _charts(page: str) -> dict[str, Any]:
    match = re.search(r"const charts = (.*);\n", page)
    assert match is not None
    charts: dict[str, Any] = json.loads(match[1])
    return charts


def test_a_page_needs_no_network(page: str) -> None:
    assert not re.search(r'(src|href)="https?:', page)
    assert "window.vegaEmbed" in page


def test_the_same_results_give_the_same_bytes(page: str, processed: RunWorkspace) -> None:
    assert page_html(_view(processed, "MSFT"), "0" * 64) == page


def test_page_shows_regime_escalation_and_reasons_per_timeframe(page: str) -> None:
    table = page[page.index("<table>") : page.index("</table>")]

    for text in ("1day", "1week", "transition", "chop risk", "market bias bearish", "2013-03-01"):
        assert text in table


def test_page_names_findings(page: str, processed: RunWorkspace) -> None:
    assert "price_jump" not in page
    assert "price_jump 1" in page_html(_view(processed, "AAPL"), "0" * 64)


def test_splits_that_bars_are_adjusted_for_are_marked_and_named(
    page: str, processed: RunWorkspace
) -> None:
    day = _charts(page)["1day"]

    assert day["data"]["splits"] == {"start": [1045526400000], "name": ["split 2:1"]}  # 2003-02-18
    assert "Earlier bars are adjusted for split 2:1 on 2003-02-18." in day["note"]
    assert _charts(page_html(_view(processed, "IBM"), ""))["1day"]["data"]["splits"] == {}


def test_every_bar_of_a_series_is_drawn_up_to_the_limit(page: str, processed: RunWorkspace) -> None:
    charts = _charts(page)

    assert len(charts["1day"]["data"]["bars"]["ts"]) == 3270
    assert charts["1day"]["note"].startswith("3,270 bars, each drawn. ")
    assert len(charts["1day"]["data"]["eras"]["start"]) == 1  # 2010-01-01
    long = _charts(page_html(_view(processed, "SYNTH"), ""))["15min"]
    assert len(long["data"]["bars"]["ts"]) == 3900
    assert "each mark stands for 4" in long["note"]


def test_immature_ranks_are_shaded_with_a_legend_and_in_words(page: str) -> None:
    chart = _charts(page)["1day"]
    table = page[page.index("<table>") : page.index("</table>")]

    shaded = chart["data"]["immature"]
    assert shaded["rank"] == ["immature", "immature"]
    fills = [layer.get("encoding", {}).get("fill") for layer in _layers(chart["spec"])]
    (fill,) = (each for each in fills if each)
    assert fill["legend"] == {"title": "rank"}
    assert fill["scale"]["domain"] == ["immature"]
    words = "Escalation is shaded where its rank is immature, on too few bars: 2001-03-29 until "
    assert words + "2010-01-04, 2010-04-06 until 2010-12-31." in chart["note"]
    assert chart["spec"]["description"] == f"MSFT 1day: {chart['note']}"
    assert "LOW, ranked on 795 bars of the last of 2 eras</small>" in table
    assert "LOW, ranked on 165 bars of the last of 2 eras: immature</small>" in table


def _layers(spec: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for part in (*spec.get("vconcat", ()), *spec.get("layer", ())):
        yield part
        yield from _layers(part)


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


@pytest.mark.slow
def test_a_page_is_drawn_again_only_where_its_data_changed(
    processed: RunWorkspace, tmp_path: Path
) -> None:
    shutil.copytree(processed.root.path, tmp_path / "data")
    workspace = RunWorkspace.open(Settings(_env_file=None, REGIME_DATA_ROOT=tmp_path / "data"))

    def written(symbol: str, source: str = "sample", days: int = 0) -> Page | None:
        now = NOW + dt.timedelta(days=days)
        instrument = workspace.universe.instrument(symbol).changed(source=source)
        return symbol_page(workspace.root, workspace.eras, instrument, now)

    first, second = written("MSFT"), written("MSFT", days=30)

    assert first is not None
    assert second is not None
    assert (first.is_written, second.is_written) == (True, False)
    assert first.path.read_text().startswith("<!")
    assert "sample data, never updated: last bar 2013-03-01" in first.path.read_text()
    assert written("FB") is None
    late = [written("MSFT", "files", days) for days in (0, 0, 30)]
    assert [page is not None and page.is_written for page in late] == [True, False, True]
    text = first.path.read_text()
    assert "1day: last bar 2013-03-01, over 27" in text
    assert "bars missing (due 2026-12-" in text


def test_a_timeframe_with_too_few_bars_for_escalation_says_so(processed: RunWorkspace) -> None:
    latest = read_table(processed.root.symbol("MSFT").compute_db, "latest_state")
    latest = latest.with_columns(rank_basis=pl.lit(None))
    whole = render("state_table.html", states=latest.to_dicts())
    short = render("state_table.html", states=latest.with_columns(esc_pctl=None).to_dicts())

    assert whole.count("<tr>") == latest.height + 1
    assert "not enough bars" not in whole
    assert short.count("not enough bars") == latest.height
