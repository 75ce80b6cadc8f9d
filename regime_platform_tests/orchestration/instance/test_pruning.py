"""Old runs are deleted, but for those that hold a latest materialisation or a failure."""

import datetime as dt

import dagster as dg
import pytest

from regime_platform.orchestration.housekeeping import prune
from regime_platform.pipeline.outcomes import Stage
from regime_platform.settings import Settings
from regime_platform_tests.conftest import NOW
from regime_platform_tests.orchestration.graph import SYMBOLS, green, red, run_listed, run_range


@pytest.mark.slow
def test_old_runs_are_deleted_except_those_that_decide_what_is_shown(
    processed_eight: Settings, processed_instance: dg.DagsterInstance
) -> None:
    first = processed_instance.get_run_ids()
    run_range(processed_eight, processed_instance, SYMBOLS[:4])
    run_listed(processed_eight, processed_instance, SYMBOLS, "recompute")
    assert processed_eight.files_root is not None
    (processed_eight.files_root / "FIR" / "1day.parquet").write_bytes(b"no bars")
    failed = run_listed(processed_eight, processed_instance, ["FIR"], "update_daily")
    later = dt.datetime.now(dt.UTC) + dt.timedelta(days=1)

    early = prune(processed_instance, NOW - dt.timedelta(days=9000))
    deleted = prune(processed_instance, later)

    assert early == 0
    assert deleted == 1  # the run that changed nothing
    assert {*first, failed.run_id} < set(processed_instance.get_run_ids())
    assert red(processed_eight, processed_instance, Stage.RAW_BARS) == {"FIR"}
    assert green(processed_eight, processed_instance, Stage.COMPUTE_DB) == set(SYMBOLS)
