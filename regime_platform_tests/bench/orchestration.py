"""`make bench-orchestration`: passes over a universe through webserver, daemon, sensor and runs.

Prints a table and writes build/bench_orchestration.json. At full size (58 core and 1,507 daily
symbols with histories of real length) preparing takes half an hour; ``--core``, ``--daily`` and
``--share`` (of the histories) make it smaller, and figures per symbol say what that is worth.
A pass is measured from its launch to the end of the last run that it caused; its processor time is
that of all processes on the data root, the daemon's and webserver's idling included.
"""

import argparse
import datetime as dt
import json
import os
import statistics
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import dagster as dg
import httpx
from rich.console import Console
from rich.table import Table

from regime_platform.orchestration.home import open_instance
from regime_platform.orchestration.jobs import UPDATE_CORE, UPDATE_DAILY, listed_config
from regime_platform.orchestration.partitions import RANGE_END, RANGE_START
from regime_platform.orchestration.sensors import build_sensors
from regime_platform.pipeline.outcomes import Stage
from regime_platform.settings import PROJECT_ROOT, Settings, load_universe
from regime_platform_tests.bench.unattended_store import (
    Size,
    fill,
    settings_of,
    universe_text,
    vendor_process,
)
from regime_platform_tests.bench.watched_processes import PeakMemory, cpu_seconds
from regime_platform_tests.ui.serving import dagster_dev
from regime_platform_tests.vendor import KEY

_LAUNCH = """mutation Launch($params: ExecutionParams!) { launchPipelineExecution(
  executionParams: $params) { __typename ... on LaunchRunSuccess { run { runId } }
  ... on PythonError { message } ... on RunConfigValidationInvalid { errors { message } } } }"""
_PARTITIONS = """query Page { assetNodeOrError(assetKey: {path: ["compute_db"]}) {
  ... on AssetNode { partitionStats { numMaterialized numFailed numPartitions }
  assetPartitionStatuses { ... on DefaultPartitionStatuses { materializedPartitions
  failedPartitions unmaterializedPartitions materializingPartitions } } } } }"""
_PATIENCE = 4 * 3600.0  # seconds
_QUIET = 40.0  # seconds without anything to do, more than the sensor's interval


