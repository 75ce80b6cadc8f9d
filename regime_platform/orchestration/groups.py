"""Groups of symbols as partitions of a job, for `dagster job backfill`: one run for each group.

That command starts a run for every partition of a job, whatever the assets' backfill policy says,
so a job partitioned by symbol would cost 1,565 starts.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg

from regime_platform.model.timeframes import TIERS
from regime_platform.model.universe.universe import Universe


def symbol_groups(universe: Universe) -> Mapping[str, Sequence[str]]:
    """Tiers, then the daily tier by the first character of the symbol; no empty groups."""
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
