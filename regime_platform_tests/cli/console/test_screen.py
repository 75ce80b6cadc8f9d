"""A table can be read on any terminal."""

import pytest

from regime_platform.cli.console.screen import count, print_table


def test_a_reason_can_be_read_on_a_narrow_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "30")
    columns = ("symbol", "timeframe", "provisional", "note")

    print_table(columns, [("SPY", "1day", "0", "needs a key; set it in .env")], folding=("note",))

    assert "SPY 1day: needs a key; set it in .env" in capsys.readouterr().out


@pytest.mark.parametrize("width", [20, 34, 120])
def test_numbers_are_never_cut_and_empty_columns_are_left_out(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    columns = ("symbol", "bars held", "collapsed", "rejected")
    rows = [("SPY", count(16_500_000), count(0), count(2)), ("QQQ", count(7), count(0), count(0))]

    print_table(columns, rows, numbers=columns[1:])

    title, _line, spy, qqq = capsys.readouterr().out.rstrip("\n").split("\n")
    assert ("collapsed" in title) == (width == 120)
    none = ["·"] if width == 120 else []
    assert spy.split() == ["SPY", "16,500,000", *none, "2"]
    assert qqq.split() == ["QQQ", "7", *none, "·"]


def test_a_table_without_rows_keeps_its_titles(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "10")

    print_table(("symbol", "bars held"), [])

    assert "symbol  bars held" in capsys.readouterr().out
