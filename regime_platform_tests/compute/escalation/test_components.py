"""The raw components, before they are ranked."""

import numpy as np

from regime_platform.compute.escalation.components import raw_components
from regime_platform_tests.reference import escalation_reference as reference


def test_raw_components_are_those_of_the_rules_written_out() -> None:
    inputs = np.random.default_rng(6).random((5, 90)) + 0.1

    components = raw_components(*inputs)

    expected = reference.raw_components(*inputs.tolist())
    for component, plain in zip(components, expected, strict=True):
        np.testing.assert_array_equal(component, plain)


def test_constant_series_do_not_rise_or_fall() -> None:
    components = raw_components(*np.full((5, 60), 0.3))

    assert (components[0][11:] == 0.3).all()
    assert all((component[11:] == 0.0).all() for component in components[1:])
