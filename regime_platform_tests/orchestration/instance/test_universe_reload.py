"""A change of the universe reaches a running Dagster by itself, and ticks never wait for it."""

import datetime as dt
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import dagster as dg
import httpx
import pytest

from regime_platform.cli.main import main
from regime_platform.operations.renames import rename
from regime_platform.operations.universe_edits import add, delist
from regime_platform.orchestration.build import build_definitions
from regime_platform.orchestration.instance.home import open_instance
from regime_platform.orchestration.instance.launch import materialize_symbols
from regime_platform.orchestration.instance.universe_reload import build_universe_sensor
from regime_platform.orchestration.resources import WorkspaceResource
from regime_platform.orchestration.schedules import build_schedules
from regime_platform.orchestration.sensors import build_new_bars
from regime_platform.pipeline.outcomes import Stage
from regime_platform.settings import Settings, load_universe
from regime_platform_tests.builders import make_bars
from regime_platform_tests.orchestration.graph import (
    SYMBOLS,
    failure_text,
    materialized,
    run_listed,
)
from regime_platform_tests.scenario import serve, street
from regime_platform_tests.ui.serving import dagster_dev

PATIENCE = 240  # seconds; the sensor looks every 15, a load takes a few
PARTITIONS = """
{ assetNodeOrError(assetKey: {path: ["raw_bars"]}) { ... on AssetNode { partitionKeys } } }
"""


def _reason(settings: Settings, sensor: dg.SensorDefinition) -> str:
    # a context that is closed after its instance would leave Dagster with the closed one
    with open_instance(settings) as instance, dg.build_sensor_context(instance=instance) as context:
        answer = sensor(context)
    assert isinstance(answer, dg.SkipReason)
    return answer.skip_message or ""


def _keys(address: str) -> Sequence[str]:
    answer = httpx.post(f"{address}/graphql", json={"query": PARTITIONS}, timeout=60)
    node: dict[str, Any] = answer.json()["data"]["assetNodeOrError"]
    keys: Sequence[str] = node.get("partitionKeys", ())
    return keys


def _wait_for(address: str, wanted: Sequence[str]) -> None:
    deadline = time.monotonic() + PATIENCE
    while _keys(address) != wanted:
        assert time.monotonic() < deadline, _keys(address)
        time.sleep(1)


@pytest.mark.slow
@pytest.mark.timeout(700)
def test_a_symbol_added_beside_a_running_dagster_becomes_a_partition(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = street(tmp_path, ["ALDER", "BIRCH"])
    monkeypatch.setenv("REGIME_DATA_ROOT", str(settings.data_root))

    with dagster_dev(settings) as address:
        _wait_for(address, ["ALDER", "BIRCH"])
        added = "add ASPEN --name A --class US_EQUITY --tier daily --source files"
        with pytest.raises(SystemExit, match="0"):
            main(["universe", *added.split()])
        _wait_for(address, ["ALDER", "ASPEN", "BIRCH"])


def test_the_sensor_reloads_nothing_while_the_universe_is_the_loaded_one(tmp_path: Path) -> None:
    settings = street(tmp_path, ["OAK"])
    sensor = build_universe_sensor(load_universe(settings), partial(load_universe, settings))

    assert _reason(settings, sensor) == "the universe is the one that was loaded"
    own = settings.data_root / "universe.yaml"
    own.write_text(f"# a remark\n{own.read_text()}")
    assert _reason(settings, sensor) == "the universe is the one that was loaded"


def test_a_server_that_cannot_reload_itself_says_who_can(tmp_path: Path) -> None:
    settings = street(tmp_path, ["OAK"])
    sensor = build_universe_sensor(load_universe(settings), partial(load_universe, settings))

    street(tmp_path, ["OAK", "PINE"])

    assert "press Reload in the UI" in _reason(settings, sensor)


def test_an_invalid_universe_leaves_the_loaded_one_in_force(tmp_path: Path) -> None:
    settings = street(tmp_path, ["OAK"])
    sensor = build_universe_sensor(load_universe(settings), partial(load_universe, settings))

    (settings.data_root / "universe.yaml").write_text("instruments: [\n")

    reason = _reason(settings, sensor)
    assert reason.startswith("the loaded universe stays in force: ")
    assert "universe.yaml" in reason


def test_a_schedule_asks_for_whom_the_universe_has_at_its_tick(tmp_path: Path) -> None:
    settings = street(tmp_path, ["ASH", "OAK"])
    (_intraday, daily, *_) = build_schedules(partial(load_universe, settings))
    friday = dt.datetime(2026, 11, 20, 22, 30, tzinfo=dt.UTC)

    def asked() -> Sequence[str]:
        with (
            open_instance(settings) as instance,
            dg.build_schedule_context(
                instance=instance, scheduled_execution_time=friday
            ) as context,
        ):
            answer = daily(context)
        assert isinstance(answer, dg.RunRequest)
        symbols: Sequence[str] = answer.run_config["ops"]["update_daily_step"]["config"]["symbols"]
        return symbols

    before = asked()
    delist(settings, "ASH", dt.date(2026, 11, 19))
    add(settings, [load_universe(street(tmp_path / "x", ["PINE"])).instrument("PINE")])

    assert before == ["ASH", "OAK"]
    assert asked() == ["OAK", "PINE"]


def test_bars_of_a_symbol_added_after_the_load_are_not_lost_to_the_sensor(
    processed_eight: Settings, processed_instance: dg.DagsterInstance
) -> None:
    sensor = build_new_bars(partial(load_universe, processed_eight))
    build_definitions(processed_eight)
    street(processed_eight.data_root.parent, [*SYMBOLS, "ASPEN"])
    serve(processed_eight, "ASPEN", "1day", make_bars(30))

    run_listed(processed_eight, processed_instance, ["ASPEN"], "update_daily")
    with dg.build_sensor_context(instance=processed_instance) as context:
        answer = sensor(context)

    assert isinstance(answer, dg.SensorResult)
    (request,) = answer.run_requests or []
    assert request.run_config["ops"]["recompute_step"]["config"]["symbols"] == ["ASPEN"]


def test_a_listed_run_older_than_the_universe_processes_known_symbols_and_names_the_others(
    processed_eight: Settings, processed_instance: dg.DagsterInstance
) -> None:
    later = dt.datetime(2026, 11, 21, tzinfo=dt.UTC)
    rename(processed_eight, "ALDER", {"symbol": "ZELKOVA"}, later)
    for symbol, seed in (("ZELKOVA", 0), ("BIRCH", 1)):
        serve(processed_eight, symbol, "1day", make_bars(405, seed=seed))

    result = run_listed(
        processed_eight, processed_instance, ["ALDER", "BIRCH", "GONE"], "update_daily"
    )

    assert materialized(result, Stage.RAW_BARS) == ["BIRCH", "ZELKOVA"]
    assert "not in the universe: GONE" in failure_text(result)


def test_the_first_edit_of_a_data_root_is_in_force_for_the_runs_of_a_loaded_graph(
    settings: Settings,
) -> None:
    resource = WorkspaceResource(settings)

    add(settings, [load_universe(street(settings.data_root / "x", ["OAK"])).instrument("OAK")])

    assert "OAK" in resource.open().universe.symbols


@pytest.mark.slow
def test_a_delisted_symbol_stays_green_in_a_run_of_all_symbols(processed_eight: Settings) -> None:
    delist(processed_eight, "ELM", dt.date(2026, 11, 19))

    summary = materialize_symbols(processed_eight, SYMBOLS)

    assert summary.is_success
