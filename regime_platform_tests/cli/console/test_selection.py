"""Symbols of a command: from a file, and as a range."""

import json
from pathlib import Path

from regime_platform.settings import Settings, load_universe
from regime_platform_tests.cli.conftest import Regime


def test_symbols_come_from_a_file_with_comments(
    regime: Regime, three: Settings, tmp_path: Path
) -> None:
    listed = tmp_path / "symbols.txt"
    listed.write_text("# mine\naaa, BBB  # two of them\n")

    ended = regime("run", "--symbols-file", str(listed), "--json", settings=three)

    assert [symbol["symbol"] for symbol in json.loads(ended.out)["symbols"]] == ["AAA", "BBB"]


def test_range_of_symbols_includes_both_ends(regime: Regime, three: Settings) -> None:
    ended = regime("promote", "aaa...bad,AAA", "--json", settings=three)
    wrong = regime("promote", "BBB...AAA", settings=three)

    processed = [symbol["symbol"] for symbol in json.loads(ended.out)["symbols"]]
    assert processed == list(load_universe(three).symbols[:2])
    assert wrong.code == 2
    assert "error[reversed-range]: BBB...AAA" in wrong.err
