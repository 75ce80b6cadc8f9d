"""The page of a symbol: whole, reproducible, valid, and written once."""

import datetime as dt
import re
import shutil
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from regime_platform.bar_store.canonical import read_in_force
from regime_platform.compute_db.reader import read_table
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.report.html import render
from regime_platform.report.page import Page, page_html, symbol_page
from regime_platform.report.page_data import price_digits
from regime_platform.report.series_chart import NOTES, RECORDS
from regime_platform.report.views import SymbolView, read_symbol
from regime_platform.settings import Settings
from regime_platform_tests.builders import make_bars
from regime_platform_tests.conftest import NOW
from regime_platform_tests.report.unpacking import series_of, unpacked
from regime_platform_tests.scenario import with_value


def _view(workspace: RunWorkspace, symbol: str) -> SymbolView:
    instrument, paths = workspace.find(symbol)
    view = read_symbol(paths, instrument)
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


def test_a_page_that_stands_alone_loads_nothing(page: str) -> None:
    assert not re.search(r"<(script|link|img)[^>]+(src|href)=", page)
    assert "Lightweight Charts™ v5" in page


def test_the_same_results_give_the_same_bytes(page: str, processed: RunWorkspace) -> None:
    assert page_html(_view(processed, "MSFT"), "0" * 64) == page


def test_page_shows_regime_escalation_and_why_per_timeframe(page: str) -> None:
    table = page[page.index("<table") : page.index("</table>")]

    for text in ("1day", "1week", "transition", "chop risk", "market bias bearish", "2013-03-01"):
        assert text in table
    assert re.search(r"after trending bear: .*ended by ", table)


