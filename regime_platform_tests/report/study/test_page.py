"""The page of a study shows what the report has, in words, and runs nothing of it."""

import re
from dataclasses import replace

import pytest

from regime_platform.errors import ResultsError
from regime_platform.report.study.page import MOST_WHOLE, overview, study_page
from regime_platform.studies.result import LeftOut, StudyReport
from regime_platform_tests.report.study.reports import (
    NOT_SHOWN,
    SHOWN,
    TABLE,
    TOO_FEW,
    study_report,
    symbol_study,
)


def _text(page: str) -> str:
    body = re.sub(r"<style>.*?</style>", "", page, flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", " ", body).split())


@pytest.fixture(scope="module")
def single() -> StudyReport:
    return study_report(symbol_study())


def test_conclusions_come_first_and_none_weighs_more_than_another(single: StudyReport) -> None:
    page = study_page(single)

    items = re.findall(r"<li([^>]*)>(.*?)</li>", page)
    assert [text for _styles, text in items] == [
        each.statement for each in (SHOWN, NOT_SHOWN, TOO_FEW)
    ]
    assert {styles for styles, _text in items} == {""}
    assert page.index(items[-1][1]) < page.index("<svg") < page.index("<table>")
    assert study_page(single) == page


def test_a_table_has_units_names_and_a_dot_for_what_is_not_known(single: StudyReport) -> None:
    rows = re.findall(r"<tr>(<td.*?)</tr>", study_page(single))

    cells = [re.findall(r"<td([^>]*)>(.*?)</td>", row) for row in rows[:3]]
    assert [[text for _class, text in row] for row in cells] == [
        ["LOW", "12,345", "1.2 %", "+0.10 pp", "0.500", "2001-02-03"],
        ["HIGH", "678", "-0.4 %", "-2.00 pp", "0.012", "2008-10-10"],
        ["panic risk", "9", "·", "·", "·", "·"],
    ]
    assert ["n" in styles for styles, _text in cells[0]] == [False, True, True, True, True, False]


def test_the_page_names_span_options_and_what_was_left_out() -> None:
    left = LeftOut("CCC", ResultsError("too short: <b>120</b> bars"))
    short = LeftOut("DDD", ResultsError("DDD has too few bars"))
    page = study_page(
        study_report(symbol_study("AAA"), symbol_study("BBB"), left_out=(left, short))
    )
    text = _text(page)

    assert "<li>DDD has too few bars</li>" in page
    for words in (
        "2 symbols, 1day",
        "horizon 20 bars, no split, immature ranks left out",
        "3,310 bars, 2000-01-03 to 2013-03-01; 399 left out, whose rank is immature",
        "By symbol: whether moves after HIGH are larger or smaller than after other bars",
    ):
        assert words in text, words
    assert "CCC: too short: &lt;b&gt;120&lt;/b&gt; bars" in page


def test_many_symbols_have_a_row_each_and_no_part_of_their_own() -> None:
    few = [symbol_study(f"S{number}") for number in range(MOST_WHOLE)]

    assert study_page(study_report(*few)).count('class="symbol"') == MOST_WHOLE
    many = study_page(study_report(*few, symbol_study("LAST")))
    assert 'class="symbol"' not in many
    assert "<td>LAST</td>" in many


def test_the_overview_has_a_conclusion_of_every_symbol_corrected_over_them() -> None:
    low = replace(SHOWN, effect=-0.01, p_value=0.003)
    rows = overview(
        [
            symbol_study("AAA", SHOWN, NOT_SHOWN),
            symbol_study("BBB", NOT_SHOWN, low),
            symbol_study("CCC", NOT_SHOWN),
            symbol_study("DDD", replace(SHOWN, windows=9)),
            symbol_study("EEE", replace(SHOWN, p_value=0.04, p_adjusted=0.001)),
        ]
    ).rows

    assert [row[:3] for row in rows] == [
        ["AAA", "larger", "+2.10 pp"],
        ["BBB", "smaller", "-1.00 pp"],
        ["CCC", "·", "·"],
        ["DDD", "too few", "+2.10 pp"],
        ["EEE", "no evidence", "+2.10 pp"],
    ]
    assert {len(row) for row in rows} == {11}
    # over three symbols: p x (1 + 1/2 + 1/3) x 3 / rank
    assert [row[5] for row in rows] == ["0.008", "0.008", "·", "·", "0.073"]


def test_the_overview_is_of_what_most_symbols_can_answer() -> None:
    few = replace(SHOWN, windows=3)
    table = overview([symbol_study("AAA", few, NOT_SHOWN), symbol_study("BBB", few, NOT_SHOWN)])

    assert table.title.startswith("By symbol: whether returns after HIGH")
    assert [row[1] for row in table.rows] == ["no evidence", "no evidence"]


def test_an_empty_table_is_shown_as_such() -> None:
    empty = replace(TABLE, rows=TABLE.rows.clear())
    study = replace(symbol_study(), tables=(empty,))

    assert "By bucket none" in _text(study_page(study_report(study)))
