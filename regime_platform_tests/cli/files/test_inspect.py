"""`regime files inspect`: what is understood, as text and JSON; nothing is written."""

import shlex
from pathlib import Path

import pytest

from regime_platform_tests.builders import make_bars
from regime_platform_tests.cli.conftest import Regime, document_of


def test_a_clear_file_is_shown_with_the_command_that_adds_it(
    regime: Regime, tmp_path: Path
) -> None:
    make_bars(100).write_csv(tmp_path / "a b_1day.csv")

    ended = regime("files", "inspect", "a b_1day.csv", "--class", "US_EQUITY", "--symbol", "x")

    assert ended.code == 0
    assert "timeframe" in ended.out
    assert "2012-01-02" in ended.out
    assert "X 1day: 100 bars, 2012-01-02T00:00:00Z to" in ended.err
    assert list(tmp_path.iterdir()) == [tmp_path / "a b_1day.csv"]
    command = ended.out.splitlines()[-1]
    assert command == "regime files add 'a b_1day.csv' --symbol x --class US_EQUITY"
    assert regime(*shlex.split(command)[1:]).code == 0


@pytest.mark.slow
def test_what_is_unclear_is_in_the_command_with_its_choices(regime: Regime, tmp_path: Path) -> None:
    bars = make_bars(100).rename({"ts": "Date", "close": "Close"})
    bars.with_columns(bars["Close"].alias("Adj Close") / 2).write_csv(tmp_path / "A.csv")

    ended = regime("files", "inspect", "A.csv", "--class", "US_EQUITY", "--json")

    document = document_of(ended)
    facts = {fact["key"]: fact for fact in document["files"][0]["facts"]}
    assert ended.code == 1
    assert facts["columns"]["choices"] == ["{close: Close}", "{close: Adj Close}"]
    assert facts["class"]["choices"] == []
    assert document["command"] == ""
    template = "regime files add A.csv --class US_EQUITY --set columns=COLUMNS"
    assert document["template"] == template
    text = regime("files", "inspect", "A.csv", "--class", "US_EQUITY")
    assert "give --set 'columns={close: Close}' or --set" in text.out
    assert "replace the words in capitals" in text.err
    assert text.out.splitlines()[-1] == template


def test_several_files_have_a_line_each(regime: Regime, tmp_path: Path) -> None:
    make_bars(100).write_csv(tmp_path / "A.csv")
    (tmp_path / "B.csv").write_text("not\nbars\n")

    ended = regime("files", "inspect", str(tmp_path), "--class", "US_EQUITY")

    assert ended.code == 3
    lines = {line.split()[0]: line for line in ended.out.splitlines() if ".csv" in line}
    assert "clear" in lines["A.csv"]
    assert "clear" not in lines["B.csv"]
    assert "regime files add" not in ended.out
