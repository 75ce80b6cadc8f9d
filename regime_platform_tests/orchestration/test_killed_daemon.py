"""A daemon or its code server is killed: no symbol is missed and none computed twice."""

import os
import signal
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.definitions.run_request import InstigatorType
from dagster._core.scheduler.instigation import InstigatorTick, TickStatus
from dagster._core.storage.tags import RUN_KEY_TAG

from regime_platform.bar_store.layout import DataRoot
from regime_platform.bar_store.locks import writing
from regime_platform.bar_store.manifest_files import read_chain
from regime_platform.files import write_text
from regime_platform.manifests.manifest import RESULTS
from regime_platform.orchestration.jobs import LANE, RECOMPUTE, RECONCILE
from regime_platform.orchestration.sensors import build_new_bars
from regime_platform.pipeline.outcomes import Stage
from regime_platform.settings import Settings, load_universe
from regime_platform_tests.builders import make_bars
from regime_platform_tests.orchestration.graph import BARS, SYMBOLS, run_listed
from regime_platform_tests.orchestration.processes import WORKSPACE, awaited, daemon, kill
from regime_platform_tests.scenario import fingerprint, serve

NEW_BARS = "new_bars"
CHANGED = ("BIRCH", "CEDAR", "LARCH")
#: The daemon. It looks for a dead code server at SIGUSR1, not once a minute; and while the file
#: ``stop`` names a process, it stops that one before it asks its code server about new_bars.
TOLD_TO_LOOK = """
import math, os, pathlib, signal
from dagster._core.remote_representation.code_location import GrpcServerCodeLocation
from dagster._daemon import cli, controller

ask = GrpcServerCodeLocation.get_sensor_execution_data

def ask_a_stopped_server(location, instance, handle, name, *rest):
    stop = pathlib.Path("stop")
    if name == "new_bars" and stop.exists():
        os.kill(int(stop.read_text()), signal.SIGSTOP)
    return ask(location, instance, handle, name, *rest)

GrpcServerCodeLocation.get_sensor_execution_data = ask_a_stopped_server

def look(*_):
    controller.RELOAD_WORKSPACE_INTERVAL = 6

controller.RELOAD_WORKSPACE_INTERVAL = math.inf
signal.signal(signal.SIGUSR1, look)
cli.main()
"""


@pytest.fixture
def since(processed_instance: dg.DagsterInstance) -> int:
    """The last event from before anything was new."""
    return processed_instance.event_log_storage.get_maximum_record_id() or 0


def _bring_bars(settings: Settings, instance: dg.DagsterInstance) -> None:
    for symbol in CHANGED:
        serve(settings, symbol, "1day", make_bars(BARS + 1, seed=SYMBOLS.index(symbol)))
    assert run_listed(settings, instance, SYMBOLS, "update_daily").success


def _files(settings: Settings) -> Mapping[str, str]:
    files = fingerprint(settings.data_root / "assets")
    return {symbol: files[f"{symbol}/compute.db"] for symbol in SYMBOLS}


def _changed(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(symbol for symbol in SYMBOLS if before[symbol] != after[symbol])


def _published(settings: Settings) -> Counter[str]:
    """How many results the chain of each symbol has."""
    root = DataRoot(settings.data_root)
    chains = {symbol: read_chain(root.symbol(symbol)) for symbol in SYMBOLS}
    return Counter(
        {symbol: sum(link.kind == RESULTS for link in chain) for symbol, chain in chains.items()}
    )


def _reported(instance: dg.DagsterInstance, since: int) -> Counter[str | None]:
    """How often results of each symbol were reported."""
    wanted = dg.AssetRecordsFilter(dg.AssetKey(Stage.COMPUTE_DB.value), after_storage_id=since)
    return Counter(
        record.partition_key
        for record in instance.fetch_materializations(wanted, limit=100).records
    )


def _asked(instance: dg.DagsterInstance) -> list[dg.DagsterRun]:
    """The runs that recompute, the newest first."""
    return list(instance.get_runs(dg.RunsFilter(job_name=RECOMPUTE)))


def _is_done(instance: dg.DagsterInstance) -> bool:
    return any(run.is_success for run in _asked(instance))


def _ticks(instance: dg.DagsterInstance) -> Mapping[str, Sequence[InstigatorTick]]:
    """The ticks of each sensor, the newest first."""
    states = instance.all_instigator_state(instigator_type=InstigatorType.SENSOR)
    return {
        state.instigator_name: instance.get_ticks(state.instigator_origin_id, state.selector_id)
        for state in states
    }


def _under_way(instance: dg.DagsterInstance) -> Mapping[str, InstigatorTick]:
    """The ticks that have begun and not ended; the daemon evaluates one sensor at a time."""
    newest = {name: ticks[0] for name, ticks in _ticks(instance).items() if ticks}
    return {name: tick for name, tick in newest.items() if tick.status is TickStatus.STARTED}


def _are_over(ticks: Mapping[str, InstigatorTick], instance: dg.DagsterInstance) -> bool:
    return ticks.keys().isdisjoint(_under_way(instance))


def _cursor(instance: dg.DagsterInstance) -> str | None:
    """How far new_bars has come, once it has looked."""
    return next((tick.cursor for tick in _ticks(instance).get(NEW_BARS, ()) if tick.cursor), None)


def _run_key(settings: Settings, instance: dg.DagsterInstance, cursor: str | None) -> str | None:
    sensor = build_new_bars(partial(load_universe, settings))
    answer = sensor(dg.build_sensor_context(instance=instance, cursor=cursor))
    assert isinstance(answer, dg.SensorResult)
    (request,) = answer.run_requests or []
    return request.run_key


def _code_server(parent: int) -> int:
    (server,) = [
        int(process.name)
        for process in Path("/proc").glob("[0-9]*")
        if _parent(process) == parent and b"grpc" in (process / "cmdline").read_bytes()
    ]
    return server


def _is_stopped(process: int) -> bool:
    return Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] == "T"


