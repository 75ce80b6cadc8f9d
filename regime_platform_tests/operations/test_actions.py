"""A split that bars show is recorded and applied, by hand or by its source; others are refused."""

import datetime as dt
import json
from fractions import Fraction
from pathlib import Path

import polars as pl
import pytest

from regime_platform.audit.as_of import bars_as_of
from regime_platform.audit.verify.verify import verify
from regime_platform.bar_store.actions_file import ACTIONS, read_actions
from regime_platform.bar_store.canonical import read_in_force
from regime_platform.bar_store.verdicts import read_verdict
from regime_platform.errors import BarsError, UsageError
from regime_platform.model.actions import DeclaredSplit
from regime_platform.operations.actions import add, declared_split, undo
from regime_platform.operations.overrides import Statement
from regime_platform.pipeline.outcomes import STAGES, Status, SymbolOutcome
from regime_platform.pipeline.run import run_symbol
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform_tests.builders import make_bars
from regime_platform_tests.error_codes import raises
from regime_platform_tests.scenario import serve, street
from regime_platform_tests.traded import as_traded

TODAY = make_bars(210)
DAY = TODAY["ts"].dt.date()[151]
TRADED = as_traded(TODAY, {DAY: Fraction(2)})
HOUR = dt.timedelta(hours=1)


@pytest.fixture
def workspace(tmp_path: Path, now: dt.datetime) -> RunWorkspace:
    """AAA, whose file is not adjusted for a split."""
    settings = street(tmp_path, ["AAA", "BBB"])
    serve(settings, "AAA", "1day", TRADED)
    workspace = RunWorkspace.open(settings)
    _run(workspace, now, 1)
    return workspace


@pytest.fixture
def statement(now: dt.datetime) -> Statement:
    return Statement("announced", "ann", now + HOUR)


def _run(workspace: RunWorkspace, now: dt.datetime, stages: int = 2) -> SymbolOutcome:
    """Runs the first stages; without a change of it, up to the gate."""
    return run_symbol(workspace, workspace.universe.instrument("AAA"), now, stages=STAGES[:stages])


def _closes(workspace: RunWorkspace) -> pl.Series:
    stored = read_in_force(workspace.root.symbol("AAA"), "1day")
    assert stored is not None
    return stored[1]["close"]


def _is_close(ours: pl.Series, theirs: pl.Series) -> bool:
    return bool(((ours / theirs - 1).abs() < 1e-12).all())


def _add(workspace: RunWorkspace, statement: Statement, day: dt.date = DAY, ratio: int = 2) -> None:
    instrument = workspace.universe.instrument("AAA")
    add(workspace.root, instrument, [DeclaredSplit(day, Fraction(ratio), "")], statement)


def test_the_next_run_applies_a_split_and_all_that_is_stored_proves_it(
    workspace: RunWorkspace, statement: Statement, now: dt.datetime
) -> None:
    instrument, paths = workspace.universe.instrument("AAA"), workspace.root.symbol("AAA")
    _run(workspace, now, 4)
    before = _closes(workspace)
    _add(workspace, statement)
    pending = verify(workspace, instrument)
    assert pending.result == "proven"
    assert [finding.kind.value for finding in pending.findings] == ["pending"]

    outcome = _run(workspace, now + 2 * HOUR, 4)

    assert outcome.compute is not None
    assert outcome.compute.status is Status.DONE
    assert _is_close(_closes(workspace), TODAY["close"])
    verdict = read_verdict(paths)
    assert verdict is not None
    assert [each.adjusted_for for each in verdict.series] == [(1,)]
    manifest = json.loads(paths.manifest.read_text())["manifest"]
    assert [entry["ratio"] for entry in manifest["records"]["actions"]] == ["2:1"]
    assert verify(workspace, instrument, recompute=True).findings == []
    assert _run(workspace, now + 3 * HOUR, 4).status is Status.UNCHANGED
    # a moment before the entry does not know it
    then = bars_as_of(workspace, instrument, "1day", now + HOUR / 2)
    assert then.bars["close"].equals(before)
    since = bars_as_of(workspace, instrument, "1day", now + 2 * HOUR)
    assert since.bars["close"].equals(_closes(workspace))


