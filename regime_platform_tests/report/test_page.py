"""The page of a symbol: self-contained, reproducible, valid, and written once."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import vl_convert

from regime_platform.compute_db.reader import read_table
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.report.html import render
from regime_platform.report.page import Page, page_html, symbol_page
from regime_platform.report.views import SymbolView, read_symbol
from regime_platform.settings import Settings


def _view(workspace: RunWorkspace, symbol: str) -> SymbolView:
    instrument, paths = workspace.find(symbol)
    view = read_symbol(paths, instrument, workspace.eras)
    assert view is not None
    return view


@pytest.fixture(scope="module")
def page(processed: RunWorkspace) -> str:
    """The page of a symbol with two timeframes."""
    return page_html(_view(processed, "MSFT"), "0" * 64)


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


def test_every_bar_of_a_series_is_drawn_up_to_the_limit(page: str, processed: RunWorkspace) -> None:
    charts = _charts(page)

    assert len(charts["1day"]["data"]["bars"]["ts"]) == 3270
    assert charts["1day"]["note"] == "3,270 bars, each drawn."
    assert len(charts["1day"]["data"]["eras"]["start"]) == 1  # 2010-01-01
    long = _charts(page_html(_view(processed, "SYNTH"), ""))["15min"]
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


@pytest.mark.slow
def test_a_page_is_drawn_again_only_where_its_data_changed(
    processed: RunWorkspace, tmp_path: Path
) -> None:
    shutil.copytree(processed.root.path, tmp_path / "data")
    workspace = RunWorkspace.open(Settings(_env_file=None, REGIME_DATA_ROOT=tmp_path / "data"))

    def written(symbol: str) -> Page | None:
        return symbol_page(workspace.root, workspace.eras, workspace.universe.instrument(symbol))

    first, second = written("MSFT"), written("MSFT")

    assert first is not None
    assert second is not None
    assert (first.is_written, second.is_written) == (True, False)
    assert first.path.read_text().startswith("<!")
    assert written("FB") is None


def test_a_timeframe_with_too_few_bars_for_escalation_says_so(processed: RunWorkspace) -> None:
    latest = read_table(processed.root.symbol("MSFT").compute_db, "latest_state")

    whole = render("state_table.html", states=latest.to_dicts())
    short = render("state_table.html", states=latest.with_columns(esc_pctl=None).to_dicts())

    assert whole.count("<tr>") == latest.height + 1
    assert "not enough bars" not in whole
    assert short.count("not enough bars") == latest.height
