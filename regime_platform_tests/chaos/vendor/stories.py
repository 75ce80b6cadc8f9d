"""The part `vendor` of `make chaos`: one story after the other."""

import itertools
import random
import shutil
from collections.abc import Iterator
from pathlib import Path

from regime_platform_tests.chaos.trials import Trial
from regime_platform_tests.chaos.vendor.story import Story


def trials(seed: int, folder: Path) -> Iterator[Trial]:
    """One story after the other, each with a seed of its own that a failure names."""
    random_ = random.Random(seed)
    for number in itertools.count():
        own = random_.randrange(2**32)
        where = folder / str(number)
        is_good = True
        for trial in one_story(own, where, is_slow=number % 5 == 4):
            is_good &= not trial.problem
            yield trial
        if is_good:
            shutil.rmtree(where)


def one_story(
    seed: int, folder: Path, *, is_slow: bool = False, chapters: int = 0
) -> Iterator[Trial]:
    """The weeks of one seed."""
    folder.mkdir(parents=True)
    with Story.begun(folder, seed, is_slow=is_slow) as story:
        for trial in story.played(chapters):
            yield Trial(trial.fault, f"seed {seed}: {trial.problem}") if trial.problem else trial