def _parent(process: Path) -> int | None:
    try:
        return int((process / "stat").read_text().rsplit(")", 1)[1].split()[1])
    except OSError:  # it has ended meanwhile
        return None


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_daemon_killed_as_it_asks_for_a_run_and_again_within_it_loses_and_repeats_nothing(
    processed_eight: Settings, processed_instance: dg.DagsterInstance, since: int
) -> None:
    settings, instance = processed_eight, processed_instance
    _bring_bars(settings, instance)
    before, published = _files(settings), _published(settings)

    # Another run is in the lane, so that the run gets no further than the queue.
    working = dg.DagsterRun(RECONCILE, status=dg.DagsterRunStatus.STARTED, tags={LANE: "daily"})
    instance.add_run(working)
    with daemon(settings) as first:
        awaited(lambda: _asked(instance), settings)
        kill(first)
    instance.report_run_canceled(working)
    queued = _files(settings)

    # Another process writes the second symbol, so that the run gets no further than the first.
    with writing(DataRoot(settings.data_root).symbol(CHANGED[1])), daemon(settings) as second:
        awaited(lambda: _published(settings) - published, settings)
        kill(second)
    halfway = _files(settings)

    with daemon(settings) as third:
        awaited(lambda: _is_done(instance), settings)
        kill(third)

    assert _changed(before, queued) == ()
    assert _changed(queued, halfway) == CHANGED[:1]
    assert _changed(halfway, _files(settings)) == CHANGED[1:]
    assert _published(settings) - published == Counter(CHANGED)
    assert _reported(instance, since) == Counter(CHANGED)
    repeated, killed = _asked(instance)
    assert killed.status is dg.DagsterRunStatus.FAILURE
    assert repeated.parent_run_id == killed.run_id


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_code_server_killed_within_a_tick_is_replaced_and_the_same_run_is_asked_for_once(
    processed_eight: Settings, processed_instance: dg.DagsterInstance, since: int
) -> None:
    settings, instance = processed_eight, processed_instance
    before, published = _files(settings), _published(settings)

    with daemon(settings, ("python", "-c", TOLD_TO_LOOK, "run", "-w", WORKSPACE)) as process:
        cursor = awaited(lambda: _cursor(instance), settings)
        server, stop = _code_server(process.pid), settings.data_root.parent / "stop"
        write_text(stop, str(server))  # at one moment, since the daemon reads it at any
        _bring_bars(settings, instance)
        run_key = _run_key(settings, instance, cursor)
        tick = awaited(lambda: _under_way(instance).get(NEW_BARS), settings)
        awaited(lambda: _is_stopped(server), settings)
        stop.unlink()
        os.kill(server, signal.SIGKILL)
        process.send_signal(signal.SIGUSR1)
        awaited(lambda: _is_done(instance), settings)
        kill(process)

    ticks = _ticks(instance)[NEW_BARS]
    assert [attempt.status for attempt in ticks if attempt.tick_id == tick.tick_id] == [
        TickStatus.FAILURE
    ]
    assert [attempt.run_keys for attempt in ticks if attempt.run_keys] == [[run_key]]
    assert [run.tags[RUN_KEY_TAG] for run in _asked(instance)] == [run_key]
    assert _changed(before, _files(settings)) == CHANGED
    assert _published(settings) - published == Counter(CHANGED)
    assert _reported(instance, since) == Counter(CHANGED)
