"""The bench of the answers works on a store that is sound; what they cost, only the bench says."""

from pathlib import Path

from regime_platform.audit.snapshots import take_snapshot
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform_tests.bench.answers import many
from regime_platform_tests.conftest import NOW


def test_a_snapshot_of_many_copies_is_complete(processed: RunWorkspace, tmp_path: Path) -> None:
    copies = many(processed, tmp_path / "many", 3)

    taken = take_snapshot(copies, NOW.date(), NOW)

    assert taken.facts.totals.complete == 3
