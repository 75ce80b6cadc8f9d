"""Records that only grow are compared with what the bar manifest has of them, and written again."""

import datetime as dt
from fractions import Fraction

import pytest

from regime_platform.bar_store.basis_files import BasisRecord, note_basis, settle_basis
from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.errors import BarsError
from regime_platform.pipeline.gate.intact import (
    record_faults,
    require_records,
    restore_records,
)
from regime_platform.pipeline.publish import publish
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.revisions.basis_changes import BasisChange
from regime_platform_tests.error_codes import raises

START = dt.datetime(2012, 1, 2, tzinfo=dt.UTC)
SPLIT = BasisChange(
    ratio=Fraction(2),
    bars=5,
    first=START,
    last=START + dt.timedelta(days=4),
    deviation=0.0,
    same_from=None,
)


@pytest.fixture
def with_a_split(msft: SymbolPaths, processed: RunWorkspace, now: dt.datetime) -> SymbolPaths:
    """The symbol with a split in its records and in its bar manifest."""
    seen = BasisRecord(
        timeframe="1day", ratio=SPLIT.ratio, seen_at=now, seen_on="1day", evidence=SPLIT
    )
    note_basis(msft, seen)
    settle_basis(msft, "1day", now)
    publish(processed, processed.universe.instrument("MSFT"), now, msft)
    return msft


def test_a_lost_record_is_named_and_written_again(with_a_split: SymbolPaths) -> None:
    text = with_a_split.splits.read_text()
    require_records(with_a_split)
    with_a_split.splits.unlink()

    (fault,) = record_faults(with_a_split)
    assert (fault.file, fault.problem) == (with_a_split.splits.name, "MISSING")
    with raises(BarsError, "records-lost", match="regime repair MSFT"):
        require_records(with_a_split)

    restore_records(with_a_split)

    assert with_a_split.splits.read_text() == text
    require_records(with_a_split)


def test_a_record_that_cannot_be_read_is_a_fault_of_its_own(msft: SymbolPaths) -> None:
    msft.identity.write_text("{")

    assert [fault.problem for fault in record_faults(msft)] == ["UNREADABLE"]
