"""What every page and picture has to fulfil in a browser, on a wide screen and on a phone."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import distribution
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser

from regime_platform_tests.ui.browsing import Watched, strangers, watched_page

WIDE, PHONE = 1280, 390  # pixels
WIDTHS = (WIDE, PHONE)
_AXE = Path(
    str(distribution("axe-playwright-python").locate_file("axe_playwright_python/axe.min.js"))
)
_VIOLATIONS = """async () => {
  const found = await axe.run(document, { resultTypes: ["violations"], preload: false });
  return found.violations.map(({ id, help, nodes }) =>
    `${id}: ${help}: ${nodes.slice(0, 3).map((node) => node.html.slice(0, 200)).join(" | ")}`);
}"""
#: The elements that reach over the right edge, where the page can be scrolled sideways.
_TOO_WIDE = """() => {
  const edge = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= edge) return [];
  return [...document.body.querySelectorAll("*")]
    .filter((each) => each.getBoundingClientRect().right > edge + 1)
    .map((each) => each.outerHTML.slice(0, 120)).slice(0, 5);
}"""


@contextmanager
def checked_page(
    browser: Browser,
    file: Path,
    width: int,
    pictures: Path,
    *,
    scheme: Literal["dark", "light"] = "light",
) -> Iterator[Watched]:
    """The page of a file, opened without a network; at the end its faults are looked for.

    A phone's page is touched instead of pointed at. Faults are complaints on the console, requests
    to elsewhere than the folder of the file, sideways scrolling, and what axe-core finds: contrast,
    names and text alternatives.
    """
    is_phone = width == PHONE
    context = browser.new_context(
        viewport={"width": width, "height": 844 if is_phone else 900},
        color_scheme=scheme,
        has_touch=is_phone,
        is_mobile=is_phone,
        offline=True,
    )
    try:
        with watched_page(context, pictures) as watched:
            watched.page.goto(file.as_uri())
            yield watched
            assert_sound(watched, file.parent.as_uri())
    finally:
        context.close()


def assert_sound(watched: Watched, home: str) -> None:
    """The page as it is now, whose files are all below the address ``home``, has no fault."""
    page = watched.page
    page.add_script_tag(content=_AXE.read_text(encoding="utf-8"))
    faults = {
        "wider than the screen": page.evaluate(_TOO_WIDE),
        "complaints": watched.complaints,
        "requests to elsewhere": strangers(watched, home),
        "violations that axe found": page.evaluate(_VIOLATIONS),
    }
    assert not any(faults.values()), "\n".join(f"{name}: {rows}" for name, rows in faults.items())
