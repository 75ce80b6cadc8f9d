"""Three symbols with results, and what may happen to them between two snapshots."""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from regime_platform.compute.eras.eras import ERA_CLASSES, EraSet, tiling_eras
from regime_platform.pipeline.outcomes import Stage
from regime_platform.pipeline.run import run_symbols
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.settings import Settings
from regime_platform_tests.builders import LONG_AFTER, make_bars
from regime_platform_tests.scenario import serve, with_value

SYMBOLS = ("AAA", "BBB", "CCC")
BARS = {symbol: make_bars(425, seed=seed) for seed, symbol in enumerate(SYMBOLS)}
STORED = 420
RESULTS = (Stage.COMPUTE_DB, Stage.MANIFESTS)
OTHER_ERAS = EraSet(
    "other", dt.date(2012, 1, 1), dict.fromkeys(ERA_CLASSES, tiling_eras((dt.date(2012, 6, 1),)))
)


@dataclass(frozen=True)
class Scenario:
    """The platform over them, and the day it is."""

    settings: Settings
    workspace: RunWorkspace
    day: int = 0

    @property
    def now(self) -> dt.datetime:
        return LONG_AFTER + dt.timedelta(days=self.day)

    def tomorrow(self) -> "Scenario":
        return replace(self, day=self.day + 1, workspace=RunWorkspace.open(self.settings))

    def run(self, *stages: Stage, force: bool = False) -> "Scenario":
        chosen = stages or tuple(Stage)
        instruments = self.workspace.universe.instruments
        outcomes = list(
            run_symbols(self.workspace, instruments, self.now, stages=chosen, force=force)
        )
        assert all(outcome.status.is_good for outcome in outcomes)
        return self

    def with_parts(self, **parts: object) -> "Scenario":
        return replace(self, workspace=replace(self.workspace, **parts))  # type: ignore[arg-type]


def opened(settings: Settings) -> Scenario:
    """All three after one run."""
    for symbol, bars in BARS.items():
        serve(settings, symbol, "1day", bars[:STORED])
    return Scenario(settings, RunWorkspace.open(settings)).run()


def _new_bar(scenario: Scenario) -> Scenario:
    serve(scenario.settings, "AAA", "1day", BARS["AAA"][: STORED + 1])
    return scenario.run()


def _revision(scenario: Scenario) -> Scenario:
    bars = BARS["AAA"][:STORED]
    close = bars["close"][STORED - 3] * 1.0001
    serve(scenario.settings, "AAA", "1day", with_value(bars, STORED - 3, close=close))
    return scenario.run()


def _other_eras(scenario: Scenario) -> Scenario:
    return scenario.with_parts(eras=OTHER_ERAS).run(*RESULTS)


def _other_parameters(scenario: Scenario) -> Scenario:
    params = replace(scenario.workspace.params, short_list=0)
    return scenario.with_parts(params=params).run(*RESULTS, force=True)


def _other_code(scenario: Scenario) -> Scenario:
    code = scenario.workspace.code.model_copy(update={"compute_digest": "0" * 64})
    return scenario.with_parts(code=code).run(*RESULTS, force=True)


def _other_library(scenario: Scenario) -> Scenario:
    libraries = scenario.workspace.code.libraries | {"numpy": "9.9"}
    code = scenario.workspace.code.model_copy(update={"libraries": libraries})
    return scenario.with_parts(code=code).run(*RESULTS, force=True)


#: What happened -> how, whom it touches, and what a diff calls it.
EVENTS: Mapping[str, tuple[Callable[[Scenario], Scenario], tuple[str, ...], str]] = {
    "a new bar": (_new_bar, ("AAA",), "bars"),
    "a revision": (_revision, ("AAA",), "bars"),
    "other eras": (_other_eras, SYMBOLS, "eras"),
    "other parameters": (_other_parameters, SYMBOLS, "parameters"),
    "other code": (_other_code, SYMBOLS, "code"),
    "another library": (_other_library, SYMBOLS, "libraries"),
}
