"""A file of splits is recorded whole or not at all, and may be imported again."""

import datetime as dt
from fractions import Fraction
from pathlib import Path

import pytest

from regime_platform.bar_store.actions_file import read_actions
from regime_platform.errors import UsageError
from regime_platform.operations.action_imports import import_splits
from regime_platform.operations.overrides import Statement
from regime_platform.pipeline.outcomes import STAGES
from regime_platform.pipeline.run import run_symbol
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform_tests.builders import make_bars
from regime_platform_tests.error_codes import raises
from regime_platform_tests.scenario import serve, street
from regime_platform_tests.traded import as_traded

BARS = make_bars(60)
FIRST, SECOND = BARS["ts"].dt.date()[22], BARS["ts"].dt.date()[40]
WHOLE = f"symbol,date,ratio,source\nAAA,{FIRST},2:1,the exchange\nbbb,{SECOND},1:10,\n"


@pytest.fixture
def workspace(tmp_path: Path, now: dt.datetime) -> RunWorkspace:
    """AAA and BBB, whose files are not adjusted for a split each."""
    settings = street(tmp_path, ["AAA", "BBB"])
    serve(settings, "AAA", "1day", as_traded(BARS, {FIRST: Fraction(2)}))
    serve(settings, "BBB", "1day", as_traded(BARS, {SECOND: Fraction(1, 10)}))
    workspace = RunWorkspace.open(settings)
    for instrument in workspace.universe.instruments:
        run_symbol(workspace, instrument, now, stages=STAGES[:1])
    return workspace


def _import(
    workspace: RunWorkspace, text: str, now: dt.datetime, *, dry_run: bool = False
) -> list[tuple[str, int, int]]:
    """Symbol, new and known splits of an import."""
    statement = Statement("the list", "ann", now)
    imported = import_splits(workspace.root, workspace.universe, text, statement, dry_run=dry_run)
    return [(each.instrument.symbol, len(each.new), len(each.known)) for each in imported]


def _recorded(workspace: RunWorkspace) -> dict[str, list[str]]:
    return {
        symbol: [str(each) for each in read_actions(workspace.root.symbol(symbol))]
        for symbol in ("AAA", "BBB")
    }


def test_a_file_is_recorded_and_known_splits_are_left_alone(
    workspace: RunWorkspace, now: dt.datetime
) -> None:
    assert _import(workspace, WHOLE, now, dry_run=True) == [("AAA", 1, 0), ("BBB", 1, 0)]
    assert _recorded(workspace) == {"AAA": [], "BBB": []}

    assert _import(workspace, WHOLE, now) == [("AAA", 1, 0), ("BBB", 1, 0)]
    assert _import(workspace, WHOLE, now) == [("AAA", 0, 1), ("BBB", 0, 1)]

    assert _recorded(workspace) == {
        "AAA": [f"split 2:1 on {FIRST}"],
        "BBB": [f"split 1:10 on {SECOND}"],
    }
    assert read_actions(workspace.root.symbol("AAA"))[0].source == "the exchange"


@pytest.mark.parametrize(
    ("line", "match"),
    [
        ("CCC,2012-02-01,2:1,", "line 4: not in the universe: CCC"),
        ("AAA,1.2.2012,2:1,", "line 4: '1.2.2012' is no date"),
        ("AAA,2012-02-01,1:1,", "line 4: 1:1 changes nothing"),
        (f"AAA,{SECOND},3:1,", "AAA: 1day shows no split 3:1"),
        (f"AAA,{FIRST},3:1,", f"AAA action 1 is a split 2:1 on {FIRST} already"),
    ],
)
def test_one_wrong_line_and_nothing_is_recorded(
    workspace: RunWorkspace, now: dt.datetime, line: str, match: str
) -> None:
    with raises(UsageError, "import-refused", match=match):
        _import(workspace, f"{WHOLE}{line}\n", now)

    assert _recorded(workspace) == {"AAA": [], "BBB": []}


@pytest.mark.parametrize(
    "text",
    ["", "symbol,date\n", "symbol,date,ratio,note\n", "symbol,date,ratio\nAAA,2012-02-01\n", '"'],
)
def test_another_kind_of_file_is_refused(
    workspace: RunWorkspace, now: dt.datetime, text: str
) -> None:
    with raises(UsageError, "import-unreadable", match="symbol,date,ratio"):
        _import(workspace, text, now)
