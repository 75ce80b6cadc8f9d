"""The scope of one run: its symbols, stages and checks.

There are two kinds of run. A **partitioned** run materialises assets for partitions and is launched
by a person or a backfill: Dagster records every partition as planned, and shows those as failed
that are not reported. A **listed** run is launched by a schedule or the sensor with symbols in its
config: a range of partitions over scattered symbols would either become one run per gap or show
partitions as failed that the run never processed.
"""

from dataclasses import dataclass

import dagster as dg
from pydantic import Field

from regime_platform.errors import UsageError
from regime_platform.model.instruments import Instrument
from regime_platform.model.universe.universe import Universe
from regime_platform.orchestration.partitions import RANGE_START
from regime_platform.pipeline.outcomes import Stage

_PARTITION_TAGS = frozenset({RANGE_START, "dagster/partition"})
_FORCE = "Compute even where bars, parameters, eras and code are unchanged."


class PartitionedConfig(dg.Config):
    """The run config of a partitioned run."""

    force: bool = Field(default=False, description=_FORCE)


class ListedConfig(dg.Config):
    """The run config of a listed run."""

    symbols: list[str] = Field(
        default=[], description="The symbols to process; all symbols of the job when empty."
    )
    force: bool = Field(default=False, description=_FORCE)


@dataclass(frozen=True)
class RunScope:
    """What one run processes and reports."""

    instance: dg.DagsterInstance
    instruments: tuple[Instrument, ...]
    stages: frozenset[Stage]
    checks: frozenset[dg.AssetCheckKey]
    is_partitioned: bool
    force: bool = False
    unknown: tuple[str, ...] = ()  # listed, and no longer in the universe
    is_repeated: bool = False  # Dagster launched it again, since the process of the first one died
    is_pass: bool = False  # launched by a schedule or the sensor; sends a heartbeat at its end

    @property
    def reports_unchanged(self) -> bool:
        """True where a symbol is reported even if nothing is new."""
        return self.is_partitioned or self.is_repeated


def partitioned_scope(
    context: dg.AssetExecutionContext, config: PartitionedConfig, universe: Universe
) -> RunScope:
    """The scope of a partitioned run, from its partitions, selection and config.

    Checks that are executed alone and without partitions ("Execute all") cover all symbols.

    Raises:
        UsageError: the run has no partitions, or one that the universe no longer has.
    """
    # the context raises where a run has no partitions, so the tags are looked at instead
    has_partitions = bool(_PARTITION_TAGS & context.run.tags.keys())
    if context.selected_asset_keys and not has_partitions:
        raise UsageError(
            "the run has no partitions: choose some, or launch the job process_listed",
            code="no-partitions",
        )
    chosen = context.partition_keys if has_partitions else universe.symbols
    return RunScope(
        instance=context.instance,
        instruments=universe.select(chosen),
        stages=frozenset(Stage(key.path[-1]) for key in context.selected_asset_keys),
        checks=frozenset(context.selected_asset_check_keys),
        is_partitioned=True,
        force=config.force,
    )


def listed_instruments(
    config: ListedConfig, universe: Universe, tier: str | None
) -> tuple[Instrument, ...]:
    """The instruments of a listed run; an empty list means the tier, or all where ``tier`` is None.

    The list may be older than the universe: a symbol renamed since is processed under its new name,
    and a removed one (see ``unknown_symbols``) is left out.
    """
    if config.symbols:
        current = (universe.renamed.get(symbol, symbol) for symbol in config.symbols)
        return universe.select({symbol for symbol in current if symbol in universe.symbols})
    return universe.instruments if tier is None else universe.tier(tier)


def unknown_symbols(config: ListedConfig, universe: Universe) -> tuple[str, ...]:
    """Symbols of a listed run that the universe does not have, under this name or a later one."""
    known = {*universe.symbols, *universe.renamed}
    return tuple(symbol for symbol in config.symbols if symbol not in known)
