"""Files of three forms become rows with the fields and lines that they give."""

import pytest

from regime_platform.errors import UsageError
from regime_platform.model.universe.import_rows import file_rows
from regime_platform_tests.error_codes import raises


def test_a_plain_list_gives_symbols_as_the_vendor_writes_them() -> None:
    rows = file_rows("IBM, EUR/USD # comment\n\nDAX", "list.txt")

    assert [(row.line, row.symbol, row.fields["provider_symbol"]) for row in rows] == [
        (1, "IBM", "IBM"),
        (1, "EURUSD", "EUR/USD"),
        (3, "DAX", "DAX"),
    ]


def test_a_universe_that_is_broken_is_refused_with_its_code() -> None:
    with raises(UsageError, "universe-form", match=r"^other\.yaml line 1"):
        file_rows("a: 1", "other.yaml")


@pytest.mark.parametrize("entry", ["1", "[1]", "null"])
def test_an_entry_that_is_no_object_is_a_row_with_a_problem(entry: str) -> None:
    (row,) = file_rows(f'{{"assets": [{entry}]}}', "universe.json")

    assert (row.symbol, bool(row.problem)) == ("(none)", True)


@pytest.mark.parametrize("text", ["[1, 2", "{", '[{"a": 1}'])
def test_a_file_that_is_no_json_is_refused_with_the_place(text: str) -> None:
    with raises(UsageError, "not-json", match=r"universe\.json.*line 1"):
        file_rows(text, "universe.json")
