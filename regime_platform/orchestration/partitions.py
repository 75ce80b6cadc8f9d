"""Symbols as partitions of the assets, and groups of symbols as partitions of a job.

The partitions are static: dynamic ones cost up to twice as much per event (`universe_reload`).
"""

from collections.abc import Callable, Mapping, Sequence

import dagster as dg

from regime_platform.model.timeframes import TIERS
from regime_platform.model.universe.universe import Universe

#: Reads the universe in force now, so that a tick does not depend on a reload.
CurrentUniverse = Callable[[], Universe]

RANGE_START = "dagster/asset_partition_range_start"
RANGE_END = "dagster/asset_partition_range_end"


def symbol_partitions(universe: Universe) -> dg.StaticPartitionsDefinition:
    """One partition per symbol in universe order: core first, so a tier is one range."""
    return dg.StaticPartitionsDefinition(list(universe.symbols))


def range_tags(symbols: Sequence[str], universe: Universe) -> Mapping[str, str]:
    """The run tags that mean exactly ``symbols``; empty where they are not one unbroken range.

    A range must not be wider than what the run processes: where the run fails, the partitions of
    the range that it did not process would be shown as failed too.
    """
    wanted = [symbol for symbol in universe.symbols if symbol in set(symbols)]
    start = universe.symbols.index(wanted[0]) if wanted else 0
    if not wanted or wanted != list(universe.symbols[start : start + len(set(symbols))]):
        return {}
    return {RANGE_START: wanted[0], RANGE_END: wanted[-1]}


def symbol_groups(universe: Universe) -> Mapping[str, Sequence[str]]:
    """Tiers, then the daily tier by the first character of the symbol; no empty groups.

    A job partitioned by symbol would start 1,565 runs: a backfill of a job starts one for each of
    its partitions, whatever the backfill policy of its assets.
    """
    groups = {tier: [instrument.symbol for instrument in universe.tier(tier)] for tier in TIERS}
    for symbol in groups["daily"]:
        groups.setdefault(symbol[0], []).append(symbol)
    return {name: symbols for name, symbols in groups.items() if symbols}
