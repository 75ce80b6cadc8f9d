"""Starts a headless Chromium and records errors of its pages."""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Locator,
    Page,
    sync_playwright,
)

#: Milliseconds for whatever a page has to do; most of it takes one second.
PATIENCE = 60_000
_QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@dataclass
class Watched:
    """A page, what it asked for and what it complained about."""

    page: Page
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)


@contextmanager
def chromium() -> Iterator[Browser]:
    """The machine's Chromium."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    assert path, "no Chromium on this machine: apt-get install chromium, or run `make test-ui`"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(_QUIET))
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def profile(
    browser: Browser, *, width: int = 1600, offline: bool = False
) -> Iterator[BrowserContext]:
    """A fresh profile; its pages share a cache, so that the UI's scripts are read once."""
    context = browser.new_context(viewport={"width": width, "height": 1000}, offline=offline)
    try:
        yield context
    finally:
        context.close()


@contextmanager
def watched_page(context: BrowserContext, pictures: Path) -> Iterator[Watched]:
    """A page of a profile; a failure keeps a screenshot and reports its path."""
    watched = Watched(context.new_page())
    page = watched.page
    page.set_default_timeout(PATIENCE)
    page.on("request", lambda request: watched.requests.append(request.url))
    page.on("pageerror", lambda error: watched.complaints.append(str(error)))
    page.on("console", lambda message: _note(watched, message))
    try:
        yield watched
    except BaseException as error:
        error.add_note(f"screenshot: {picture_of(page, pictures)}")
        raise
    finally:
        page.close()


def launch(page: Page, symbols: Sequence[str], button: str) -> None:
    """On a page of the graph: all its assets for some symbols; ends on the page of what began."""
    page.get_by_role("button", name="Materialize all").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_text("Select a partition or create one").click()
    for symbol in symbols:
        page.get_by_role("menuitem", name=symbol).click()
    page.keyboard.press("Escape")
    dialog.get_by_role("button", name=button).click()
    page.get_by_text("View", exact=True).click()  # in the note that it was launched


def dot(page: Page, symbol: str, colour: str) -> Locator:
    """The mark of a symbol in a list of partitions, where it has this colour."""
    mark = f"div[data-tooltip='{symbol}'] + div[style*=border-radius][style*='{colour}']"
    return page.locator(mark)


def partition(page: Page, symbol: str) -> Locator:
    """The line of a symbol in a list of partitions."""
    return page.locator(f"div[data-tooltip='{symbol}']:has(+ div[style*=border-radius])")


def picture_of(page: Page, folder: Path) -> Path:
    """A picture of the page as it is now."""
    target = folder / "failed.png"
    page.screenshot(path=target)
    return target


def strangers(watched: Watched, home: str) -> list[str]:
    """The requests that went elsewhere than ``home``."""
    return [url for url in watched.requests if not url.startswith((home, "data:", "blob:"))]


def _note(watched: Watched, message: ConsoleMessage) -> None:
    if message.type in {"error", "warning"}:
        watched.complaints.append(f"{message.type}: {message.text}")
