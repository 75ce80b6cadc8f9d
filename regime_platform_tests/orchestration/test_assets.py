"""A run of the assets that has no partitions is refused, in words."""

import dagster as dg

from regime_platform.orchestration.build import build_definitions
from regime_platform.settings import Settings
from regime_platform_tests.orchestration.graph import (
    QUIET,
    failure_text,
)


def test_a_run_of_the_assets_without_partitions_is_refused(
    processed_eight: Settings, processed_instance: dg.DagsterInstance
) -> None:
    job = build_definitions(processed_eight).resolve_job_def("process_all")

    result = job.execute_in_process(
        instance=processed_instance, run_config={"loggers": QUIET}, raise_on_error=False
    )

    assert "choose some, or launch the job process_listed" in failure_text(result)
