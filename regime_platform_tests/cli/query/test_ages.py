"""Every answer says how old its last bar is against the calendar, in words and in JSON."""

import json

import pytest

from regime_platform.pipeline.board import refresh_board
from regime_platform.pipeline.run import run_symbols
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.settings import Settings
from regime_platform_tests.builders import make_bars
from regime_platform_tests.cli.conftest import Regime
from regime_platform_tests.conftest import NOW
from regime_platform_tests.scenario import serve, street

#: The last bar is of Friday 2013-02-22.
FRESH, STALE = "2013-02-23T12:00Z", "2013-02-27T12:00Z"
TEXT = "last bar 2013-02-22, 2 bars missing (due 2013-02-26)"
MISSING = {"due_bar": "2013-02-26T00:00:00Z", "missing": 2, "is_stale": True}
NONE_MISSING = {"due_bar": None, "missing": 0, "is_stale": False}


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    made = street(tmp_path_factory.mktemp("ages"), ["ELM"])
    serve(made, "ELM", "1day", make_bars(300))
    workspace = RunWorkspace.open(made)
    refresh_board(workspace, list(run_symbols(workspace, workspace.universe.instruments, NOW)))
    return made


ANSWERS = {
    "state": ("state", "ELM"),
    "history": ("history", "ELM", "1day"),
    "bars": ("bars", "ELM", "1day"),
    "explain": ("explain", "ELM", "1day", "2013-02-01"),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_warns_of_missing_bars_and_of_nothing_else(
    settings: Settings, regime: Regime, name: str
) -> None:
    stale = regime(*ANSWERS[name], "--now", STALE, settings=settings)
    fresh = regime(*ANSWERS[name], "--now", FRESH, settings=settings)

    assert (stale.code, fresh.code) == (0, 0)
    assert TEXT in stale.out + stale.err
    assert "missing (due" not in fresh.out + fresh.err


def test_the_fields_are_those_of_the_text(settings: Settings, regime: Regime) -> None:
    documents = {
        (words[0], now): json.loads(regime(*words, "--now", now, "--json", settings=settings).out)
        for words in (ANSWERS["state"], ANSWERS["explain"], ("board",))
        for now in (STALE, FRESH)
    }

    for (command, now), document in documents.items():
        place: dict[str, str | int] = {"state": "1day", "board": 0}
        facts = document[place[command]] if command in place else document
        expected = MISSING if now == STALE else NONE_MISSING
        assert {name: facts[name] for name in expected} == expected
        last = facts["last_ts" if command == "board" else "last_bar"]
        assert last == "2013-02-22T00:00:00Z"


def test_the_board_marks_the_end_of_a_stale_series(settings: Settings, regime: Regime) -> None:
    stale, fresh, by_series = (
        regime("board", *words, settings=settings).out
        for words in (("--now", STALE), ("--now", FRESH), ("--by-timeframe", "--now", STALE))
    )

    assert "ELM!" in stale
    assert "2013-02-22 !2" in stale
    assert "! bars are missing; `regime state SYMBOL` names them" in stale
    assert "2012..2013!" in by_series
    assert "! bars are missing after it; `regime status --all-rows`" in by_series
    assert "!" not in fresh


@pytest.mark.slow
def test_the_age_of_a_sample_is_stated_without_a_warning(on_sample: Regime) -> None:
    shown = on_sample("state", "MSFT", "--now", "2013-03-11")
    rows = on_sample("history", "MSFT", "1day", "--now", "2013-03-11")
    narrowed = on_sample("history", "MSFT", "1day", "--end", "2012-01-01", "--now", "2013-03-11")
    as_json = on_sample("history", "MSFT", "1day", "--now", "2013-03-11", "--json")

    line = "sample data, never updated: last bar 2013-03-01, 10 days ago"
    assert line in shown.out
    assert line in rows.err
    assert "sample data" not in narrowed.err + as_json.err
    assert set(json.loads(as_json.out)[0]) & set(MISSING) == set()
