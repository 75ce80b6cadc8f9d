"""What commands do is in Dagster after the next tick, and is computed once."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import dagster as dg
import pytest

from regime_platform.cli.main import main
from regime_platform.orchestration.events.checks import CHECK_KEYS
from regime_platform.orchestration.instance.home import open_instance
from regime_platform.orchestration.outbox_sensor import OutboxReport, command_line
from regime_platform.orchestration.resources import WorkspaceResource
from regime_platform.orchestration.sensors import build_new_bars
from regime_platform.pipeline.outbox import Outbox
from regime_platform.pipeline.outcomes import Stage
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.settings import Settings, load_universe
from regime_platform_tests.builders import make_bars
from regime_platform_tests.orchestration.graph import (
    BARS,
    SYMBOLS,
    append_bars,
    green,
    red,
    run_listed,
)
from regime_platform_tests.scenario import serve, street, with_value

pytestmark = pytest.mark.slow
Regime = Callable[..., int]


@pytest.fixture
def regime(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Regime:
    """Runs `regime` on the eight symbols of this test, and returns the exit code."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("REGIME_DATA_ROOT", str(tmp_path / "data"))
    monkeypatch.setenv("REGIME_FILES_ROOT", str(tmp_path / "files"))

    def run(*words: str) -> int:
        with pytest.raises(SystemExit) as ended:
            main(words)
        return int(ended.value.code or 0)

    return run


def _tick(settings: Settings, instance: dg.DagsterInstance) -> str:
    resources = {"workspace": WorkspaceResource(settings)}
    answer = command_line(dg.build_sensor_context(instance=instance, resources=resources))
    assert isinstance(answer, dg.SkipReason)
    return str(answer.skip_message)


def _started(settings: Settings, instance: dg.DagsterInstance) -> list[str]:
    """The symbols that the sensor new_bars starts runs for, by all events so far."""
    sensor = build_new_bars(partial(load_universe, settings))
    answer = sensor(dg.build_sensor_context(instance=instance))
    requests = (answer.run_requests or []) if isinstance(answer, dg.SensorResult) else []
    return [
        symbol
        for request in requests
        for symbol in request.run_config["ops"]["recompute_step"]["config"]["symbols"]
    ]


def _checks(instance: dg.DagsterInstance, name: str) -> dict[str | None, str]:
    """Partition -> status of the latest evaluation of a check, where it is of the latest bars."""
    keys = [key for key in CHECK_KEYS if key.name == name]
    infos = instance.event_log_storage.get_asset_check_partition_info(keys)
    return {info.partition_key: info.latest_execution_status.value for info in infos}


def _events(instance: dg.DagsterInstance) -> int:
    """How many materialisations Dagster has."""
    keys = [dg.AssetKey(stage.value) for stage in Stage]
    wanted = [dg.AssetRecordsFilter(asset_key=key) for key in keys]
    return sum(len(instance.fetch_materializations(each, limit=500).records) for each in wanted)


def _metadata(instance: dg.DagsterInstance, stage: Stage, symbol: str) -> dict[str, object]:
    """The metadata of the latest materialisation of a partition."""
    key = dg.AssetKey(stage.value)
    wanted = dg.AssetRecordsFilter(asset_key=key, asset_partitions=[symbol])
    (record,) = instance.fetch_materializations(wanted, limit=1).records
    assert record.asset_materialization is not None
    return {name: value.value for name, value in record.asset_materialization.metadata.items()}


