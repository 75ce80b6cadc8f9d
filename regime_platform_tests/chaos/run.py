"""Tries faults for a while: `make chaos [PART=kills] [SEED=1] [SECONDS=600]`.

Each part gets an equal share of the time. The seed is printed, and with the same seed a part tries
the same faults in the same order.
"""

import argparse
import importlib
import random
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from regime_platform_tests.chaos.trials import Trial, Trials

#: Part -> its module below this folder, with a function `trials`.
PARTS: Mapping[str, str] = {
    "load": "load.universe",
    "several": "several.races",
    "clock": "clock",
    "damage": "damage.damage",
    "full_disks": "kills.full_disks",
    "kills": "kills.killing",
    "vendor": "vendor.stories",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Ends with 1 where a fault was not survived."""
    options = argparse.ArgumentParser(prog="chaos")
    options.add_argument("--seconds", type=float, default=600)
    options.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**32))
    options.add_argument("--part", choices=[*PARTS])
    chosen = options.parse_args(arguments)
    parts = [chosen.part] if chosen.part else list(PARTS)
    print(f"seed {chosen.seed}, {chosen.seconds:g} s over {len(parts)} parts", flush=True)
    failed = sum(_tried(part, chosen.seed, chosen.seconds / len(parts)) for part in parts)
    print(f"{failed} faults were not survived" if failed else "all were survived")
    return 1 if failed else 0


def _tried(part: str, seed: int, seconds: float) -> int:
    trials: Trials = importlib.import_module(f"regime_platform_tests.chaos.{PARTS[part]}").trials
    folder = Path(tempfile.mkdtemp(prefix=f"{part}-"))
    ends = time.monotonic() + seconds
    tried, failed = Counter[str](), list[Trial]()
    with suppress(KeyboardInterrupt):  # what was tried until then is shown all the same
        for trial in trials(seed, folder):
            tried[trial.fault] += 1
            if trial.problem:
                failed.append(trial)
                print(f"  {part}: {trial.fault}: {trial.problem}", flush=True)
            if time.monotonic() > ends:
                break
    print(f"{part}: {tried.total():,} tried, {len(failed)} not survived", flush=True)
    for fault, times in sorted(tried.items()):
        print(f"  {times:>8,}  {fault}", flush=True)
    if failed:
        print(f"  again: make chaos PART={part} SEED={seed}; files in {folder}", flush=True)
    else:
        shutil.rmtree(folder)
    return len(failed)


if __name__ == "__main__":
    raise SystemExit(main())
