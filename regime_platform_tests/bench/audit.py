"""Is every change of what is held found? A thousand changes, one at a time, to 20 symbols.

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

from regime_platform.pipeline.derive import warm_kernels
from regime_platform.pipeline.platform import Platform, open_platform
from regime_platform.pipeline.verify import verify
from regime_platform.pipeline.walk import walk
from regime_platform.settings import Settings
from regime_platform_tests.bench.figures import Cost, median_cost
from regime_platform_tests.builders import LONG_AFTER, make_bars
from regime_platform_tests.street import serve, street
from regime_platform_tests.tampering import tamper

_SYMBOLS = 20
_TRIALS = 1_000
_TARGET = 1_565  # symbols of the universe the platform is built for
_SEED = 7
_RUNS = 9
_START = dt.datetime(2000, 1, 3, tzinfo=dt.UTC)


def trials(platform: Platform, count: int, chance: random.Random) -> Iterator[tuple[str, str, str]]:
    """Per change: the kind of file, the way it was changed, and what verifying said of it."""
    for _ in range(count):
        instrument = chance.choice(platform.universe.instruments)
        done = tamper(platform.root.symbol(instrument.symbol), chance)
        proof = verify(platform, instrument)
        done.undo()
        yield done.kind, done.how, "missed" if proof.status.is_good else proof.word


def all_proven(platform: Platform) -> bool:
    """True where nothing is found of any symbol."""
    return all(verify(platform, one).word == "proven" for one in platform.universe.instruments)


def daily_cost(folder: Path, *, recompute: bool) -> Cost:
    """Verifying one symbol of 5,000 daily and 1,000 weekly bars."""
    settings = street(folder, ["AAA"])
    serve(settings, "AAA", "1day", make_bars(5_000, start=_START))
    serve(settings, "AAA", "1week", make_bars(1_000, "1week", _START))
    platform = _walked(settings)
    (instrument,) = platform.universe.instruments
    if verify(platform, instrument).word != "proven":
        raise AssertionError("the symbol to be timed is not proven")
    return median_cost(lambda: verify(platform, instrument, recompute=recompute), _RUNS)


def filled(folder: Path) -> Platform:
    """The store: 20 symbols of daily bars, walked twice, so that chains have links to lose."""
    settings = street(folder, [f"AU{number:02d}" for number in range(_SYMBOLS)])
    for bars in (430, 440):
        for seed, symbol in enumerate(_names(settings)):
            serve(settings, symbol, "1day", make_bars(bars + seed, seed=seed))
        platform = _walked(settings)
    return platform


def main(count: int = _TRIALS) -> None:
    """Prints the figures; ends with 1 where a change was missed."""
    warm_kernels()
    with tempfile.TemporaryDirectory() as name:
        platform = filled(Path(name) / "trials")
        began = time.perf_counter()
        found = Counter(trials(platform, count, random.Random(_SEED)))
        took = time.perf_counter() - began
        for (kind, how, said), times in sorted(found.items()):
            print(f"{kind:10} {how:10} {said:10} {times:5}")
        missed = sum(times for (_, _, said), times in found.items() if said == "missed")
        whole = "all proven again afterwards" if all_proven(platform) else "NOT PROVEN AFTERWARDS"
        print(f"found {count - missed} of {count} in {took:.0f} s; {whole}")
        for recompute in (False, True):
            cost = daily_cost(Path(name) / f"daily-{recompute}", recompute=recompute)
            how = "with a new computation" if recompute else "without"
            print(
                f"daily symbol, 6,000 bars, verified {how}: "
                f"{1e3 * cost.cpu:.0f} ms ({1e3 * cost.wall:.0f} ms wall); EXTRAPOLATED to "
                f"{_TARGET:,} such symbols on two cores: {cost.cpu * _TARGET / 2:.0f} s"
            )
    sys.exit(1 if missed else 0)


def _walked(settings: Settings) -> Platform:
    platform = open_platform(settings)
    list(walk(platform, platform.universe.instruments, LONG_AFTER))
    return platform


def _names(settings: Settings) -> tuple[str, ...]:
    return open_platform(settings).universe.symbols


if __name__ == "__main__":
    main()
