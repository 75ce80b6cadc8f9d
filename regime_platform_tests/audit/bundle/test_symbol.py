"""The files of a symbol as a snapshot names them, or none."""

from pathlib import Path

from regime_platform.audit.bundle.bundle import export_bundle
from regime_platform.audit.bundle.verify import verify_bundle
from regime_platform.audit.snapshots import Snapshot
from regime_platform.errors import ResultsError
from regime_platform_tests.audit.snapshot_scenario import EVENTS, Scenario
from regime_platform_tests.error_codes import raises


def test_a_snapshot_gone_past_is_taken_back_from_the_raw_log(
    later: tuple[Scenario, Snapshot], tmp_path: Path
) -> None:
    run, taken = later
    happen, touched, _ = EVENTS["a new bar"]
    happen(run)

    bundle = export_bundle(run.workspace, taken, tmp_path / "old.zip")

    assert bundle.rebuilt == touched
    assert bundle.digest == taken.document.digest
    assert verify_bundle(bundle.path, recompute=True).findings == ()


def test_what_other_code_made_is_not_passed_off_as_the_snapshot(
    later: tuple[Scenario, Snapshot], tmp_path: Path
) -> None:
    run, taken = later
    changed = EVENTS["other code"][0](run)

    with raises(ResultsError, "recipe-not-installed", match="compute digest"):
        export_bundle(changed.workspace, taken, tmp_path / "old.zip")

    assert not (tmp_path / "old.zip").exists()
