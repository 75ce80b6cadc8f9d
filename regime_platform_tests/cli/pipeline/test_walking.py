"""run, promote and compute from outside: tables, JSON and exit codes."""

import json
from pathlib import Path

import pytest

from regime_platform.settings import Settings, load_universe
from regime_platform_tests.builders import make_bars
from regime_platform_tests.cli.conftest import Regime
from regime_platform_tests.scenario import fingerprint, serve, street, with_value

GOOD = make_bars(420, seed=1)
BAD = with_value(make_bars(420, seed=2), 300, low=1e6)


@pytest.fixture
def served(tmp_path: Path) -> Settings:
    """Three symbols from files; BAD has a bar whose low is above its high."""
    settings = street(tmp_path, ["AAA", "BBB", "BAD"])
    for symbol, bars in (("AAA", GOOD), ("BBB", make_bars(150, seed=3)), ("BAD", BAD)):
        serve(settings, symbol, "1day", bars)
    return settings


def test_run_fetches_judges_computes_and_says_so(regime: Regime, served: Settings) -> None:
    ended = regime("run", "aaa", settings=served)

    assert ended.code == 0
    row = next(line for line in ended.out.splitlines() if line.startswith("AAA"))
    assert row.split()[1:6] == ["done", "420", "·", "passed", "400"]
    assert "1 symbol: 1 done" in ended.err


def test_a_second_run_changes_nothing(regime: Regime, served: Settings) -> None:
    regime("run", "AAA", settings=served)
    before = fingerprint(served.data_root)

    ended = regime("run", "AAA", settings=served)

    assert ended.code == 0
    assert "unchanged" in ended.out
    assert fingerprint(served.data_root) == before


def test_one_blocked_symbol_ends_the_run_with_3_and_is_told_first(
    regime: Regime, served: Settings
) -> None:
    ended = regime("run", "--all", settings=served)

    assert ended.code == 3
    body = ended.out.splitlines()[2:]
    assert [line.split()[:2] for line in body] == [
        ["BAD", "blocked"],
        ["AAA", "done"],
        ["BBB", "done"],
    ]
    assert "state needs 200" in ended.out


def test_nothing_but_blocked_symbols_ends_with_1(regime: Regime, served: Settings) -> None:
    assert regime("run", "BAD", settings=served).code == 1


def test_json_is_all_that_comes_to_stdout(regime: Regime, served: Settings) -> None:
    ended = regime("run", "--all", "--json", settings=served)

    facts = json.loads(ended.out)
    assert ended.code == facts["exit_code"] == 3
    assert facts["counts"] == {"blocked": 1, "done": 2}
    by_symbol = {symbol["symbol"]: symbol for symbol in facts["symbols"]}
    assert by_symbol["AAA"]["computed_rows"] == 400
    assert by_symbol["AAA"]["new"] == 420
    assert by_symbol["BAD"]["gate"] == "blocked"
    assert "1day" in by_symbol["BAD"]["reason"]


def test_promote_judges_and_computes_nothing(regime: Regime, served: Settings) -> None:
    regime("run", "AAA", settings=served)

    ended = regime("promote", "AAA", "--json", settings=served)

    facts = json.loads(ended.out)["symbols"][0]
    assert (ended.code, facts["gate"], facts["stage"]) == (0, "passed", "validated_bars")


def test_compute_without_validated_bars_fails_and_says_what_to_run(
    regime: Regime, served: Settings
) -> None:
    ended = regime("compute", "AAA", settings=served)

    assert ended.code == 1
    assert "regime run AAA" in ended.out


def test_force_recomputes_what_has_not_changed(regime: Regime, served: Settings) -> None:
    first = json.loads(regime("run", "AAA", "--json", settings=served).out)

    again = json.loads(regime("compute", "AAA", "--force", "--json", settings=served).out)

    assert again["symbols"][0]["status"] == "done"
    assert again["symbols"][0]["tables"] == first["symbols"][0]["tables"]


def test_symbols_come_from_a_file_with_comments(
    regime: Regime, served: Settings, tmp_path: Path
) -> None:
    listed = tmp_path / "symbols.txt"
    listed.write_text("# mine\naaa, BBB  # two of them\n")

    ended = regime("run", "--symbols-file", str(listed), "--json", settings=served)

    assert [symbol["symbol"] for symbol in json.loads(ended.out)["symbols"]] == ["AAA", "BBB"]


def test_two_symbols_and_dots_mean_all_between_them(regime: Regime, served: Settings) -> None:
    ended = regime("promote", "aaa...bad", "--json", settings=served)
    wrong = regime("promote", "BBB...AAA", settings=served)

    walked = [symbol["symbol"] for symbol in json.loads(ended.out)["symbols"]]
    assert walked == list(load_universe(served).symbols[:2])
    assert wrong.code == 2
    assert "error[reversed-range]: BBB...AAA" in wrong.err


def test_a_long_table_is_cut_and_says_how_to_see_it_whole(regime: Regime, tmp_path: Path) -> None:
    settings = street(tmp_path, [f"S{number:03}" for number in range(50)])

    ended = regime("run", "--all", settings=settings)
    whole = regime("run", "--all", "--all-rows", settings=settings)

    assert ended.code == 1  # none of them has a folder
    assert len(ended.out.splitlines()) == 42
    assert "and 10 more (10 failed); --all-rows" in ended.err
    assert len(whole.out.splitlines()) == 52


@pytest.mark.parametrize("columns", ["80", "120"])
def test_no_line_is_wider_than_the_terminal(
    regime: Regime, served: Settings, monkeypatch: pytest.MonkeyPatch, columns: str
) -> None:
    monkeypatch.setenv("COLUMNS", columns)

    ended = regime("run", "--all", settings=served)

    assert max(map(len, ended.out.splitlines())) <= int(columns)
    assert "\x1b" not in ended.out + ended.err
