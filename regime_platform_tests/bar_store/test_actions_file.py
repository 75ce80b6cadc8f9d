"""Entries of actions.json are recorded by verdict and bar manifest, and restored from either."""

import datetime as dt
import json
from fractions import Fraction
from pathlib import Path

import pytest

from regime_platform.bar_store.actions_file import ACTIONS, read_actions
from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.verdicts import write_verdict
from regime_platform.errors import BarsError
from regime_platform.model.actions import Action, ActionKind
from regime_platform.validation.policy import ValidationContext
from regime_platform.validation.verdict import Verdict
from regime_platform_tests.error_codes import raises

AT = dt.datetime(2026, 11, 20, tzinfo=dt.UTC)
ENTRIES = tuple(
    Action(
        id=number,
        kind=ActionKind.SPLIT,
        date=dt.date(2012, 3, number),
        ratio=Fraction(3, 2),
        reason="announced",
        by="ann",
        at=AT + number * dt.timedelta(days=1),
    )
    for number in (1, 2)
)


@pytest.fixture
def paths(tmp_path: Path) -> SymbolPaths:
    """A folder whose verdict, of a blocked symbol without manifests, records both entries."""
    paths = SymbolPaths(tmp_path / "assets" / "AAA")
    ACTIONS.write(paths, ENTRIES)
    write_verdict(paths, Verdict.of("AAA", (), ValidationContext(actions=ENTRIES), "1"))
    return paths


def test_entries_are_read_as_they_were_written_up_to_a_moment(paths: SymbolPaths) -> None:
    assert read_actions(paths) == ENTRIES
    assert read_actions(paths, AT + dt.timedelta(days=1)) == ENTRIES[:1]
    assert read_actions(SymbolPaths(paths.folder.parent / "BBB")) == ()


@pytest.mark.parametrize("is_whole", [True, False])
def test_a_lost_file_is_noticed_and_restored_from_the_verdict(
    paths: SymbolPaths, *, is_whole: bool
) -> None:
    paths.actions.unlink()
    if not is_whole:
        verdict = json.loads(paths.verdict.read_text())
        paths.verdict.write_text(json.dumps({**verdict, "symbol": "BBB"}))

    assert ACTIONS.lost(paths) == list(ENTRIES)
    ACTIONS.restore(paths)
    assert read_actions(paths) == ENTRIES


@pytest.mark.parametrize("text", ['{"actions": [{"id": 1}]}', '{"actions": 1}', "nonsense"])
def test_a_damaged_file_is_refused_and_restored(paths: SymbolPaths, text: str) -> None:
    paths.actions.write_text(text)

    with raises(BarsError, "actions-damaged", match="regime repair AAA"):
        read_actions(paths)
    ACTIONS.restore(paths)
    assert read_actions(paths) == ENTRIES


def test_a_verdict_that_is_no_document_records_nothing(paths: SymbolPaths) -> None:
    paths.verdict.write_text('{"actions": [1]}')

    assert ACTIONS.lost(paths) == []
