"""Runs launched by clicking: one symbol, a backfill canceled half way, and its rest."""

import re

import pytest
from playwright.sync_api import Page, expect

from regime_platform.bar_store.layout import DataRoot, SymbolPaths
from regime_platform.bar_store.locks import writing
from regime_platform.pipeline.outcomes import Stage
from regime_platform.query.states import state
from regime_platform.report.palette import readable
from regime_platform.settings import Settings
from regime_platform_tests.scenario import fingerprint
from regime_platform_tests.ui.browsing import PATIENCE, dot, launch
from regime_platform_tests.ui.conftest import ALONE, DELAYED

pytestmark = [pytest.mark.ui, pytest.mark.timeout(600)]
expect.set_options(timeout=PATIENCE)


def test_a_symbol_launched_alone_succeeds_and_shows_the_numbers_of_its_results(
    page: Page, address: str, workspace_settings: Settings
) -> None:
    _open_the_pipeline(page, address)
    launch(page, [ALONE], "Launch 1 run")
    page.wait_for_url("**/runs/*")
    expect(page.get_by_text("Success", exact=True)).to_be_visible()

    page.goto(f"{address}/assets/compute_db?view=partitions&partition={ALONE}")

    expect(dot(page, ALONE, "green")).to_be_visible()
    now = state(ALONE, where=workspace_settings)["1day"]
    row = page.get_by_role("row").filter(has_text=readable(now.regime)).filter(has_text="1day").last
    assert now.hazard_score is not None
    expect(row).to_contain_text(f"{now.confidence:.3f}")
    expect(row).to_contain_text(f"{now.escalation_percentile:.3f}")
    expect(row).to_contain_text(str(round(now.hazard_score, 2)))


def test_a_cancelled_backfill_keeps_what_it_did_and_its_resumption_does_only_the_rest(
    page: Page, address: str, workspace_settings: Settings
) -> None:
    first, *rest = DELAYED
    partitions = f"{address}/assets/compute_db?view=partitions"
    _open_the_pipeline(page, address)
    root = DataRoot(workspace_settings.data_root)
    with writing(root.symbol(rest[0])):  # so that the run gets no further than the first symbol
        launch(page, DELAYED, "Launch backfill")
        _await_results(page, root.symbol(first))
        _choose(page, "Cancel backfill")
        page.get_by_role("button", name="Cancel backfill").click()
        expect(page.get_by_text("Canceled", exact=True)).to_be_visible()
        cancelled = page.url
    kept = _written(workspace_settings)
    page.goto(partitions)
    expect(dot(page, first, "green")).to_be_visible()
    for symbol in rest:
        expect(dot(page, symbol, "gray")).to_be_visible()

    page.goto(cancelled)
    _choose(page, "Re-execute from failure")
    page.get_by_text("View", exact=True).click()

    expect(page.get_by_text("100% completed")).to_have_count(len(Stage))
    expect(page.get_by_text("Succeeded", exact=True)).to_have_count(2)  # the column and the status
    text = page.locator("body").inner_text()
    for stage in Stage:
        assert re.search(rf"{stage.value}\s+100% completed\s+2\s+0\s+2\s+0\s", f"{text}\n"), text
    page.goto(partitions)
    for symbol in DELAYED:
        expect(dot(page, symbol, "green")).to_be_visible()
    now = _written(workspace_settings)
    assert kept.items() <= now.items()
    assert {name.split("/")[0] for name in now.keys() - kept.keys()} == set(rest)


def _written(settings: Settings) -> dict[str, str]:
    """The files of all symbols, each with its time and hash; without the locks."""
    files = fingerprint(settings.data_root / "assets").items()
    return {name: text for name, text in files if not name.endswith("/.lock")}


def _open_the_pipeline(page: Page, address: str) -> None:
    page.goto(f"{address}/asset-groups")
    page.locator(".CodeMirror").click()
    page.keyboard.type("tag:per=symbol\n")
    expect(page.locator("svg").get_by_text("eras", exact=True)).to_have_count(0)
    expect(page.locator("svg").get_by_text("bars", exact=True)).to_be_visible()


def _choose(page: Page, item: str) -> None:
    """Out of the menu of a backfill."""
    page.locator("button:has([aria-label=expand_more])").first.click()
    page.get_by_role("menuitem", name=item).click()


def _await_results(page: Page, paths: SymbolPaths) -> None:
    """Waits until a symbol is done; the browser goes on meanwhile."""
    waited = 0
    while not paths.compute_manifest.exists():
        assert waited < PATIENCE, f"{paths.symbol} was never done"
        page.wait_for_timeout(100)
        waited += 100
