"""Since when a label has stood."""

import numpy as np

from regime_platform.compute.states import run_start


def test_a_label_that_never_changed_has_run_since_the_first_row() -> None:
    assert run_start(np.array([3, 3, 3], np.uint8)) == 0
    assert run_start(np.array([3, 1, 3], np.uint8)) == 2
