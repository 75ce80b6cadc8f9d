"""Symbols as partitions, and which runs may be tagged with a range of them.

Static partitions: the keys change when the code location reloads, which ``universe_reload`` sees
to. Dynamic ones cost one and a half to two times as much per event.
"""

from collections.abc import Callable, Mapping, Sequence

import dagster as dg

from regime_platform.model.universe.universe import Universe

#: Reads the universe in force now: what a tick is about must not wait for a reload.
CurrentUniverse = Callable[[], Universe]

RANGE_START = "dagster/asset_partition_range_start"
RANGE_END = "dagster/asset_partition_range_end"


def symbol_partitions(universe: Universe) -> dg.StaticPartitionsDefinition:
    """One partition per symbol in universe order: core first, so a tier is one range."""
    return dg.StaticPartitionsDefinition(list(universe.symbols))


def range_tags(symbols: Sequence[str], universe: Universe) -> Mapping[str, str]:
    """The run tags that mean exactly ``symbols``; empty where they are not one unbroken range.

    A range that is wider than what the run processes must never be used: should the run fail, the
    untouched partitions of the range would turn red too.
    """
    wanted = set(symbols)
    places = [place for place, symbol in enumerate(universe.symbols) if symbol in wanted]
    if not places or len(places) != len(wanted) or places[-1] - places[0] + 1 != len(places):
        return {}
    return {
        RANGE_START: universe.symbols[places[0]],
        RANGE_END: universe.symbols[places[-1]],
    }
