"""`regime bars`: show, exclude, accept, list and undo."""

import json
import re
import shlex
from pathlib import Path

import pytest

from regime_platform_tests.builders import make_bars
from regime_platform_tests.cli.conftest import Ended, Regime
from regime_platform_tests.scenario import serve, street, with_value

BARS = make_bars(420, seed=2)
BAD_DAY = str(BARS["ts"][300].date())
NOW = ("--now", "2026-11-22T03:15Z")


@pytest.fixture(autouse=True)
def _served(tmp_path: Path, regime: Regime) -> None:
    """AAA, which one bad bar blocks."""
    settings = street(tmp_path, ["AAA"])
    serve(settings, "AAA", "1day", with_value(BARS, 300, low=1e6))
    assert regime("run", "AAA", *NOW, settings=settings).code == 1


def _exclude(regime: Regime, *more: str) -> Ended:
    return regime("bars", "exclude", "aaa", "1day", BAD_DAY, "--reason", "bad tick", *NOW, *more)


def test_an_excluded_bar_unblocks_and_undo_blocks_again(regime: Regime) -> None:
    made = _exclude(regime, "--by", "ann", "--json")
    assert (made.code, json.loads(made.out)["id"]) == (0, 1)
    assert regime("run", "AAA", *NOW).code == 0
    assert BAD_DAY not in regime("bars", "AAA", "1day", "--last", "130").out

    undone = regime("bars", "undo", "AAA", "1", "--reason", "it was true", "--by", "bob", *NOW)

    assert undone.code == 0
    assert regime("promote", "AAA").code == 1


def test_the_remedy_of_a_blocked_bar_is_the_command_that_unblocks_it(regime: Regime) -> None:
    blocked = regime("promote", "AAA", "--json")

    reason = json.loads(blocked.out)["symbols"][0]["reason"]
    (words,) = re.findall(r"`regime (bars exclude .*?)`", reason)
    assert words == f"bars exclude AAA 1day {BAD_DAY} --reason TEXT"
    assert regime(*shlex.split(words), *NOW).code == 0
    assert regime("promote", "AAA").code == 0


def test_all_bars_that_a_rule_rejects_are_excluded_at_once(regime: Regime) -> None:
    command = ("bars", "exclude-found", "aaa", "high_low_order", "--reason", "torn rows", *NOW)
    regime("bars", "accept", "AAA", "1day", BAD_DAY, "--reason", "true", *NOW)  # not its high

    made = regime(*command, "--timeframe", "1day", "--json")

    assert [(override["id"], override["ts"][:10]) for override in json.loads(made.out)] == [
        (2, BAD_DAY)
    ]
    again = regime(*command)
    assert again.code == 2
    assert "rejected no bar of AAA 1day, 1week that is not excluded already" in again.err
    assert regime("promote", "AAA").code == 0


def test_list_shows_author_time_and_reason(regime: Regime) -> None:
    _exclude(regime, "--by", "ann")
    regime("bars", "undo", "AAA", "1", "--reason", "no", "--by", "bob", *NOW)
    accepted = ("bars", "accept", "AAA", "1day", "2012-01-04", "--rule", "price_jump")
    regime(*accepted, "--reason", "true", "--by", "ann", *NOW)

    rows = json.loads(regime("bars", "list", "--json").out)
    shown = regime("bars", "list", "aaa").out

    assert [(row["kind"], row["by"], row["in_force"]) for row in rows] == [
        ("exclude", "ann", False),
        ("undo", "bob", False),
        ("accept", "ann", True),
    ]
    assert {row["at"] for row in rows} == {"2026-11-22T03:15:00Z"}
    assert "accept price_jump" in shown
    assert "undo 1" in shown


def test_list_without_overrides(regime: Regime) -> None:
    assert "no overrides" in regime("bars", "list").err


def test_author_defaults_to_the_user(regime: Regime) -> None:
    assert json.loads(_exclude(regime, "--json").out)["by"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["exclude", "AAA", "1day", "2012-01-08", "--reason", "x"], "no 1day bar that opens at"),
        (["exclude", "AAA", "1day", "yesterday", "--reason", "x"], "error[bad-time]"),
        (["exclude", "ZZZ", "1day", BAD_DAY, "--reason", "x"], "ZZZ"),
        (["exclude", "AAA", "1day", BAD_DAY, "--reason", " "], "--reason is empty"),
        (["undo", "AAA", "7", "--reason", "x"], "override 7 is not in force"),
        (
            ["accept", "AAA", "1day", BAD_DAY, "--rule", "missing_price", "--reason", "x"],
            "cannot be accepted",
        ),
    ],
)
def test_invalid_arguments_end_with_2(regime: Regime, arguments: list[str], words: str) -> None:
    ended = regime("bars", *arguments)

    assert ended.code == 2
    assert words in ended.err


def test_override_needs_a_reason(regime: Regime) -> None:
    assert regime("bars", "exclude", "AAA", "1day", BAD_DAY).code == 2
