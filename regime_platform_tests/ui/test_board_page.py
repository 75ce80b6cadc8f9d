"""The page of a board, opened from disk: it sorts and filters, by keyboard and by touch."""

import datetime as dt
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from regime_platform.query.board import board, series_board
from regime_platform.report.board_page import board_page
from regime_platform_tests.boards import LAST, made_board
from regime_platform_tests.ui.page_checks import PHONE, WIDE, checked_page

pytestmark = [pytest.mark.ui, pytest.mark.timeout(600)]

NOW = dt.datetime(2026, 11, 25, 12, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The pages by symbol and by series of the same board."""
    folder = tmp_path_factory.mktemp("board")
    high = {"esc_pctl": 0.93, "escalation_bucket": "HIGH", "bucket_before": "MED"}
    settings = made_board(
        folder / "data",
        {
            ("AAA", "1h"): {"regime_label": "SHOCK"},
            ("AAA", "1day"): {"regime_label": "TRENDING_BULL", "warnings": 3},
            ("BBB", "1day"): {**high, "regime_label": "PANIC_RISK", "held_back": "failed: why"},
            ("BBB", "1week"): {"regime_label": "TRENDING_BEAR"},
            ("CCC", "1day"): {"esc_pctl": 0.7, "escalation_bucket": "MED", "rank_bars": 100},
            ("DDD", "1day"): {"regime_label": None, "regime_before": None, "esc_pctl": None},
            ("EEE", "1day"): {"regime_since": LAST, "esc_pctl": 0.05, "price": 1234.5},
        },
        classes={"EEE": "CRYPTO"},
        core=["AAA"],
    )
    made = {"symbols": board(now=NOW, where=settings), "series": series_board(where=settings)}
    for name, frame in made.items():
        (folder / f"{name}.html").write_text(board_page(frame, NOW))
    return {name: folder / f"{name}.html" for name in made}


def _symbols(page: Page) -> str:
    visible = page.locator("tbody tr:not([hidden]) td:first-child").all_inner_texts()
    return " ".join(text[:3] for text in visible)


def test_keys_sort_and_filter_the_table(
    browser: Browser, pages: dict[str, Path], tmp_path: Path
) -> None:
    with checked_page(browser, pages["symbols"], WIDE, tmp_path) as watched:
        page = watched.page
        assert _symbols(page) == "AAA BBB CCC DDD EEE"
        heading = page.get_by_role("columnheader", name="escalation")
        orders = []
        for _ in range(3):
            heading.get_by_role("button").press("Enter")
            orders.append((heading.get_attribute("aria-sort"), _symbols(page)))

        page.get_by_label("symbol, name or note").fill("bbb why")
        expect(page.get_by_role("status")).to_have_text("1 of 5 rows")
        by_text = _symbols(page)
        page.get_by_label("symbol, name or note").fill("")
        page.get_by_label("changed since").fill(f"{LAST:%Y-%m-%d}")
        by_date = _symbols(page)

    assert orders == [
        ("descending", "BBB CCC AAA EEE DDD"),
        ("ascending", "EEE AAA CCC BBB DDD"),
        ("none", "AAA BBB CCC DDD EEE"),
    ]
    assert (by_text, by_date) == ("BBB", "EEE")


def test_phone_in_the_dark_filters_by_touch(
    browser: Browser, pages: dict[str, Path], tmp_path: Path
) -> None:
    with checked_page(browser, pages["symbols"], PHONE, tmp_path, scheme="dark") as watched:
        page = watched.page
        page.get_by_role("columnheader", name="price").get_by_role("button").tap()
        first = _symbols(page)
        page.get_by_role("combobox", name="class").select_option("CRYPTO")
        by_class = _symbols(page)
        page.get_by_label("bucket").select_option("HIGH")

        expect(page.get_by_role("status")).to_have_text("0 of 5 rows")

    assert (first[:3], by_class) == ("EEE", "EEE")


def test_rows_by_series_name_their_timeframe(
    browser: Browser, pages: dict[str, Path], tmp_path: Path
) -> None:
    with checked_page(browser, pages["series"], PHONE, tmp_path) as watched:
        watched.page.get_by_label("regime").select_option("TRENDING_BEAR")

        expect(watched.page.locator("tbody tr:not([hidden])")).to_contain_text(["1week"])
