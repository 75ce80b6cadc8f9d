"""`regime bars withdraw`: bars that a file lost at an end are taken back, on record."""

import json
from pathlib import Path

import pytest

from regime_platform.settings import Settings
from regime_platform_tests.builders import make_bars
from regime_platform_tests.cli.conftest import Regime
from regime_platform_tests.scenario import serve, street

BARS = make_bars(420, seed=2)
FIRST, LAST = str(BARS["ts"][0].date()), str(BARS["ts"][1].date())
WITHDRAW = ("bars", "withdraw", "aaa", "1day", FIRST, LAST, "--reason", "never traded")


def _at(hour: int) -> tuple[str, str]:
    return "--now", f"2026-11-22T{hour:02}:15Z"


@pytest.fixture
def settings(tmp_path: Path, regime: Regime) -> Settings:
    """AAA, whose file has lost its first two bars."""
    settings = street(tmp_path, ["AAA"])
    serve(settings, "AAA", "1day", BARS)
    assert regime("run", "AAA", *_at(1), settings=settings).code == 0
    serve(settings, "AAA", "1day", BARS[2:])
    assert regime("run", "AAA", *_at(2)).code == 0
    return settings


def _lost(regime: Regime) -> tuple[int, list[str]]:
    document = json.loads(regime("validate", "AAA", "--input", "raw", "--json").out)
    findings = document["symbols"][0]["series"][0]["findings"]
    (finding,) = (each for each in findings if each["rule"] == "source_lost_bars")
    return finding["count"], finding["examples"]


def _first(regime: Regime, *more: str) -> str:
    shown = regime("bars", "AAA", "1day", "--last", "500", "--json", *more).out
    return str(json.loads(shown)[0]["ts"])


@pytest.mark.slow
@pytest.mark.usefixtures("settings")
def test_lost_bars_are_a_finding_until_they_are_withdrawn(regime: Regime) -> None:
    assert _lost(regime) == (
        2,
        [
            f"{FIRST} the source lost 2 bars at its start",
            f"{LAST} the source lost 2 bars at its start",
        ],
    )

    made = json.loads(regime(*WITHDRAW, *_at(3), "--by", "ann", "--json").out)
    assert regime("run", "AAA", *_at(4)).code == 0

    assert (made["kind"], made["until"]) == ("withdraw", f"{LAST}T23:59:59Z")
    assert _lost(regime) == (0, [])
    assert _first(regime) > LAST
    assert _first(regime, "--as-of", "2026-11-22T02:30Z").startswith(FIRST)
    assert regime("verify", "AAA", "--recompute").code == 0


@pytest.mark.usefixtures("settings")
def test_a_withdrawal_is_listed_and_undone(regime: Regime) -> None:
    regime(*WITHDRAW, *_at(3))
    listed = regime("bars", "list", "AAA").out
    assert "withdraw" in listed
    assert f"{FIRST} to {LAST}" in " ".join(listed.split())

    assert regime("bars", "undo", "AAA", "1", "--reason", "true", *_at(4)).code == 0
    assert regime("promote", "AAA").code == 0

    assert _first(regime).startswith(FIRST)


def test_a_withdrawn_bar_that_is_served_again_is_in_force_again(
    regime: Regime, settings: Settings
) -> None:
    regime(*WITHDRAW, *_at(3))
    serve(settings, "AAA", "1day", BARS[1:])

    outcome = json.loads(regime("run", "AAA", *_at(4), "--json").out)["symbols"][0]

    assert (outcome["new"], outcome["withdrawn"]) == (1, 0)
    assert _first(regime).startswith(LAST)
    assert _lost(regime) == (0, [])


@pytest.mark.usefixtures("settings")
def test_a_range_without_bars_is_refused(regime: Regime) -> None:
    years = ("bars", "withdraw", "AAA", "1day", "1950-01-02", "1951-01-02", "--reason", "x")

    ended = regime(*years, *_at(3))

    assert ended.code == 2
    assert "`regime bars AAA 1day`" in ended.err
