"""The page of a symbol, opened from disk in a browser without a network."""

import datetime as dt
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from regime_platform.pipeline.run import run_symbols
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.report.page import symbol_page
from regime_platform_tests.builders import make_bars
from regime_platform_tests.scenario import serve, street
from regime_platform_tests.ui.browsing import Watched, profile, strangers, watched_page

pytestmark = [pytest.mark.ui, pytest.mark.timeout(600)]

NOW = dt.datetime(2026, 11, 20, 22, 30, tzinfo=dt.UTC)
#: How many pixels of the chart have a colour that is not a shade of grey.
COLOURED = """canvas => {
  const copy = document.createElement("canvas");
  [copy.width, copy.height] = [canvas.width, canvas.height];
  const drawn = copy.getContext("2d", { willReadFrequently: true });
  drawn.drawImage(canvas, 0, 0);
  const pixels = drawn.getImageData(0, 0, copy.width, copy.height).data;
  let count = 0;
  for (let at = 0; at < pixels.length; at += 4) {
    const [red, green, blue] = pixels.slice(at, at + 3);
    if (Math.max(red, green, blue) - Math.min(red, green, blue) > 30) count += 1;
  }
  return count;
}"""


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
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
    made = symbol_page(workspace.root, workspace.eras, alder, NOW)
    assert made is not None
    return made.path


@pytest.fixture
def watched(browser: Browser, tmp_path: Path) -> Iterator[Watched]:
    """A page without a network."""
    with (
        profile(browser, width=1300, offline=True) as alone,
        watched_page(alone, tmp_path) as opened,
    ):
        yield opened


def test_it_draws_every_timeframe_without_a_network_and_without_a_complaint(
    watched: Watched, report: Path
) -> None:
    page = watched.page
    page.goto(report.as_uri())
    canvas = page.locator("#chart canvas")

    expect(canvas).to_be_visible()
    expect(page.locator("#note")).to_have_text(
        re.compile(r"^600 bars, each drawn\. Escalation is shaded where")
    )
    daily = canvas.evaluate(COLOURED)
    page.get_by_role("button", name="1week").click()
    expect(page.locator("#note")).to_contain_text("250 bars, each drawn.")
    expect(page.get_by_role("button", name="1week")).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_role("button", name="1day")).to_have_attribute("aria-pressed", "false")
    page.wait_for_function(f"{daily} !== ({COLOURED})(document.querySelector('#chart canvas'))")

    assert daily > 10_000
    assert canvas.evaluate(COLOURED) > 10_000
    assert strangers(watched, "file:") == []
    assert watched.complaints == []


@pytest.mark.parametrize("width", [700, 1300, 1920])
def test_it_fits_the_window(watched: Watched, report: Path, width: int) -> None:
    page = watched.page
    page.goto(report.as_uri())
    expect(page.locator("#chart canvas")).to_be_visible()

    page.set_viewport_size({"width": width, "height": 900})

    page.wait_for_function("document.documentElement.scrollWidth <= window.innerWidth")
    assert _drawn_width(page) > min(width, 1360) - 100
    assert watched.complaints == []


def _drawn_width(page: Page) -> float:
    page.wait_for_timeout(500)  # the chart follows the window after it has come to rest
    width: float = page.locator("#chart canvas").evaluate("canvas => canvas.clientWidth")
    return width
