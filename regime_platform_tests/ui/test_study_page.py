"""The page of a study, opened from disk: readable on a screen and on a phone, by eye and by ear."""

from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
import polars as pl
import pytest
from playwright.sync_api import Browser, expect

from regime_platform.errors import ResultsError
from regime_platform.report.study.page import study_page
from regime_platform.studies.result import Column, LeftOut, StudyTable, Unit
from regime_platform_tests.report.study.reports import TABLE, study_report, symbol_study
from regime_platform_tests.ui.page_checks import PHONE, WIDE, checked_page

pytestmark = [pytest.mark.ui, pytest.mark.timeout(600)]

_QUANTILES = ("q05", "q25", "q50", "q75", "q95", "mean")


def _tests_table() -> StudyTable:
    """What boxes are drawn from."""
    rows = pl.DataFrame(
        {
            "outcome": ["forward return"] * 2,
            "group": ["HIGH", "trending bull"],
            **{name: [share, share * 2] for name, share in zip(_QUANTILES, _SHARES, strict=True)},
        }
    )
    texts = [Column(name, name, Unit.TEXT) for name in ("outcome", "group")]
    numbers = [Column(name, name, Unit.PERCENT) for name in _QUANTILES]
    return StudyTable("tests", "Distributions", (*texts, *numbers), rows, is_detail=True)


_SHARES = np.linspace(-0.05, 0.08, len(_QUANTILES)).tolist()


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The page of a symbol, and that of two: what they say together, a row and a part each."""
    drawn = replace(symbol_study("AAA"), tables=(TABLE, _tests_table()))
    left = LeftOut("CCC", ResultsError("CCC has too few 1day bars for a state"))
    reports = {
        "one": study_report(drawn),
        "two": study_report(drawn, symbol_study("BBB"), left_out=(left,)),
    }
    folder = tmp_path_factory.mktemp("study")
    for name, report in reports.items():
        (folder / f"{name}.html").write_text(study_page(report))
    return {name: folder / f"{name}.html" for name in reports}


@pytest.mark.parametrize("name", ["one", "two"])
@pytest.mark.parametrize(("width", "scheme"), [(WIDE, "light"), (PHONE, "dark")])
def test_the_page_is_sound_and_shows_the_pictures_of_its_width(  # noqa: PLR0917
    browser: Browser,
    pages: dict[str, Path],
    tmp_path: Path,
    name: str,
    width: int,
    scheme: Literal["dark", "light"],
) -> None:
    with checked_page(browser, pages[name], width, tmp_path, scheme=scheme) as watched:
        page = watched.page
        for part in page.locator("summary").all():
            part.click()

        expect(page.get_by_role("region", name="AAA: Distributions")).to_be_visible()
        visible = page.get_by_role("img").all()
        assert len(visible) == (2 if name == "one" else 4)
        for picture in visible:
            box = picture.bounding_box()
            assert picture.get_attribute("width") == ("760" if width == WIDE else "350")
            assert box is not None
            assert box["x"] + box["width"] <= width
