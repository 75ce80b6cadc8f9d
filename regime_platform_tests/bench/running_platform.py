"""A webserver and a daemon at work: what they are asked to do, and what that costs.

A pass is measured from its launch to the end of the last run that it caused; its processor time and
what it wrote are those of all processes on the data root, the daemon's and webserver's idling
included.
"""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import dagster as dg
import httpx

from regime_platform.orchestration.jobs import PROCESS_ALL, listed_config
from regime_platform.orchestration.partitions import RANGE_END, RANGE_START
from regime_platform.pipeline.outcomes import Stage
from regime_platform.settings import Settings
from regime_platform_tests.bench.watched_processes import cpu_seconds, written_bytes

_LAUNCH = """mutation Launch($params: ExecutionParams!) { launchPipelineExecution(
  executionParams: $params) { __typename ... on LaunchRunSuccess { run { runId } }
  ... on PythonError { message } ... on RunConfigValidationInvalid { errors { message } } } }"""
_PARTITIONS = """query Page { assetNodeOrError(assetKey: {path: ["compute_db"]}) {
  ... on AssetNode { partitionStats { numMaterialized numFailed numPartitions }
  assetPartitionStatuses { ... on DefaultPartitionStatuses { materializedPartitions
  failedPartitions unmaterializedPartitions materializingPartitions } } } } }"""
_PARTITION = """query One($symbol: String!) { assetNodeOrError(assetKey: {path: ["compute_db"]}) {
  ... on AssetNode { assetMaterializations(partitions: [$symbol], limit: 100) {
  timestamp runId metadataEntries { label __typename } } } } }"""
_PATIENCE = 4 * 3600.0  # seconds
_QUIET = 20.0  # seconds without anything to do, more than the sensor's interval


class RunningPlatform:
    """Asks the webserver of a data root for runs, and waits for what becomes of them."""

    def __init__(self, settings: Settings, address: str, instance: dg.DagsterInstance) -> None:
        self.settings, self._address, self._instance = settings, address, instance

    def launch(self, job: str) -> None:
        """Queues a run of an update job over all that it is about."""
        config: Any = listed_config(job, [])
        self._launch(job, {"ops": config.to_config_dict()["ops"]}, {})

    def launch_range(self, first: str, last: str) -> None:
        """Queues one ranged run of everything after the fetch."""
        stages = [{"path": [stage.value]} for stage in Stage if stage is not Stage.RAW_BARS]
        self._launch(PROCESS_ALL, {}, {RANGE_START: first, RANGE_END: last}, stages)

    def timed(self, launch: Callable[[], None]) -> dict[str, float]:
        """Seconds from the launch to the end of the last run it caused, runs, and MB written."""
        root = self.settings.data_root
        known, before = set(self._instance.get_run_ids()), _files(root)
        began, cpu, written = time.time(), cpu_seconds(root), written_bytes(root)
        launch()
        self.settle()
        cpu, written = cpu_seconds(root) - cpu, written_bytes(root) - written
        runs = [
            run_record
            for run_record in self._instance.get_run_records()
            if run_record.dagster_run.run_id not in known
        ]
        wrong = [run for run in runs if run.dagster_run.status != dg.DagsterRunStatus.SUCCESS]
        if wrong:
            raise RuntimeError(f"{wrong[0].dagster_run.job_name} {wrong[0].dagster_run.status}")
        ended = max(run.end_time or 0 for run in runs)
        worked = sum((run.end_time or 0) - (run.start_time or 0) for run in runs)
        after = _files(root)
        return {
            "s": ended - began,
            "cpu_s": cpu,
            "runs": len(runs),
            "s_inside_runs": worked,
            "files_changed": sum(after[path] != before.get(path) for path in after),
            "mb_written": written / 1e6,
        }

    def settle(self) -> None:
        """Waits until nothing is queued or running, for longer than the sensor sleeps."""
        deadline, idle_since = time.monotonic() + _PATIENCE, time.monotonic()
        while time.monotonic() < deadline:
            busy = self._instance.get_runs_count(dg.RunsFilter(statuses=_UNFINISHED))
            idle_since = time.monotonic() if busy else idle_since
            if time.monotonic() - idle_since > _QUIET:
                return
            time.sleep(0.5)
        raise RuntimeError("the passes do not end")

    def partitions_page(self) -> None:
        """Asks what the UI's page of partitions asks."""
        self._ask(_PARTITIONS)

    def partition_page(self, symbol: str) -> None:
        """Asks what it asks once a partition is chosen."""
        self._ask(_PARTITION, {"symbol": symbol})

    def _launch(
        self,
        job: str,
        config: Mapping[str, Any],
        tags: Mapping[str, str],
        assets: Sequence[Mapping[str, Any]] | None = None,
    ) -> None:
        selector = {
            "repositoryName": "__repository__",
            "repositoryLocationName": "regime_platform",
            "jobName": job,
            **({"assetSelection": assets} if assets else {}),
        }
        params = {
            "selector": selector,
            "runConfigData": json.dumps(config),
            "mode": "default",
            "executionMetadata": {
                "tags": [{"key": key, "value": value} for key, value in tags.items()]
            },
        }
        answer = self._ask(_LAUNCH, {"params": params})["launchPipelineExecution"]
        if answer["__typename"] != "LaunchRunSuccess":
            raise RuntimeError(str(answer))

    def _ask(self, query: str, variables: Mapping[str, Any] | None = None) -> Any:
        body = {"query": query, "variables": variables or {}}
        answer = httpx.post(f"{self._address}/graphql", json=body, timeout=600).json()
        if "errors" in answer:
            raise RuntimeError(str(answer["errors"])[:2000])
        return answer["data"]


_UNFINISHED = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


def _files(root: Path) -> dict[str, tuple[int, int]]:
    """Every file outside Dagster's state: when it was changed, and its size."""
    state = root / "dagster"
    files = (path for path in root.rglob("*") if state not in path.parents and path.is_file())
    return {str(path): (path.stat().st_mtime_ns, path.stat().st_size) for path in files}
