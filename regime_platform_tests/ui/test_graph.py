"""Dagster's UI: the graph, a backfill, failed partitions and their reasons."""

import re

import pytest
from playwright.sync_api import Page, expect

from regime_platform.pipeline.outcomes import Stage
from regime_platform.report.picture.plot import SMALL
from regime_platform_tests.ui.browsing import PATIENCE, Watched, dot, partition, strangers
from regime_platform_tests.ui.conftest import BAD, GOOD, SYMBOLS

pytestmark = [pytest.mark.ui, pytest.mark.timeout(600)]
expect.set_options(timeout=PATIENCE)


def test_the_graph_shows_the_four_assets_in_order(page: Page, address: str) -> None:
    page.goto(f"{address}/asset-groups")
    page.locator("svg").get_by_text("bars", exact=True).wait_for()
    page.locator("button:has([aria-label=settings])").last.click()
    page.get_by_role("menuitem", name="Expand all groups").click()

    names = [page.locator("svg").get_by_text(stage.value, exact=True) for stage in Stage]
    for name in names:
        expect(name).to_be_visible()
    boxes = [name.bounding_box() for name in names]
    places = [box["x"] for box in boxes if box]
    assert places == sorted(places)
    assert len(places) == len(Stage)


def test_a_backfill_launched_by_clicking_ends_with_a_count_for_every_asset(
    page: Page, backfill: str
) -> None:
    page.goto(backfill)

    expect(page.get_by_text("100% completed")).to_have_count(7)
    text = page.locator("body").inner_text()
    for stage in Stage:
        green, red = (4, 0) if stage is Stage.RAW_BARS else (3, 1)
        row = rf"{stage.value}\s+100% completed\s+4\s+0\s+{green}\s+{red}\s"
        assert re.search(row, f"{text}\n"), text


@pytest.mark.usefixtures("backfill")
@pytest.mark.parametrize("stage", [Stage.RAW_BARS, Stage.MANIFESTS])
def test_exactly_the_bad_symbol_is_red_and_all_others_green(
    page: Page, address: str, stage: Stage
) -> None:
    red = set() if stage is Stage.RAW_BARS else {BAD}

    page.goto(f"{address}/assets/{stage.value}?view=partitions")

    expect(page.get_by_text(f"Failed ({len(red)})")).to_be_visible()
    for symbol in SYMBOLS:
        expect(dot(page, symbol, "red" if symbol in red else "green")).to_be_visible()


@pytest.mark.usefixtures("backfill")
def test_a_good_symbol_shows_its_regimes_its_picture_and_no_column_off_the_page(
    watched: Watched, address: str
) -> None:
    page = watched.page
    page.goto(f"{address}/assets/compute_db?view=partitions")
    partition(page, GOOD[0]).click()

    for heading in ("escalation", "score", "bars digest"):
        box = page.get_by_text(heading, exact=True).bounding_box()
        assert box
        assert box["x"] + box["width"] < 1600, f"{heading} is cut off"
    expect(page.get_by_role("cell", name="1week", exact=True).first).to_be_visible()
    page.get_by_text("[Show Markdown]").click()
    picture = page.get_by_role("dialog").get_by_role("img", name=GOOD[0])
    expect(picture).to_be_visible()
    assert picture.evaluate("image => image.complete && image.naturalWidth") == SMALL.width
    assert strangers(watched, address) == []
    assert [complaint for complaint in watched.complaints if complaint.startswith("error")] == []


@pytest.mark.usefixtures("backfill")
def test_the_gate_names_the_bad_symbols_rule_bar_and_remedy_and_passes_the_others(
    page: Page, address: str
) -> None:
    page.goto(f"{address}/assets/validated_bars?view=checks&checkDetail=gate")
    page.get_by_role("tablist").filter(has_text="Execution history").get_by_text(
        "Partitions"
    ).click()

    expect(page.get_by_text("Failed (1)", exact=True)).to_be_visible()
    for symbol in SYMBOLS:
        expect(dot(page, symbol, "red" if symbol == BAD else "green")).to_be_visible()
    partition(page, BAD).click()
    broken = page.get_by_role("row").filter(has_text="high_low_order").filter(has_text="2012-10-08")
    expect(broken.last).to_contain_text("correct the bar at its source")
    expect(page.get_by_role("row").filter(has_text="error").first).to_contain_text("high_low_order")