def test_commands_turn_partitions_green_and_red_as_runs_do(regime: Regime, eight: Settings) -> None:
    assert eight.files_root is not None
    serve(eight, "CEDAR", "1day", with_value(make_bars(BARS, seed=2), 300, high=1.0))
    garbage = eight.files_root / "FIR" / "1day.parquet"
    garbage.write_bytes(b"no bars")

    serve(eight, "BIRCH", "1week", make_bars(3, "1week"))
    weeks = eight.files_root / "BIRCH" / "1week.parquet"
    weeks.write_bytes(b"no bars")  # its days are processed

    code = regime("run", "ALDER", "BIRCH", "CEDAR", "FIR")
    waiting = Outbox(eight).waiting()
    with open_instance(eight) as instance:  # the first start of a daemon
        message = _tick(eight, instance)

        assert code == 3
        assert waiting.symbols == ("ALDER", "BIRCH", "CEDAR", "FIR")
        assert waiting.oldest is not None
        assert message == "4 symbols reported"
        assert "ALDER" in green(eight, instance, Stage.RAW_BARS)
        for stage in (Stage.VALIDATED_BARS, Stage.COMPUTE_DB, Stage.MANIFESTS):
            assert {"ALDER", "BIRCH"} <= green(eight, instance, stage)
        assert red(eight, instance, Stage.VALIDATED_BARS) == {"CEDAR"}
        assert red(eight, instance, Stage.RAW_BARS) == {"BIRCH", "FIR"}
        gate = _checks(instance, "gate")
        assert (gate["ALDER"], gate["CEDAR"]) == ("SUCCEEDED", "FAILED")
        assert _started(eight, instance) == []
        (failed,) = instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.FAILURE]))
        log = [str(entry.message) for entry in instance.all_logs(failed.run_id)]
        assert any(line.startswith("FIR failed at raw_bars: ") for line in log)

        Outbox(eight).leave_stored(["BIRCH"])  # as a repair does, which fetches nothing
        _tick(eight, instance)
        assert red(eight, instance, Stage.RAW_BARS) == {"BIRCH", "FIR"}
        assert "BIRCH" in green(eight, instance, Stage.MANIFESTS)

        before = len(instance.get_runs())
        regime("run", "CEDAR", "FIR")  # fail as before
        assert _tick(eight, instance) == "0 symbols reported"
        assert len(instance.get_runs()) == before
        assert _tick(eight, instance) == "no command changed a symbol since the last tick"
        serve(eight, "CEDAR", "1day", make_bars(BARS, seed=2))
        serve(eight, "FIR", "1day", make_bars(BARS, seed=4))
        before = _events(instance)
        assert regime("run", "ALDER", "CEDAR", "FIR") == 0
        _tick(eight, instance)

        assert _events(instance) == before + 8  # none for ALDER, which is unchanged
        for stage in Stage:
            assert {"ALDER", "CEDAR", "FIR"} <= green(eight, instance, stage)
        assert set(_checks(instance, "gate").values()) == {"SUCCEEDED"}
        assert _metadata(instance, Stage.COMPUTE_DB, "FIR")["how"]

        instance.wipe_assets([dg.AssetKey("compute_db"), dg.AssetKey("manifests")])
        assert regime("run", "ALDER") == 0  # finds it unchanged, and Dagster shows it as missing
        assert regime("compute", "CEDAR", "--force") == 0  # whose manifests are unchanged
        _tick(eight, instance)

        assert green(eight, instance, Stage.COMPUTE_DB) == {"ALDER", "CEDAR"}
        assert green(eight, instance, Stage.MANIFESTS) == {"ALDER", "CEDAR"}
        assert Outbox(eight).waiting().has_unchanged is False


def test_fetched_bars_are_computed_by_dagster_unless_a_command_did(
    regime: Regime, processed_eight: Settings, processed_instance: dg.DagsterInstance
) -> None:
    settings, instance = processed_eight, processed_instance
    append_bars(settings, ("BIRCH", "CEDAR", "HAZEL"))

    regime("update", "BIRCH", "CEDAR", "ELM")
    regime("update", "--raw-only", "HAZEL")
    Path(settings.dagster_folder / "outbox" / "HAZEL.json").write_text("{")
    regime("run", "BIRCH")
    _tick(settings, instance)

    assert _metadata(instance, Stage.RAW_BARS, "BIRCH")["is_processed"] is True
    assert _metadata(instance, Stage.RAW_BARS, "CEDAR")["rows_inserted"] == 1
    assert _started(settings, instance) == ["CEDAR", "HAZEL"]

    garbage = settings.files_root / "FIR" / "1day.parquet"  # type: ignore[operator]
    good = garbage.read_bytes()
    garbage.write_bytes(b"no bars")
    regime("update", "FIR")
    garbage.write_bytes(good)
    append_bars(settings, ("FIR",))
    assert run_listed(settings, instance, ["FIR"], "process_listed").success  # Dagster was first
    _tick(settings, instance)

    assert red(settings, instance, Stage.RAW_BARS) == set()


def test_a_tick_is_bounded_and_survives_damage_crashes_and_edits(
    processed_eight: Settings,
    processed_instance: dg.DagsterInstance,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings, instance = processed_eight, processed_instance
    outbox = Outbox(settings)
    outbox.leave_stored(SYMBOLS)
    (outbox.folder / "ALDER.json").write_text("{")
    before = _events(instance)

    first = OutboxReport(RunWorkspace.open(settings), instance)
    first.run(most=5)
    with monkeypatch.context() as killed:
        killed.setattr(Outbox, "remove", lambda *_, **__: pytest.exit("killed"))
        with pytest.raises(pytest.exit.Exception):
            OutboxReport(RunWorkspace.open(settings), instance).run()
    again = outbox.waiting().symbols
    street(tmp_path, [symbol for symbol in SYMBOLS if symbol != again[1]])
    last = OutboxReport(RunWorkspace.open(settings), instance)
    last.run()

    assert (len(first.symbols), first.left, len(again)) == (5, 3, 3)
    assert len(last.symbols) == 2
    assert _events(instance) == before + 4 * (5 + 3 + 2)
    assert outbox.waiting().symbols == ()
    gone, unreadable = last.lines
    assert gone == f"{again[1]} is not in the universe: what commands did is not shown"
    assert "ALDER.json cannot be read" in unreadable
    assert (outbox.folder / "set_aside" / "ALDER.json").read_text() == "{"
    assert set(_checks(instance, "is_complete").values()) == {"SUCCEEDED"}