def test_page_names_what_it_does_not_draw_and_that_no_bars_will_come(
    processed: RunWorkspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    instrument, paths = processed.find("EURUSD")
    delisted = instrument.model_copy(update={"delisted": dt.date(2018, 1, 2)})
    in_force = read_in_force(paths, "1h")
    assert in_force is not None
    below = with_value(in_force[1], 5, low=-1.0)
    monkeypatch.setattr(f"{read_symbol.__module__}.read_in_force", lambda *_: (in_force[0], below))
    view = read_symbol(paths, delisted)
    assert view is not None

    text = page_html(view, "")

    assert "<li>delisted since 2018-01-02: no newer bars</li>" in text
    assert "<li>1week: 52 bars; state needs 200</li>" in text
    assert "Not drawn, for a price that is not above 0: 1." in view.charts["1h"].note


def test_page_names_findings(page: str, processed: RunWorkspace) -> None:
    assert "price_jump" not in page
    assert "price_jump 1" in page_html(_view(processed, "AAPL"), "0" * 64)


def test_bars_and_results_are_on_the_page_as_they_are_stored(
    page: str, processed: RunWorkspace
) -> None:
    bars = _view(processed, "MSFT").charts["1day"].bars
    series = series_of(page)["1day"]

    strip, values = unpacked(series["strip"]), unpacked(series["values"])

    assert strip["time"] == bars["ts"].dt.epoch("s").to_list()
    assert strip["regime"] == bars["regime_label"].cast(pl.String).to_list()
    for name in ("open", "high", "low", "close"):
        assert values[name] == pytest.approx(bars[name].to_list(), rel=5e-5)
    assert values["change"][-1] == round(bars["close"][-1] / bars["close"][-2] - 1, 4)
    assert values["volume"] == pytest.approx(bars["volume"].to_list(), rel=0.001)
    assert values["bucket"] == bars["esc_bucket"].cast(pl.String).to_list()
    ranks = bars["esc_pctl"].fill_nan(None).to_list()
    assert values["escalation"] == [
        None if rank is None else pytest.approx(rank, abs=0.00051) for rank in ranks
    ]
    assert values["rankBars"] == bars["rank_bars"].cast(pl.Float64).to_list()
    assert [marker["label"] for marker in series["markers"]] == ["split 2:1", "era 2 of 3"]
    assert "Adjusted for splits: split 2:1 on 2003-02-18" in series["note"]
    assert [level["name"] for level in series["levels"]] == ["S1", "S2", "S3", "R1", "R2", "R3"]
    assert series["reasons"][-1].startswith("after trending bear: ")


def test_what_a_marker_links_to_is_on_the_page(processed: RunWorkspace, page: str) -> None:
    links = {marker["link"] for marker in series_of(page)["1day"]["markers"]}
    with_findings = page_html(_view(processed, "AAPL"), "0" * 64)

    assert links == {RECORDS, ""}  # a split is on record, and nothing else about an era
    for link in (NOTES, RECORDS):
        assert f'id="{link[1:]}"' in with_findings


def test_a_currency_has_no_volume_but_the_size_of_quotes(processed: RunWorkspace) -> None:
    hourly = series_of(page_html(_view(processed, "EURUSD"), ""))["1h"]

    assert hourly["hasVolume"] is False
    assert "volume" not in unpacked(hourly["values"])


@pytest.mark.slow
def test_of_a_long_series_the_last_bars_are_on_the_page(processed: RunWorkspace) -> None:
    view = _view(processed, "SYNTH")
    bars = view.charts["15min"].bars

    short = series_of(page_html(view, "", most=1000))["15min"]
    whole = series_of(page_html(view, "", most=None))["15min"]

    assert unpacked(short["strip"])["time"] == bars["ts"].tail(1000).dt.epoch("s").to_list()
    assert short["peak"] == pytest.approx(bars["close"].head(bars.height - 999).max())
    words = "The last 1,000 of 15,600 bars; `regime chart SYNTH --timeframe 15min` draws all."
    assert short["note"].startswith(words)
    assert whole["strip"]["rows"] == bars.height
    assert whole["note"].startswith("15,600 bars.")


@pytest.mark.parametrize(
    ("scale", "decimals", "digits"),
    [(1.0, 2, 2), (1.0, 4, 3), (0.01, 5, 5), (1e-6, 12, 10), (100.0, 4, 2)],
)
def test_prices_keep_the_decimals_that_are_worth_it(
    scale: float, decimals: int, digits: int
) -> None:
    names = ("open", "high", "low", "close")
    bars = make_bars(300).with_columns((pl.col(names) * scale).round(decimals))

    assert price_digits(bars) == digits


def test_immature_ranks_are_marked_and_in_words(page: str) -> None:
    series = series_of(page)["1day"]
    table = page[page.index("<table") : page.index("</table>")]

    assert 1 in unpacked(series["values"])["immature"]
    words = "Escalation is shaded where its rank is immature, on too few bars: 2001-03-29 until "
    assert words + "2010-01-04, 2010-04-06 until 2010-12-31." in series["note"]
    assert "immature rank</li>" in page
    assert "LOW, ranked on 795 bars of the last of 2 eras with bars</small>" in table
    assert "LOW, ranked on 165 bars of the last of 2 eras with bars: immature</small>" in table


def test_no_number_of_a_page_looks_ahead(page: str) -> None:
    assert "fwd_absret" not in page
    assert "event_severity" not in page


@pytest.mark.slow
def test_a_page_is_drawn_again_only_where_its_data_changed(
    processed: RunWorkspace, tmp_path: Path
) -> None:
    shutil.copytree(processed.root.path, tmp_path / "data")
    workspace = RunWorkspace.open(Settings(_env_file=None, REGIME_DATA_ROOT=tmp_path / "data"))

    def written(symbol: str, source: str = "sample", days: int = 0, **form: bool) -> Page | None:
        now = NOW + dt.timedelta(days=days)
        instrument = workspace.universe.instrument(symbol).changed(source=source)
        return symbol_page(workspace.root, instrument, now, **form)

    first, second = written("MSFT"), written("MSFT", days=30)

    assert first is not None
    assert second is not None
    assert (first.is_written, second.is_written) == (True, False)
    text = first.path.read_text()
    assert text.startswith("<!doctype")
    assert "sample data, never updated: last bar 2013-03-01" in text
    files = re.findall(r'(?:src|href)="((?:static|\.\.)/[^"]+)"', text)
    assert len(files) == 12
    assert all((first.path.parent / name).exists() for name in files)
    assert written("FB") is None
    late = [written("MSFT", "files", days) for days in (0, 0, 30)]
    assert [page is not None and page.is_written for page in late] == [True, False, True]
    text = first.path.read_text()
    assert "1day: last bar 2013-03-01, over 27" in text
    assert "bars missing (due 2026-12-" in text
    alone = written("MSFT", is_self_contained=True)
    assert alone is not None
    assert alone.is_written
    assert "static/" not in alone.path.read_text()
    assert "<code>assets/MSFT/verdict.json</code>" in alone.path.read_text()


def test_a_timeframe_with_too_few_bars_for_escalation_says_so(processed: RunWorkspace) -> None:
    latest = read_table(processed.root.symbol("MSFT").compute_db, "latest_state")
    latest = latest.with_columns(rank_basis=pl.lit(None), why=pl.lit(""))
    whole = render("state_table.html", states=latest.to_dicts())
    short = render("state_table.html", states=latest.with_columns(esc_pctl=None).to_dicts())

    assert whole.count('<tr role="row">') == latest.height + 1
    assert "not enough bars" not in whole
    assert short.count("not enough bars") == latest.height