def main(arguments: Sequence[str] | None = None) -> None:
    """Measures, prints, writes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--core", type=int, default=58)
    parser.add_argument("--daily", type=int, default=1507)
    parser.add_argument("--share", type=float, default=1.0, help="part of the real histories")
    parser.add_argument(
        "--output", type=Path, default=PROJECT_ROOT / "build/bench_orchestration.json"
    )
    asked = parser.parse_args(arguments)
    size = Size(asked.core, asked.daily, asked.share)
    with tempfile.TemporaryDirectory() as name:
        figures = measure(Path(name) / "data", size)
    facts = {
        "size": f"{size.core} core, {size.daily} daily, {size.share:g} of their histories",
        "date": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "cores": os.cpu_count(),
        "load_average": " ".join(f"{load:.2f}" for load in os.getloadavg()),
    }
    table = Table("figure", "value", title="unattended")
    for key, value in figures.items():
        table.add_row(key, f"{value:,.2f}")
    Console(width=120).print(table, " | ".join(f"{key}: {text}" for key, text in facts.items()))
    asked.output.parent.mkdir(parents=True, exist_ok=True)
    asked.output.write_text(json.dumps({**figures, **facts}, indent=2) + "\n")


def measure(root: Path, size: Size) -> dict[str, float]:
    """All figures of a universe of this size."""
    now = dt.datetime.now(dt.UTC)
    root.mkdir(parents=True)
    (root / "universe.yaml").write_text(universe_text(size))
    figures: dict[str, float] = {}
    figures["bars_held"] = fill(settings_of(root, "http://127.0.0.1:1"), size, now)
    with vendor_process(size, now) as url, _environment(root, url):
        settings = settings_of(root, url)
        with dagster_dev(settings) as address, open_instance(settings) as instance:
            house = _House(settings, address, instance)
            house.pause_schedules()
            house.settle()
            memory = PeakMemory(root)
            figures |= _passes(house, size)
            figures["peak_memory_mb"] = memory.peak()
            figures["partitions_page_s"] = _median(house.partitions_page)
        with open_instance(settings) as instance:
            figures |= _sensor_figures(settings, instance)
    return figures


def _passes(house: "_House", size: Size) -> dict[str, float]:
    symbols = load_universe(house.settings).symbols
    full = house.timed(lambda: house.launch_range(symbols[0], symbols[-1]))
    daily = house.timed(lambda: house.launch(UPDATE_DAILY))
    core = house.timed(lambda: house.launch(UPDATE_CORE))
    idle = house.timed(lambda: house.launch(UPDATE_CORE))
    return {
        **{f"full_recompute_{name}": value for name, value in full.items()},
        "full_recompute_cpu_ms_per_symbol": 1e3 * full["cpu_s"] / len(symbols),
        **{f"daily_pass_{name}": value for name, value in daily.items()},
        "daily_pass_cpu_ms_per_symbol": 1e3 * daily["cpu_s"] / max(size.daily, 1),
        **{f"intraday_pass_{name}": value for name, value in core.items()},
        "intraday_pass_cpu_ms_per_symbol": 1e3 * core["cpu_s"] / max(size.core, 1),
        **{f"intraday_nothing_new_{name}": value for name, value in idle.items()},
    }


class _House:
    """A running webserver and daemon, and what they are asked to do."""

    def __init__(self, settings: Settings, address: str, instance: dg.DagsterInstance) -> None:
        self.settings, self._address, self._instance = settings, address, instance

    def pause_schedules(self) -> None:
        """Nothing starts by the clock while a pass is timed."""
        schedules = self._ask(
            "query S { schedulesOrError(repositorySelector: {repositoryName: "
            '"__repository__", repositoryLocationName: "regime_platform"}) { ... on Schedules '
            "{ results { id scheduleState { id selectorId } } } } }"
        )
        for one in schedules["schedulesOrError"]["results"]:
            self._ask(
                "mutation P($id: String!) { stopRunningSchedule(id: $id) { __typename } }",
                {"id": one["scheduleState"]["id"]},
            )

    def launch(self, job: str) -> None:
        """Queues a run of an update job over all that it is about."""
        self._launch(job, {"ops": listed_config(job, []).to_config_dict()["ops"]}, {})

    def launch_range(self, first: str, last: str) -> None:
        """Queues one ranged run of everything after the fetch."""
        stages = [{"path": [one.value]} for one in Stage if one is not Stage.RAW_BARS]
        self._launch("walk_all", {}, {RANGE_START: first, RANGE_END: last}, stages)

    def timed(self, launch: Any) -> dict[str, float]:
        """Seconds from the launch to the end of the last run it caused, runs, and MB written."""
        known, before = set(self._instance.get_run_ids()), _sizes(self.settings.data_root)
        began, cpu = time.time(), cpu_seconds(self.settings.data_root)
        launch()
        self.settle()
        cpu = cpu_seconds(self.settings.data_root) - cpu
        runs = [
            one for one in self._instance.get_run_records() if one.dagster_run.run_id not in known
        ]
        wrong = [one for one in runs if one.dagster_run.status != dg.DagsterRunStatus.SUCCESS]
        if wrong:
            raise RuntimeError(f"{wrong[0].dagster_run.job_name} {wrong[0].dagster_run.status}")
        ended = max(one.end_time or 0 for one in runs)
        worked = sum((one.end_time or 0) - (one.start_time or 0) for one in runs)
        after = _sizes(self.settings.data_root)
        written = sum(size for path, (at, size) in after.items() if before.get(path) != (at, size))
        return {
            "s": ended - began,
            "cpu_s": cpu,
            "runs": len(runs),
            "s_inside_runs": worked,
            "files_changed": sum(after[path] != before.get(path) for path in after),
            "mb_of_changed_files": written / 1e6,
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


def _sensor_figures(settings: Settings, instance: dg.DagsterInstance) -> dict[str, float]:
    (sensor,) = build_sensors(partial(load_universe, settings))
    first = sensor(dg.build_sensor_context(instance=instance))
    cursor = first.cursor if isinstance(first, dg.SensorResult) else None
    key = dg.AssetKey(Stage.RAW_BARS.value)
    records = instance.fetch_materializations(key, limit=1000).records
    last = cursor or str(records[0].storage_id)
    return {
        "sensor_tick_s": _median(lambda: sensor(dg.build_sensor_context(instance=instance))),
        "sensor_tick_events": len(records),
        "sensor_idle_ms": 1e3
        * _median(lambda: sensor(dg.build_sensor_context(instance=instance, cursor=last))),
    }


def _median(work: Any) -> float:
    costs = []
    for _ in range(5):
        began = time.perf_counter()
        work()
        costs.append(time.perf_counter() - began)
    return statistics.median(costs)


@contextmanager
def _environment(root: Path, url: str) -> Iterator[None]:
    """What the processes that this one starts read their settings from."""
    told = {
        "REGIME_DATA_ROOT": str(root),
        "REGIME_TWELVEDATA_URL": url,
        "TWELVEDATA_API_KEY": KEY,
        "REGIME_CREDITS_FOLDER": str(root.parent / f"credits-{root.name}"),
        "REGIME_CREDITS_PER_MINUTE": "1000000",
        "REGIME_REREAD_SHARE": "0",
    }
    before = dict(os.environ)
    os.environ.update(told)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _sizes(root: Path) -> dict[str, tuple[int, int]]:
    files = (path for path in (root / "assets").rglob("*") if path.is_file())
    return {str(path): (path.stat().st_mtime_ns, path.stat().st_size) for path in files}


_UNFINISHED = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]

if __name__ == "__main__":
    main()
