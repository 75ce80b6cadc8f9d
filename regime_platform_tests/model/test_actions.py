"""Actions are numbered, withdrawn by later entries, and never repeated for a date."""

import datetime as dt
from fractions import Fraction

import pytest
from pydantic import ValidationError

from regime_platform.errors import UsageError
from regime_platform.model.actions import (
    Action,
    ActionKind,
    in_force,
    with_added,
    with_withdrawn,
)
from regime_platform_tests.error_codes import raises

AT = dt.datetime(2026, 11, 20, tzinfo=dt.UTC)


def _split(day: int = 1, ratio: int = 2) -> Action:
    return Action(
        id=0,
        kind=ActionKind.SPLIT,
        date=dt.date(2020, 9, day),
        ratio=Fraction(ratio),
        reason="announced",
        by="ann",
        at=AT,
    )


def test_entries_are_numbered_and_an_undo_withdraws_one() -> None:
    entries = with_added("AAA", (), _split(1), _split(2))

    entries = with_withdrawn(entries, 1, reason="a mistake", by="bob", at=AT)

    assert [entry.id for entry in entries] == [1, 2, 3]
    assert [entry.id for entry in in_force(entries)] == [2]
    assert str(entries[2]) == "undo 1: split 2:1 on 2020-09-01"
    assert in_force(with_added("AAA", entries, _split(1)))[-1].id == 4


def test_a_second_split_of_a_date_is_refused_with_the_command_that_withdraws_the_first() -> None:
    entries = with_added("AAA", (), _split())

    with raises(UsageError, "action-exists", match="`regime actions undo AAA 1 --reason TEXT`"):
        with_added("AAA", entries, _split(ratio=3))


def test_what_is_not_in_force_cannot_be_withdrawn() -> None:
    entries = with_withdrawn(
        with_added("AAA", (), _split()), 1, reason="a mistake", by="bob", at=AT
    )

    with raises(UsageError, "action-not-in-force", match="in force: none"):
        with_withdrawn(entries, 1, reason="again", by="bob", at=AT)


def test_an_undo_names_an_entry_and_no_split_does() -> None:
    for changes in ({"kind": "undo"}, {"undoes": 1}):
        with pytest.raises(ValidationError, match="undo names an entry"):
            Action.model_validate({**_split().model_dump(mode="json"), **changes})
