"""One browser, one served platform, and one backfill launched by clicking, for all tests here."""

from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from regime_platform.settings import Settings
from regime_platform_tests.builders import make_bars
from regime_platform_tests.scenario import serve, street, with_value
from regime_platform_tests.ui.browsing import (
    PATIENCE,
    Watched,
    chromium,
    launch,
    picture_of,
    profile,
    watched_page,
)
from regime_platform_tests.ui.serving import eager_services

BAD = "CEDAR"
GOOD = ("ALDER", "BIRCH", "ELM")
SYMBOLS = tuple(sorted((*GOOD, BAD)))
#: Symbols of one test each: whom it launches alone, and whose backfill it cancels and resumes.
ALONE = "YEW"
DELAYED = ("OAK", "PINE", "ROWAN")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The machine's Chromium, headless."""
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="session")
def workspace_settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Eight symbols with daily and weekly bars; the high of one daily bar of one is below its low.

    Nothing is fetched yet.
    """
    symbols = (*SYMBOLS, *DELAYED, ALONE)
    settings = street(tmp_path_factory.mktemp("ui"), symbols)
    for seed, symbol in enumerate(symbols):
        daily = make_bars(400, seed=seed)
        serve(
            settings, symbol, "1day", with_value(daily, 200, high=1.0) if symbol == BAD else daily
        )
        serve(settings, symbol, "1week", make_bars(250, "1week", seed=seed))
    return settings


@pytest.fixture(scope="session")
def address(workspace_settings: Settings) -> Iterator[str]:
    """The address of the UI over these settings."""
    with eager_services(workspace_settings) as opened:
        yield opened


@pytest.fixture(scope="session")
def desk(browser: Browser) -> Iterator[BrowserContext]:
    """A profile with a window as wide as most screens."""
    with profile(browser) as opened:
        yield opened


@pytest.fixture
def watched(desk: BrowserContext, tmp_path: Path) -> Iterator[Watched]:
    """A page of the desk."""
    with watched_page(desk, tmp_path) as opened:
        yield opened


@pytest.fixture
def page(watched: Watched) -> Page:
    """The page alone."""
    return watched.page


@pytest.fixture(scope="session")
def backfill(desk: BrowserContext, address: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of the page of a backfill of four symbols, launched by clicking, and finished."""
    with watched_page(desk, tmp_path_factory.mktemp("backfill")) as opened:
        page = opened.page
        page.goto(f"{address}/asset-groups")
        launch(page, SYMBOLS, "Launch backfill")
        page.wait_for_url("**/runs/b/*")
        # the four stages, era_set, snapshot, report; only the column and the status show Failed
        expect(page.get_by_text("100% completed")).to_have_count(7, timeout=PATIENCE)
        expect(page.get_by_text("Failed", exact=True)).to_have_count(2, timeout=PATIENCE)
        return page.url


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A failed test reports the path of the screenshot of its page."""
    report = yield
    arguments = getattr(item, "funcargs", {})
    watched = arguments.get("watched")
    if call.when == "call" and report.failed and watched is not None:
        target = picture_of(watched.page, arguments["tmp_path"])
        report.sections.append(("screenshot", str(target)))
    return report
