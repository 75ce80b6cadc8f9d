"""Does `regime verify` detect every change? A thousand changes, one at a time, to 20 symbols.

Also timed: verifying without and with a new computation. `make bench-audit` prints the figures.
"""

import datetime as dt
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from regime_platform.audit.verify.verification import Verification
from regime_platform.audit.verify.verify import (
    verify,
    verify_many,
)
from regime_platform.compute.engine import warm_up
from regime_platform.pipeline.run import run_symbols
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.settings import Settings
from regime_platform_tests.bench.figures import Cost, cost_of
from regime_platform_tests.builders import LONG_AFTER, make_bars
from regime_platform_tests.scenario import serve, street
from regime_platform_tests.tampering import tamper

_SYMBOLS = 20
_TRIALS = 1_000
_DAILY, _CORE = 1_507, 58  # symbols of the universe the platform is built for
_SEED = 7
_TIMED, _TIMED_CORE = 24, 2
_START = dt.datetime(2000, 1, 3, tzinfo=dt.UTC)
_CORE_BARS = {"15min": 75_000, "1h": 30_000, "4h": 12_000, "1day": 8_000, "1week": 1_700}
_CORE_START = dt.datetime(1993, 1, 4, tzinfo=dt.UTC)  # every series ends before today


def trials(
    workspace: RunWorkspace, count: int, chance: random.Random
) -> Iterator[tuple[str, str, str]]:
    """Per change: the kind of file, the way it was changed, and the result of verifying."""
    for _ in range(count):
        instrument = chance.choice(workspace.universe.instruments)
        done = tamper(workspace.root.symbol(instrument.symbol), chance)
        proof = verify(workspace, instrument)
        done.undo()
        yield done.kind, done.how, "missed" if proof.status.is_good else proof.result


def all_proven(workspace: RunWorkspace) -> bool:
    """True where every symbol is proven."""
    return all(
        verify(workspace, instrument).result == "proven"
        for instrument in workspace.universe.instruments
    )


def daily_symbols(folder: Path, count: int) -> RunWorkspace:
    """Symbols of 5,000 daily and 1,000 weekly bars each, processed once."""
    settings = street(folder, [f"DY{number:02d}" for number in range(count)])
    for seed, symbol in enumerate(_names(settings)):
        serve(settings, symbol, "1day", make_bars(5_000, start=_START, seed=seed))
        serve(settings, symbol, "1week", make_bars(1_000, "1week", _START, seed))
    return _processed(settings)


def core_symbols(folder: Path, count: int) -> RunWorkspace:
    """Symbols of 126,700 bars in five timeframes each, processed once."""
    names = [f"CO{number:02d}" for number in range(count)]
    settings = street(folder, names, tier="core", asset_class="FX")  # bars at all hours
    for seed, symbol in enumerate(_names(settings)):
        for timeframe, bars in _CORE_BARS.items():
            serve(settings, symbol, timeframe, make_bars(bars, timeframe, _CORE_START, seed))
    return _processed(settings)


def verifying_cost(workspace: RunWorkspace, *, recompute: bool) -> Cost:
    """The cost of verifying all symbols in turn.

    Raises:
        AssertionError: a symbol is not proven, so that its time has no meaning.
    """
    proofs: list[Verification] = []

    def work() -> None:
        proofs[:] = verify_many(workspace, workspace.universe.instruments, recompute=recompute)

    cost = cost_of(work)
    if {proof.result for proof in proofs} != {"proven"}:
        raise AssertionError("a symbol to be timed is not proven")
    return cost


def print_costs(daily: RunWorkspace, core: RunWorkspace, *, recompute: bool) -> None:
    """Prints the cost of a symbol of either kind, and that of the universe by extrapolation."""
    how = "with a new computation" if recompute else "without"
    whole = 0.0
    for kind, workspace, count in (("daily", daily, _DAILY), ("core", core, _CORE)):
        timed = len(workspace.universe.instruments)
        cpu, wall = (
            1e3 * seconds / timed for seconds in verifying_cost(workspace, recompute=recompute)
        )
        whole += cpu * count / 2000
        print(f"{kind} symbol, verified {how}, mean of {timed}: {cpu:.0f} ms ({wall:.0f} ms wall)")
    print(
        f"EXTRAPOLATED to {_DAILY:,} daily and {_CORE} core symbols by two processes: {whole:.0f} s"
    )


def filled(folder: Path) -> RunWorkspace:
    """The store: 20 symbols of daily bars, processed twice, so that chains have several links."""
    settings = street(folder, [f"AU{number:02d}" for number in range(_SYMBOLS)])
    for bars in (430, 440):
        for seed, symbol in enumerate(_names(settings)):
            serve(settings, symbol, "1day", make_bars(bars + seed, seed=seed))
        workspace = _processed(settings)
    return workspace


def main(count: int = _TRIALS) -> None:
    """Prints the figures; ends with 1 where a change was missed."""
    warm_up()
    with tempfile.TemporaryDirectory() as name:
        workspace = filled(Path(name) / "trials")
        began = time.perf_counter()
        results = Counter(trials(workspace, count, random.Random(_SEED)))
        took = time.perf_counter() - began
        for (kind, how, result), times in sorted(results.items()):
            print(f"{kind:10} {how:10} {result:10} {times:5}")
        missed = sum(times for (_, _, result), times in results.items() if result == "missed")
        whole = "all proven again afterwards" if all_proven(workspace) else "NOT PROVEN AFTERWARDS"
        print(f"detected {count - missed} of {count} in {took:.0f} s; {whole}")
        daily = daily_symbols(Path(name) / "daily", _TIMED)
        core = core_symbols(Path(name) / "core", _TIMED_CORE)
        for recompute in (False, True):
            print_costs(daily, core, recompute=recompute)
    sys.exit(1 if missed else 0)


def _processed(settings: Settings) -> RunWorkspace:
    workspace = RunWorkspace.open(settings)
    list(run_symbols(workspace, workspace.universe.instruments, LONG_AFTER))
    return workspace


def _names(settings: Settings) -> tuple[str, ...]:
    return RunWorkspace.open(settings).universe.symbols


if __name__ == "__main__":
    main()
