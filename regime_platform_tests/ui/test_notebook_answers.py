"""What a notebook shows of answers, in a browser: explanation, chart and board."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

import regime_platform as rp
from regime_platform.pipeline.board import refresh_board
from regime_platform.pipeline.run import run_symbols
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform_tests.builders import make_bars
from regime_platform_tests.conftest import NOW
from regime_platform_tests.scenario import serve, street
from regime_platform_tests.ui.page_checks import WIDTHS, checked_page

pytestmark = [pytest.mark.ui, pytest.mark.timeout(600)]

_NOTEBOOK = """<!doctype html><html lang=en><meta charset=utf-8><title>Notebook</title>
<meta name=viewport content='width=device-width'><body><main><h1>Notebook</h1>{}</main></body>"""


@pytest.fixture(scope="module")
def notebook(tmp_path_factory: pytest.TempPathFactory) -> Path:
    settings = street(tmp_path_factory.mktemp("notebook"), ["ALDER", "BIRCH"])
    for seed, symbol in enumerate(("ALDER", "BIRCH")):
        serve(settings, symbol, "1day", make_bars(700, seed=seed))
    workspace = RunWorkspace.open(settings)
    refresh_board(workspace, list(run_symbols(workspace, workspace.universe.instruments, NOW)))
    target = tmp_path_factory.mktemp("notebook") / "notebook.html"
    target.write_text(_NOTEBOOK.format("".join(_shown(rp.Store(settings)))), encoding="utf-8")
    return target


def _shown(store: rp.Store) -> Iterator[str]:
    last = store.state("ALDER", now=NOW)["ts"][0]
    for answer in (
        store.explain("ALDER", "1day", last, now=NOW),
        store.chart("ALDER", "1day", metric="vrs", now=NOW),
        store.board_page(now=NOW),
    ):
        yield answer._repr_html_()


@pytest.mark.parametrize("width", WIDTHS)
def test_answers_fit_a_notebook_and_the_board_sorts(
    browser: Browser, notebook: Path, tmp_path: Path, width: int
) -> None:
    with checked_page(browser, notebook, width, tmp_path) as watched:
        board = watched.page.frame_locator("iframe")
        board.get_by_role("button", name="symbol").click()
        board.get_by_role("button", name="symbol").click()

        assert board.locator("tbody tr").first.inner_text().startswith("BIRCH")
        assert watched.page.locator("img").evaluate("image => image.naturalWidth") > 0
        # axe sends messages to frames, which those of files refuse; this page has its own test
        watched.page.locator("iframe").evaluate("frame => frame.remove()")
