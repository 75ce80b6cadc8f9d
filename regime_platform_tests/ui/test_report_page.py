"""The page of a symbol in a browser: drawn, by pointer, touch and keyboard, dark and light."""

import datetime as dt
import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from regime_platform.pipeline.run import run_symbols
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.report.page import symbol_page
from regime_platform_tests.builders import make_bars
from regime_platform_tests.scenario import serve, street
from regime_platform_tests.ui.page_checks import PHONE, WIDE, checked_page

pytestmark = [pytest.mark.ui, pytest.mark.timeout(600)]

NOW = dt.datetime(2026, 11, 20, 22, 30, tzinfo=dt.UTC)
#: How many pixels of the panes have a colour that is not a shade of grey.
COLOURED = """() => {
  let count = 0;
  for (const canvas of document.querySelectorAll("#chart canvas")) {
    const { width, height } = canvas;
    if (!width || !height) continue;
    const pixels = canvas.getContext("2d").getImageData(0, 0, width, height).data;
    for (let at = 0; at < pixels.length; at += 4) {
      const parts = [pixels[at], pixels[at + 1], pixels[at + 2]];
      if (Math.max(...parts) - Math.min(...parts) > 30) count += 1;
    }
  }
  return count;
}"""

#: The next three frames are drawn.
FRAMES = """async () => {
  for (let count = 0; count < 3; count += 1) await new Promise(requestAnimationFrame);
}"""


@pytest.fixture(scope="module")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a symbol with two timeframes."""
    settings = street(tmp_path_factory.mktemp("report"), ["ALDER"])
    serve(settings, "ALDER", "1day", make_bars(600))
    serve(settings, "ALDER", "1week", make_bars(250, "1week", seed=1))
    workspace = RunWorkspace.open(settings)
    assert all(
        run_symbol.status.is_good
        for run_symbol in run_symbols(workspace, workspace.universe.instruments, NOW)
    )
    alder = workspace.universe.instrument("ALDER")
    made = symbol_page(workspace.root, alder, NOW)
    assert made is not None
    return made.path


def test_on_a_wide_screen_it_is_drawn_and_follows_keys_and_buttons(
    browser: Browser, page_file: Path, tmp_path: Path
) -> None:
    with checked_page(browser, page_file, WIDE, tmp_path) as watched:
        page = watched.page
        _wait(page)
        chart, spoken = page.locator("#chart"), page.locator("#spoken")
        daily = page.evaluate(COLOURED)
        assert daily > 20_000
        expect(page.locator("#note")).to_have_text(re.compile(r"^600 bars\. Escalation is shaded"))
        expect(chart).to_have_attribute("data-drawn", "candles")
        page.get_by_role("button", name="All", exact=True).click()
        expect(page.locator("#span")).to_contain_text("600 bars")
        expect(chart).to_have_attribute("data-drawn", "line")
        chart.focus()
        page.keyboard.press("Home")
        expect(spoken).to_have_text(re.compile(r"^2012-01-02, no regime, close [\d.]+"))
        page.keyboard.press("ArrowRight")
        expect(page.locator("#readout time")).to_have_text("2012-01-03")
        page.keyboard.press("End")
        page.keyboard.press("Shift+ArrowLeft")
        expect(spoken).to_have_text(re.compile(r"^2014-04-04, .+ escalation 0\.\d+ (LOW|MED|HIGH)"))
        for _ in range(3):
            page.keyboard.press("+")
        expect(chart).to_have_attribute("data-drawn", "candles")
        page.keyboard.press("PageUp")
        page.evaluate(FRAMES)
        # the chart has moved below the crosshair
        expect(page.locator("#readout time")).to_have_text(spoken.inner_text()[:10])
        for table, rows in (("runs", 2), ("levels", 7), ("bars", 20)):
            page.locator(f"details[data-table={table}] summary").click()
            expect(page.locator(f"details[data-table={table}] tr").nth(rows - 1)).to_be_visible()
        page.get_by_role("tab", name="1day").press("ArrowRight")
        expect(page.get_by_role("tab", name="1week")).to_have_attribute("aria-selected", "true")
        expect(page.locator("#note")).to_contain_text("250 bars.")
        assert page.evaluate(COLOURED) not in {0, daily}


def test_on_a_dark_phone_a_tap_shows_the_values_of_its_bar(
    browser: Browser, page_file: Path, tmp_path: Path
) -> None:
    with checked_page(browser, page_file, PHONE, tmp_path, scheme="dark") as watched:
        page = watched.page
        _wait(page)
        shown = page.locator("#readout time")
        expect(shown).to_have_text("2014-04-18")
        box = page.locator("#chart").bounding_box()
        assert box is not None
        assert page.evaluate(COLOURED) > 5_000
        expect(page.locator("#chart")).to_have_attribute("data-drawn", "candles")
        page.locator("#chart").tap(position={"x": box["width"] / 3, "y": 120})
        expect(shown).not_to_have_text("2014-04-18")
        opened = page.locator("#bar dd").first.inner_text()
        page.locator("#chart").tap(position={"x": box["width"] / 2, "y": 120})
        expect(page.locator("#bar dd").first).not_to_have_text(opened)


def _wait(page: Page) -> None:
    page.locator("html[data-ready]").wait_for(state="attached")
