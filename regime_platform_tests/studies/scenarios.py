"""Markets on which tests of studies are measured: nothing planted, or an effect of known size."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from regime_platform.studies.series import StudySeries
from regime_platform_tests.studies.synthetic import (
    LASTING,
    chained,
    chained_universe,
    computed,
    falling,
    looking_ahead,
    more_volatile,
    repeating_volatility,
    unrelated,
    unrelated_universe,
    warned,
)


@dataclass(frozen=True)
class Scenario:
    """A kind of market, of any length; ``make`` takes a seed and a number of bars."""

    title: str
    make: Callable[[list[int], int], StudySeries]


_UNRELATED = {
    "brief": Scenario("no relation, brief signal", unrelated),
    "lasting": Scenario("no relation, lasting signal", partial(unrelated, persistence=LASTING)),
    "computed": Scenario("own signal, prices without memory", computed),
}
_VOLATILE = {
    f"volatile-{size:g}": Scenario(f"volatility +{size:.0%}", partial(more_volatile, size=size))
    for size in (0.25, 0.5, 1.0)
}
_FALLING = {
    f"falling-{size:g}": Scenario(f"mean -{size:g}", partial(falling, size=size))
    for size in (0.1, 0.2)
}
_WARNED = {
    f"warned-{share:g}": Scenario(f"{share:.0%} of crashes warned", partial(warned, share=share))
    for share in (0.5, 0.9)
}
_REPEATING = {"repeating": Scenario("signal repeats past volatility", repeating_volatility)}
_LEAKS = {
    f"leak-{share:g}": Scenario(f"{share:.0%} look-ahead", partial(looking_ahead, share=share))
    for share in (0.5, 1.0)
}
_CHAINS = {
    "ordered": Scenario("half of the changes in order", partial(chained, ordered=0.5)),
    "changed": Scenario("other shares in a third", partial(chained, changed=0.5)),
    "slow": Scenario("states stay 30 bars", partial(chained, stay=29 / 30)),
}
#: Of each study: what is significant in these markets is so by chance.
NOTHING: dict[str, dict[str, Scenario]] = {
    **dict.fromkeys(
        ("forward-returns", "events", "lead-time", "leakage", "allocation"), _UNRELATED
    ),
    "transitions": {"chained": Scenario("chains without memory", chained)},
}
#: Of each study: markets with an effect.
PLANTED: dict[str, dict[str, Scenario]] = {
    "forward-returns": _VOLATILE | _FALLING,
    "events": _VOLATILE | _WARNED,
    "lead-time": _WARNED,
    "transitions": _CHAINS,
    "leakage": _VOLATILE | _REPEATING | _LEAKS,
    "allocation": _FALLING,
}
#: Of each study: several symbols without an effect; takes seed, symbols and bars.
TOGETHER: dict[str, Callable[[int, int, int], list[StudySeries]]] = {
    **dict.fromkeys(NOTHING, unrelated_universe),
    "transitions": chained_universe,
}
