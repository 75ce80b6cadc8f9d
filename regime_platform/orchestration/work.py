"""What one run was asked to do: which symbols, which stages, by whom.

Two kinds of run exist. A **partitioned** run was launched for partitions, by a person or a
backfill: Dagster has noted every partition as planned and shows red what is not reported.
A **listed** run was launched by a schedule or the sensor with symbols in its config and no
partitions: a range tag over scattered symbols would either become one run per gap or turn red what
it never touched.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import dagster as dg
from pydantic import Field

from regime_platform.errors import UsageError
from regime_platform.model.instruments import Instrument
from regime_platform.model.universe import Universe
from regime_platform.orchestration.partitions import RANGE_START
from regime_platform.pipeline.outcomes import Stage

_PARTITION_TAGS = frozenset({RANGE_START, "dagster/partition"})

#: The one step of every run; its name is the key of the run config.
STEP = "walk_symbols"


class WalkConfig(dg.Config):
    """What a launcher may ask for beside partitions."""

    symbols: list[str] = Field(
        default=[],
        description="Symbols to walk when the run has no partitions; ignored when it has.",
    )
    force: bool = Field(
        default=False,
        description="Compute even where bars, parameters, eras and code are what they were.",
    )


@dataclass(frozen=True)
class Work:
    """The task of one run."""

    instruments: tuple[Instrument, ...]
    stages: frozenset[Stage]
    checks: frozenset[dg.AssetCheckKey]
    is_partitioned: bool
    force: bool = False


def requested_work(
    context: dg.AssetExecutionContext, config: WalkConfig, universe: Universe
) -> Work:
    """Reads partitions, selection and config of a run.

    Raises:
        UsageError: the run names no symbol, or one that the universe does not have.
    """
    # Asking the context for its partition raises in a run without any; the tags tell quietly.
    is_partitioned = bool(_PARTITION_TAGS & context.run.tags.keys())
    if is_partitioned and config.symbols:
        context.log.warning("symbols in the config are ignored: the run's partitions decide")
    symbols: Sequence[str] = context.partition_keys if is_partitioned else config.symbols
    if not symbols:
        raise UsageError("the run names no symbol: choose partitions, or list symbols in config")
    return Work(
        instruments=universe.select(symbols),
        stages=frozenset(Stage(key.path[-1]) for key in context.selected_asset_keys),
        checks=frozenset(context.selected_asset_check_keys),
        is_partitioned=is_partitioned,
        force=config.force,
    )


def listed(symbols: Sequence[str], *, force: bool = False) -> dg.RunConfig:
    """The config of a run without partitions."""
    return dg.RunConfig(ops={STEP: WalkConfig(symbols=list(symbols), force=force)})
