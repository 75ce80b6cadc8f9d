"""However a run is launched, a planted bad bar changes no byte downstream, and others go on."""

from collections.abc import Callable, Mapping
from functools import partial

import dagster as dg
import pytest

from regime_platform.cli.main import main
from regime_platform.orchestration.sensors import build_sensors
from regime_platform.pipeline.outcomes import Stage
from regime_platform.settings import Settings, load_universe
from regime_platform_tests.builders import make_bars
from regime_platform_tests.orchestration.conftest import HELD, SYMBOLS
from regime_platform_tests.orchestration.graph import failure_text, run_listed, run_range
from regime_platform_tests.scenario import contents, serve, with_value

BAD = "ELM"
LAUNCHED = ("CEDAR", BAD, "FIR")
DOWNSTREAM = ("compute.db", "manifest.json", "compute_manifest.json")

Launch = Callable[[Settings, dg.DagsterInstance], str]


def _backfill_in_one_run(settings: Settings, instance: dg.DagsterInstance) -> str:
    return failure_text(run_range(settings, instance, LAUNCHED))


def _compute_db_alone(settings: Settings, instance: dg.DagsterInstance) -> str:
    before = [Stage.RAW_BARS, Stage.VALIDATED_BARS]
    run_range(settings, instance, LAUNCHED, stages=before)
    after = [Stage.COMPUTE_DB, Stage.MANIFESTS]
    return failure_text(run_range(settings, instance, LAUNCHED, stages=after))


def _compute_db_before_the_gate_has_seen_it(
    settings: Settings, instance: dg.DagsterInstance
) -> str:
    run_range(settings, instance, LAUNCHED, stages=[Stage.RAW_BARS])
    early = run_range(settings, instance, LAUNCHED, stages=[Stage.COMPUTE_DB, Stage.MANIFESTS])
    assert early.success  # nobody's promoted bars have changed
    return failure_text(run_range(settings, instance, LAUNCHED))


def _schedule_then_sensor(settings: Settings, instance: dg.DagsterInstance) -> str:
    (sensor,) = build_sensors(partial(load_universe, settings))
    seen = sensor(dg.build_sensor_context(instance=instance))
    assert run_listed(settings, instance, LAUNCHED, "update_daily").success
    answer = sensor(dg.build_sensor_context(instance=instance, cursor=_cursor(seen)))
    assert isinstance(answer, dg.SensorResult)
    (request,) = answer.run_requests or []
    (step,) = request.run_config["ops"].values()
    assert set(LAUNCHED) <= set(step["config"]["symbols"])
    return failure_text(run_listed(settings, instance, LAUNCHED, "recompute"))


def _listed_walk(settings: Settings, instance: dg.DagsterInstance) -> str:
    return failure_text(run_listed(settings, instance, LAUNCHED, "walk_listed"))


def _cursor(answer: object) -> str | None:
    return answer.cursor if isinstance(answer, dg.SensorResult) else None


WAYS: Mapping[str, Launch] = {
    "backfill in one run": _backfill_in_one_run,
    "compute_db alone": _compute_db_alone,
    "compute_db before the gate": _compute_db_before_the_gate_has_seen_it,
    "schedule, then sensor": _schedule_then_sensor,
    "listed walk": _listed_walk,
}


def _plant(settings: Settings) -> None:
    """New bars for everybody, and among those of one a bad one."""
    for symbol in LAUNCHED:
        bars = make_bars(HELD + 5, seed=SYMBOLS.index(symbol))
        spoilt = with_value(bars, HELD + 2, high=1.0) if symbol == BAD else bars
        serve(settings, symbol, "1day", spoilt)


def _downstream(settings: Settings, symbol: str) -> dict[str, str]:
    held = contents(settings.data_root / "assets" / symbol)
    return {name: held[name] for name in DOWNSTREAM}


@pytest.mark.parametrize("launch", WAYS.values(), ids=WAYS)
def test_the_gate_holds(
    launch: Launch, walked_eight: Settings, walked_instance: dg.DagsterInstance
) -> None:
    before = {symbol: _downstream(walked_eight, symbol) for symbol in LAUNCHED}
    _plant(walked_eight)

    said = launch(walked_eight, walked_instance)

    after = {symbol: _downstream(walked_eight, symbol) for symbol in LAUNCHED}
    assert after[BAD] == before[BAD]
    for symbol in set(LAUNCHED) - {BAD}:
        assert all(after[symbol][name] != before[symbol][name] for name in DOWNSTREAM), symbol
    assert "1 of 3 symbols are not through" in said
    assert f"{BAD} (blocked at" in said
    assert "high_low_order rejected 1 bar" in said


def test_the_gate_holds_from_the_command_line(
    walked_eight: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("REGIME_DATA_ROOT", str(walked_eight.data_root))
    monkeypatch.setenv("REGIME_FILES_ROOT", str(walked_eight.files_root))
    before = {symbol: _downstream(walked_eight, symbol) for symbol in LAUNCHED}
    _plant(walked_eight)

    with pytest.raises(SystemExit) as ended:
        main(["run", *LAUNCHED, "--json"])

    assert ended.value.code == 3
    assert "high_low_order rejected 1 bar" in capsys.readouterr().out
    for command in (["compute", BAD], ["compute", BAD, "--force"]):
        with pytest.raises(SystemExit) as ended:
            main(command)
        assert ended.value.code == 1
    assert _downstream(walked_eight, BAD) == before[BAD]
    assert _downstream(walked_eight, "FIR") != before["FIR"]
