"""The index of the report in a browser: words by pointer, tap and keys, and links to pages."""

import datetime as dt
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from regime_platform.orchestration.status.symbols import symbol_checks
from regime_platform.pipeline.board import refresh_board
from regime_platform.pipeline.run import run_symbols
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.report.index.index import write_index
from regime_platform.report.page import symbol_page
from regime_platform_tests.builders import make_bars
from regime_platform_tests.scenario import serve, street, with_value
from regime_platform_tests.ui.page_checks import PHONE, WIDE, checked_page

pytestmark = [pytest.mark.ui, pytest.mark.timeout(600)]

NOW = dt.datetime(2026, 11, 25, 12, tzinfo=dt.UTC)
_GOOD, _BAD = ("ALDER", "BIRCH", "CEDAR"), "ELM"


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The index of four symbols, one of which the gate blocks and one of which has a page."""
    settings = street(tmp_path_factory.mktemp("report"), (*_GOOD, _BAD))
    for seed, symbol in enumerate((*_GOOD, _BAD)):
        daily = make_bars(600, seed=seed)
        bars = with_value(daily, 200, high=1.0) if symbol == _BAD else daily
        serve(settings, symbol, "1day", bars)
    workspace = RunWorkspace.open(settings)
    instruments = workspace.universe.instruments
    refresh_board(workspace, list(run_symbols(workspace, instruments, NOW)))
    page = symbol_page(workspace.root, workspace.universe.instrument("BIRCH"), NOW)
    assert page is not None
    rows = symbol_checks(workspace, NOW)
    return write_index(workspace, rows, NOW, workspace.root.report).path


def test_keys_and_pointer_show_the_words_of_a_cell_and_the_shares_of_a_date(
    browser: Browser, index: Path, tmp_path: Path
) -> None:
    with checked_page(browser, index, WIDE, tmp_path) as watched:
        page, words = watched.page, watched.page.locator("#words")
        cells = page.locator("#map button.cell")
        expect(words).to_be_empty()
        cells.first.focus()
        expect(words).to_contain_text("ALDER 1day: ")
        page.keyboard.press("ArrowRight")
        expect(words).to_contain_text("BIRCH 1day: ")
        page.keyboard.press("End")
        expect(words).to_contain_text("ELM 1day: ")
        expect(cells.first).to_have_attribute("tabindex", "-1")
        cells.nth(2).hover()
        expect(words).to_contain_text("CEDAR 1day: ")

        year = page.locator("figure.breadth").first
        year.locator("input").focus()
        page.keyboard.press("ArrowLeft")
        expect(year.locator("output")).to_contain_text("3 symbols")
        before = year.locator("output").inner_text()
        year.locator(".plot").hover(position={"x": 40, "y": 40})
        expect(year.locator("output")).not_to_have_text(before)

        page.locator("#board select[data-filter=regime]").select_option(index=1)
        page.locator("#map").get_by_role("link", name="BIRCH").click()
        expect(page).to_have_url((index.parent / "BIRCH.html").as_uri())
        page.go_back()


def test_a_tap_shows_the_words_on_a_phone_in_the_dark(
    browser: Browser, index: Path, tmp_path: Path
) -> None:
    with checked_page(browser, index, PHONE, tmp_path, scheme="dark") as watched:
        page = watched.page
        page.locator("#map button.cell").nth(1).tap()
        expect(page.locator("#words")).to_contain_text("BIRCH 1day: ")
        page.get_by_role("link", name="blocked").tap()
        expect(page.locator("#problems")).to_be_in_viewport()
        expect(page.locator("#problems")).to_contain_text("ELM: 1day: high_low_order rejected")
        page.locator("#coverage summary").first.scroll_into_view_if_needed()
        page.locator("#coverage button.cell").first.tap()
        expect(page.locator("#words")).to_contain_text("2026-01: 0 of 60 bars")
