"""Files of three forms become rows with the fields and lines that they give."""

import pytest

from regime_platform.errors import UsageError
from regime_platform.model.universe.import_files import file_rows, listings
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


def test_listings_may_be_csv() -> None:
    (row,) = listings("symbol,name,mic_code\nIBM,I,XNYS\n", "stocks.csv")

    assert (row.symbol, row.mic_code, row.currency) == ("IBM", "XNYS", "")


@pytest.mark.parametrize("text", ["symbol\nIBM\n", '{"data": ["IBM"]}', '["IBM"]'])
def test_listings_without_markets_are_refused(text: str) -> None:
    with raises(UsageError, "listings-form", match="symbol and mic_code"):
        listings(text, "stocks")


@pytest.mark.parametrize("name", ["Symbol", "symbol", "SYMBOL"])
@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_a_csv_file_is_read_by_the_columns_that_its_header_names(name: str, mark: str) -> None:
    lines = (
        f"{name},Name,Country,mic_code,Currency",
        "# indices",
        "IBM,Machines,US,XNYS,USD",
        ",,,,",
    )
    text = "\n".join(line.replace(",", mark) for line in lines)

    (row,) = file_rows(text.replace(",", mark), "list.csv")

    assert (row.line, row.currency) == (3, "USD")
    assert row.fields == {
        "symbol": "IBM",
        "provider_symbol": "IBM",
        "name": "Machines",
        "mic_code": "XNYS",
    }


def test_a_list_under_a_heading_is_a_table_of_one_column() -> None:
    assert [row.symbol for row in file_rows("symbol\nIBM\nEUR/USD\n", "list.txt")] == [
        "IBM",
        "EURUSD",
    ]


def test_a_quoted_cell_keeps_its_commas_and_its_line() -> None:
    first, second = file_rows('symbol,name\nIBM,"Machines, Inc."\nA,"B"\n', "list.csv")

    assert (first.fields["name"], second.line) == ("Machines, Inc.", 3)


def test_a_header_without_symbols_is_named_with_the_columns_to_give() -> None:
    with raises(UsageError, "no-symbol-column", match="list.csv.*ticker, name.*asset_class"):
        file_rows("Ticker,Name\nIBM,Machines\n", "list.csv")


def test_symbols_that_are_words_of_a_header_are_symbols() -> None:
    assert [row.symbol for row in file_rows("CODE, NAME\nIBM", "list.txt")] == [
        "CODE",
        "NAME",
        "IBM",
    ]