def test_a_withdrawn_split_is_applied_no_more_and_stays_on_record(
    workspace: RunWorkspace, statement: Statement, now: dt.datetime
) -> None:
    _add(workspace, statement)
    _run(workspace, now + 2 * HOUR)

    made = undo(workspace.root, workspace.universe.instrument("AAA"), 1, statement)
    _run(workspace, now + 3 * HOUR)

    assert (made.id, made.undoes) == (2, 1)
    assert _closes(workspace).equals(TRADED["close"])
    assert len(read_actions(workspace.root.symbol("AAA"))) == 2


def test_a_later_export_that_is_adjusted_is_not_adjusted_again(
    workspace: RunWorkspace, statement: Statement, now: dt.datetime
) -> None:
    _add(workspace, statement)
    _run(workspace, now + 2 * HOUR)
    serve(workspace.settings, "AAA", "1day", TODAY)

    _run(workspace, now + 3 * HOUR)

    assert _closes(workspace).equals(TODAY["close"])


def test_a_lost_entry_stops_the_symbol_and_a_repair_brings_it_back(
    workspace: RunWorkspace, statement: Statement, now: dt.datetime
) -> None:
    paths = workspace.root.symbol("AAA")
    _add(workspace, statement)
    _run(workspace, now + 2 * HOUR)
    paths.actions.unlink()

    assert _run(workspace, now + 3 * HOUR).status is Status.FAILED
    with raises(BarsError, "records-lost", match="split 2:1"):
        _add(workspace, statement)

    ACTIONS.restore(paths)
    assert _run(workspace, now + 3 * HOUR).status is Status.UNCHANGED


@pytest.mark.parametrize(
    ("day", "ratio", "code", "match"),
    [
        (DAY, 3, "split-not-shown", "about 2:1"),
        (
            TODAY["ts"].dt.date()[160],
            2,
            "split-not-shown",
            r"close .* then open .*adjusted need no",
        ),
        (dt.date(2012, 7, 4), 2, "no-session", "as 2012-07-05"),
        (dt.date(2011, 7, 5), 2, "outside-bars", "1day 2012-01-02 to"),
        (dt.date(2019, 7, 5), 2, "outside-bars", "1day 2012-01-02 to"),
    ],
)
def test_what_the_bars_do_not_show_is_refused(  # noqa: PLR0917 - a row of the table
    workspace: RunWorkspace,
    statement: Statement,
    day: dt.date,
    ratio: int,
    code: str,
    match: str,
) -> None:
    with raises(UsageError, code, match=match):
        _add(workspace, statement, day, ratio)

    assert read_actions(workspace.root.symbol("AAA")) == ()


def test_a_split_of_a_symbol_without_bars_leaves_no_folder(
    workspace: RunWorkspace, statement: Statement
) -> None:
    instrument = workspace.universe.instrument("BBB")

    with raises(UsageError, "no-bars", match="regime run BBB"):
        add(workspace.root, instrument, [DeclaredSplit(DAY, Fraction(2), "")], statement)

    assert not workspace.root.symbol("BBB").folder.exists()


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("dividend", "2012-08-01", "2:1"), "unknown-action"),
        (("split", "2012-8-1", "2:1"), "bad-date"),
        (("split", "2012-02-30", "2:1"), "bad-date"),
        (("split", "2012-08-01", "2"), "bad-ratio"),
        (("split", "2012-08-01", "3:3"), "bad-ratio"),
    ],
)
def test_words_that_declare_no_split_are_refused(words: tuple[str, str, str], code: str) -> None:
    with raises(UsageError, code):
        declared_split(*words)
