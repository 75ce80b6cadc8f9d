"""However a run is launched, a planted bad bar changes no byte downstream, and others go on."""

from collections.abc import Callable, Mapping
from functools import partial

import dagster as dg
import pytest

from regime_platform.cli.main import main
from regime_platform.orchestration.sensors import build_new_bars
from regime_platform.pipeline.outcomes import Stage
from regime_platform.settings import Settings, load_universe
from regime_platform_tests.builders import make_bars
from regime_platform_tests.orchestration.graph import (
    BARS,
    SYMBOLS,
    failure_text,
    run_listed,
    run_range,
)
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
    assert early.success  # no promoted bars changed
    return failure_text(run_range(settings, instance, LAUNCHED))


def _schedule_then_sensor(settings: Settings, instance: dg.DagsterInstance) -> str:
    sensor = build_new_bars(partial(load_universe, settings))
    seen = sensor(dg.build_sensor_context(instance=instance))
    assert run_listed(settings, instance, LAUNCHED, "update_daily").success
    answer = sensor(dg.build_sensor_context(instance=instance, cursor=_cursor(seen)))
    assert isinstance(answer, dg.SensorResult)
    (request,) = answer.run_requests or []
    (step,) = request.run_config["ops"].values()
    assert set(LAUNCHED) <= set(step["config"]["symbols"])
    return failure_text(run_listed(settings, instance, LAUNCHED, "recompute"))


def _listed_run(settings: Settings, instance: dg.DagsterInstance) -> str:
    return failure_text(run_listed(settings, instance, LAUNCHED, "process_listed"))


def _cursor(answer: object) -> str | None:
    return answer.cursor if isinstance(answer, dg.SensorResult) else None


WAYS: Mapping[str, Launch] = {
    "backfill in one run": _backfill_in_one_run,
    "compute_db alone": _compute_db_alone,
    "compute_db before the gate": _compute_db_before_the_gate_has_seen_it,
    "schedule, then sensor": _schedule_then_sensor,
    "listed run": _listed_run,
}


def _plant(settings: Settings) -> None:
    """New bars for all symbols, one of them with a bad bar."""
    for symbol in LAUNCHED:
        bars = make_bars(BARS + 5, seed=SYMBOLS.index(symbol))
        spoilt = with_value(bars, BARS + 2, high=1.0) if symbol == BAD else bars
        serve(settings, symbol, "1day", spoilt)


def _downstream(settings: Settings, symbol: str) -> dict[str, str]:
    files = contents(settings.data_root / "assets" / symbol)
    return {name: files[name] for name in DOWNSTREAM}


@pytest.mark.slow
@pytest.mark.parametrize("launch", WAYS.values(), ids=WAYS)
def test_the_gate_holds(
    launch: Launch, processed_eight: Settings, processed_instance: dg.DagsterInstance
) -> None:
    before = {symbol: _downstream(processed_eight, symbol) for symbol in LAUNCHED}
    _plant(processed_eight)

    message = launch(processed_eight, processed_instance)

    after = {symbol: _downstream(processed_eight, symbol) for symbol in LAUNCHED}
    assert after[BAD] == before[BAD]
    for symbol in set(LAUNCHED) - {BAD}:
        assert all(after[symbol][name] != before[symbol][name] for name in DOWNSTREAM), symbol
    assert "1 of 3 symbols failed" in message
    assert f"{BAD} (blocked at" in message
    assert "high_low_order rejected 1 bar" in message


def test_the_gate_holds_from_the_command_line(
    processed_eight: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("REGIME_DATA_ROOT", str(processed_eight.data_root))
    monkeypatch.setenv("REGIME_FILES_ROOT", str(processed_eight.files_root))
    before = {symbol: _downstream(processed_eight, symbol) for symbol in LAUNCHED}
    _plant(processed_eight)

    with pytest.raises(SystemExit) as ended:
        main(["run", *LAUNCHED, "--json"])

    assert ended.value.code == 3
    assert "high_low_order rejected 1 bar" in capsys.readouterr().out
    for command in (["compute", BAD], ["compute", BAD, "--force"]):
        with pytest.raises(SystemExit) as ended:
            main(command)
        assert ended.value.code == 1
    assert _downstream(processed_eight, BAD) == before[BAD]
    assert _downstream(processed_eight, "FIR") != before["FIR"]
