"""A few of the sequences of `make chaos PART=model`."""

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as profile
from hypothesis.stateful import run_state_machine_as_test

from regime_platform_tests.chaos.model.machine import PlatformMachine
from regime_platform_tests.examples import examples

pytestmark = pytest.mark.slow


def test_any_sequence_of_commands_leaves_what_the_model_has() -> None:
    few = examples(2, 100, are_fixed=True, unchecked=list(HealthCheck))
    run_state_machine_as_test(PlatformMachine, settings=profile(few, stateful_step_count=12))

    assert PlatformMachine.done["steps"] > 10
