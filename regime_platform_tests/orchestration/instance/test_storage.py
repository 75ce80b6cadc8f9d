"""The same new bar by command line, UI, schedule and sensor leaves the identical state."""

import json
import shutil
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import yaml

from regime_platform.bar_store.canonical import read_bars
from regime_platform.bar_store.verdicts import read_verdict
from regime_platform.cli.main import main
from regime_platform.orchestration.instance.home import open_instance
from regime_platform.orchestration.sensors import build_new_bars
from regime_platform.pipeline.run import run_symbols
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.settings import Settings, load_universe
from regime_platform_tests.conftest import NOW
from regime_platform_tests.orchestration.graph import run_listed, run_range
from regime_platform_tests.scenario import serve

pytestmark = pytest.mark.slow

#: Of both tiers and three classes; the last has too few bars for results.
SYMBOLS = ("EURUSD", "SYNTH", "AAPL", "FB")
Launch = Callable[[Settings, pytest.MonkeyPatch], None]
#: What differs by when something was fetched, and by nothing else.
_OF_THE_FETCH = frozenset(
    {"input_digest", "log_digest", "raw_log_digest", "raw_files", "verdict_digest", "seal"}
)


@pytest.fixture(scope="module")
def behind(processed: RunWorkspace, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sample symbols from files, processed, while the files have a bar more of each series."""
    folder = tmp_path_factory.mktemp("behind")
    settings = _settings(folder)
    (folder / "data").mkdir()
    entries = [
        {**instrument.model_dump(mode="json"), "source": "files"}
        for instrument in processed.universe.select(SYMBOLS)
    ]
    (folder / "data" / "universe.yaml").write_text(yaml.safe_dump({"instruments": entries}))
    for most in (-1, None):
        for symbol in SYMBOLS:
            verdict = read_verdict(processed.root.symbol(symbol))
            assert verdict is not None
            for timeframe, promoted in verdict.promoted.items():
                bars = read_bars(processed.root.symbol(symbol).bars(timeframe), promoted)[0]
                serve(settings, symbol, timeframe, bars.tail(500).head(most or bars.height))
        if most is not None:
            workspace = RunWorkspace.open(settings)
            outcomes = list(run_symbols(workspace, workspace.universe.instruments, NOW))
            assert all(outcome.status.is_good for outcome in outcomes), outcomes
    return folder


def _settings(folder: Path) -> Settings:
    return Settings(
        _env_file=None, REGIME_DATA_ROOT=folder / "data", REGIME_FILES_ROOT=folder / "files"
    )


def _by_command_line(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGIME_DATA_ROOT", str(settings.data_root))
    monkeypatch.setenv("REGIME_FILES_ROOT", str(settings.files_root))
    with pytest.raises(SystemExit) as ended:
        main(["run", "--all"])
    assert ended.value.code == 0


def _by_ui(settings: Settings, _monkeypatch: pytest.MonkeyPatch) -> None:
    with open_instance(settings) as instance:
        assert run_range(settings, instance, load_universe(settings).symbols).success


def _by_schedules_and_sensor(settings: Settings, _monkeypatch: pytest.MonkeyPatch) -> None:
    sensor = build_new_bars(partial(load_universe, settings))
    with open_instance(settings) as instance:
        for job in ("update_core", "update_daily"):
            assert run_listed(settings, instance, [], job).success
        answer = sensor(dg.build_sensor_context(instance=instance))
        assert isinstance(answer, dg.SensorResult)
        for request in answer.run_requests or []:
            (step,) = request.run_config["ops"].values()
            symbols = step["config"]["symbols"]
            assert run_listed(settings, instance, symbols, "recompute").success


WAYS: Mapping[str, Launch] = {
    "command line": _by_command_line,
    "ui": _by_ui,
    "schedules and sensor": _by_schedules_and_sensor,
}


def _state(settings: Settings) -> dict[str, Any]:
    workspace = RunWorkspace.open(settings)
    state = {}
    for symbol in workspace.universe.symbols:
        paths = workspace.root.symbol(symbol)
        for path in (paths.verdict, paths.manifest, paths.compute_manifest):
            facts = json.loads(path.read_text())
            state[f"{symbol}/{path.name}"] = _without_fetch(facts.get("manifest", facts))
        state[f"{symbol}/results"] = json.loads(paths.compute_manifest.read_text())["digest"]
    return state


def _without_fetch(facts: Any) -> Any:
    if isinstance(facts, dict):
        return {k: _without_fetch(v) for k, v in facts.items() if k not in _OF_THE_FETCH}
    return [_without_fetch(fact) for fact in facts] if isinstance(facts, list) else facts


def test_every_way_of_one_bar_more_leaves_one_state(
    behind: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, states = _state(_settings(behind)), {}
    for name, launch in WAYS.items():
        shutil.copytree(behind, tmp_path / name)
        settings = _settings(tmp_path / name)
        launch(settings, monkeypatch)
        states[name] = _state(settings)

    first = states.pop("command line")
    assert all(first[name] != before[name] for name in before)
    for name, state in states.items():
        different = [key for key in first if state[key] != first[key]]
        assert different == [], name
