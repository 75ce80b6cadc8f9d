"""Symbols as partitions of the assets, and groups of symbols as partitions of a job.

The partitions are static: their keys change when the code location reloads, which
``universe_reload`` triggers. Dynamic ones cost one and a half to two times as much per event.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

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
    wanted = set(symbols)
    indexes = [index for index, symbol in enumerate(universe.symbols) if symbol in wanted]
    if not indexes or len(indexes) != len(wanted) or indexes[-1] - indexes[0] + 1 != len(indexes):
        return {}
    return {
        RANGE_START: universe.symbols[indexes[0]],
        RANGE_END: universe.symbols[indexes[-1]],
    }


def symbol_groups(universe: Universe) -> Mapping[str, Sequence[str]]:
    """Tiers, then the daily tier by the first character of the symbol; no empty groups.

    `dagster job backfill` starts a run for every partition of a job, whatever the backfill policy
    of its assets, so a job partitioned by symbol would cost 1,565 starts.
    """
    groups = {tier: [instrument.symbol for instrument in universe.tier(tier)] for tier in TIERS}
    for symbol in groups["daily"]:
        groups.setdefault(symbol[0], []).append(symbol)
    return {name: symbols for name, symbols in groups.items() if symbols}


def group_config(universe: Universe, step: str) -> dg.PartitionedConfig[Any]:
    """The config of a listed run for each group; ``step`` is the one op of its job."""
    groups = symbol_groups(universe)

    def config(name: str) -> Mapping[str, Any]:
        return {"ops": {step: {"config": {"symbols": list(groups[name])}}}}

    return dg.PartitionedConfig(
        dg.StaticPartitionsDefinition(list(groups)), run_config_for_partition_key_fn=config
    )
