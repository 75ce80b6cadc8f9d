"""The images of the UI in docs/images: real bars of four symbols, one bar of one of them wrong.

python -m regime_platform_tests.ui.screenshots FOLDER
"""

import sys
import tempfile
from pathlib import Path

import polars as pl
from playwright.sync_api import Page

from regime_platform.orchestration.instance.launch import materialize_symbols
from regime_platform.settings import Settings
from regime_platform.sources.sample.source import SAMPLE_DATA
from regime_platform_tests.scenario import serve, street, with_value
from regime_platform_tests.ui.browsing import chromium, partition, profile, watched_page
from regime_platform_tests.ui.serving import eager_services

BAD, SHOWN = "MSFT", "AAPL"
_SYMBOLS = ("AAPL", "GOOG", "IBM", "MSFT")


def main(folder: Path) -> None:
    """Process the symbols, open the UI, and store an image of each view."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as place:
        settings = _house(Path(place))
        materialize_symbols(settings, _SYMBOLS)
        with (
            eager_services(settings) as address,
            chromium() as browser,
            profile(browser, width=1400) as desk,
            watched_page(desk, Path(place)) as watched,
        ):
            for name, visit in _VISITS.items():
                visit(watched.page, address)
                watched.page.wait_for_load_state("networkidle")
                watched.page.mouse.move(0, 0)
                watched.page.screenshot(path=folder / f"{name}.png", animations="disabled")
                print(folder / f"{name}.png")


def _house(folder: Path) -> Settings:
    settings = street(folder, _SYMBOLS)
    for symbol in _SYMBOLS:
        for timeframe in ("1day", "1week"):
            bars = pl.read_parquet(SAMPLE_DATA / symbol / f"{timeframe}.parquet")
            is_wrong = symbol == BAD and timeframe == "1day"
            serve(
                settings,
                symbol,
                timeframe,
                with_value(bars, 3000, high=1.0) if is_wrong else bars,
            )
    return settings


def _graph(page: Page, address: str) -> None:
    page.set_viewport_size({"width": 1400, "height": 780})
    page.goto(f"{address}/asset-groups")
    page.locator("svg").get_by_text("bars", exact=True).wait_for()
    page.locator("button:has([aria-label=settings])").last.click()
    page.get_by_role("menuitem", name="Expand all groups").click()
    page.keyboard.press("Escape")
    page.get_by_role("menuitem", name="Collapse all groups").wait_for(state="detached")
    page.locator("svg").get_by_text("manifests", exact=True).wait_for()


def _partition(page: Page, address: str) -> None:
    page.set_viewport_size({"width": 1400, "height": 1000})
    page.goto(f"{address}/assets/compute_db?view=partitions&partition={SHOWN}")
    page.get_by_text("score", exact=True).wait_for()


def _chart(page: Page, _address: str) -> None:
    page.set_viewport_size({"width": 1400, "height": 620})
    page.get_by_text("[Show Markdown]").click()
    page.get_by_role("dialog").get_by_role("img", name=SHOWN).wait_for()


def _failed(page: Page, address: str) -> None:
    page.set_viewport_size({"width": 1600, "height": 1000})
    page.goto(f"{address}/assets/validated_bars?view=checks")
    page.get_by_role("tablist").filter(has_text="Execution history").get_by_text(
        "Partitions"
    ).click()
    partition(page, BAD).click()
    page.get_by_text("high_low_order").first.wait_for()


_VISITS = {
    "graph": _graph,
    "partition": _partition,
    "chart": _chart,
    "failed-check": _failed,
}

if __name__ == "__main__":
    main(Path(sys.argv[1]))
