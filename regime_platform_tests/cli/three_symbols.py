"""Bars of a good symbol, and of one with a bar whose low is above its high."""

from regime_platform_tests.builders import make_bars
from regime_platform_tests.scenario import with_value

GOOD = make_bars(420, seed=1)
BAD = with_value(make_bars(420, seed=2), 300, low=1e6)
