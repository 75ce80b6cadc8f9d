"""Sequences of commands against the model, again and again: a part of `make chaos`."""

import itertools
import traceback
from collections.abc import Iterator
from pathlib import Path

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from regime_platform_tests.chaos.model.machine import PlatformMachine
from regime_platform_tests.chaos.trials import Trial

_PROFILE = settings(
    max_examples=10,
    stateful_step_count=40,
    deadline=None,
    database=None,
    phases=[Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),
)


def trials(first: int, _folder: Path) -> Iterator[Trial]:
    """What ten sequences of each seed did; the shortest that failed is the problem."""
    for number in itertools.count(first * 1_000_000):
        PlatformMachine.done.clear()
        problem = ""
        try:
            run_state_machine_as_test(seed(number)(PlatformMachine), settings=_PROFILE)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is reported
            notes = "\n".join(getattr(error, "__notes__", ()))
            problem = f"seed {number}: {traceback.format_exc(limit=-2)}{notes}"
        for name, times in PlatformMachine.done.items():
            yield from itertools.repeat(Trial(name), times)
        yield Trial("ten sequences", problem)
