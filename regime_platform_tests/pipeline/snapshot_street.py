"""Three symbols with results, and what may happen to them between two snapshots."""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from regime_platform.compute.eras.eras import ERA_CLASSES, EraSet, tiling_eras
from regime_platform.pipeline.outcomes import Stage
from regime_platform.pipeline.platform import RunWorkspace
from regime_platform.pipeline.run import run_symbols
from regime_platform.settings import Settings
from regime_platform_tests.builders import LONG_AFTER, make_bars
from regime_platform_tests.scenario import serve, with_value

SYMBOLS = ("AAA", "BBB", "CCC")
BARS = {symbol: make_bars(425, seed=seed) for seed, symbol in enumerate(SYMBOLS)}
HELD = 420
RESULTS = (Stage.COMPUTE_DB, Stage.MANIFESTS)
OTHER_ERAS = EraSet(
    "other", dt.date(2012, 1, 1), dict.fromkeys(ERA_CLASSES, tiling_eras((dt.date(2012, 6, 1),)))
)


@dataclass(frozen=True)
class Street:
    """The platform over them, and the day it is."""

    settings: Settings
    workspace: RunWorkspace
    day: int = 0

    @property
    def now(self) -> dt.datetime:
        return LONG_AFTER + dt.timedelta(days=self.day)

    def tomorrow(self) -> "Street":
        return replace(self, day=self.day + 1, workspace=RunWorkspace.open(self.settings))

    def walked(self, *stages: Stage, force: bool = False) -> "Street":
        chosen = stages or tuple(Stage)
        instruments = self.workspace.universe.instruments
        outcomes = list(
            run_symbols(self.workspace, instruments, self.now, stages=chosen, force=force)
        )
        assert all(outcome.status.is_good for outcome in outcomes)
        return self

    def with_platform(self, **parts: object) -> "Street":
        return replace(self, workspace=replace(self.workspace, **parts))  # type: ignore[arg-type]


def opened(settings: Settings) -> Street:
    """All three after one walk."""
    for symbol, bars in BARS.items():
        serve(settings, symbol, "1day", bars[:HELD])
    return Street(settings, RunWorkspace.open(settings)).walked()


def _new_bar(street: Street) -> Street:
    serve(street.settings, "AAA", "1day", BARS["AAA"][: HELD + 1])
    return street.walked()


def _revision(street: Street) -> Street:
    bars = BARS["AAA"][:HELD]
    close = bars["close"][HELD - 3] * 1.0001
    serve(street.settings, "AAA", "1day", with_value(bars, HELD - 3, close=close))
    return street.walked()


def _other_eras(street: Street) -> Street:
    return street.with_platform(eras=OTHER_ERAS).walked(*RESULTS)


def _other_parameters(street: Street) -> Street:
    params = replace(street.workspace.params, short_list=0)
    return street.with_platform(params=params).walked(*RESULTS, force=True)


def _other_code(street: Street) -> Street:
    code = replace(street.workspace.code, compute_digest="0" * 64)
    return street.with_platform(code=code).walked(*RESULTS, force=True)


def _other_library(street: Street) -> Street:
    found = dict(street.workspace.code.libraries) | {"numpy": "9.9"}
    code = replace(street.workspace.code, libraries=tuple(found.items()))
    return street.with_platform(code=code).walked(*RESULTS, force=True)


#: What happened -> how, whom it touches, and what a diff calls it.
EVENTS: Mapping[str, tuple[Callable[[Street], Street], tuple[str, ...], str]] = {
    "a new bar": (_new_bar, ("AAA",), "bars"),
    "a revision": (_revision, ("AAA",), "bars"),
    "other eras": (_other_eras, SYMBOLS, "eras"),
    "other parameters": (_other_parameters, SYMBOLS, "parameters"),
    "other code": (_other_code, SYMBOLS, "code"),
    "another library": (_other_library, SYMBOLS, "libraries"),
}
