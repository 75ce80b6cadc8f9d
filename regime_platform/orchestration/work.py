"""What one run was asked to do: which symbols, which stages, by whom.

Two kinds of run exist. A **partitioned** run materialises assets for partitions, launched by a
person or a backfill: Dagster has noted every partition as planned and shows red what is not
reported. A **listed** run was launched by a schedule or the sensor with symbols in its config: a
range of partitions over scattered symbols would either become one run per gap or turn red what it
never touched.
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
_FORCE = "Compute even where bars, parameters, eras and code are what they were."


class PartitionedConfig(dg.Config):
    """What a launcher of partitions may ask for beside them."""

    force: bool = Field(default=False, description=_FORCE)


class ListedConfig(dg.Config):
    """What a launcher of a listed run may ask for."""

    symbols: list[str] = Field(
        default=[], description="The symbols to walk; all that the job is about when empty."
    )
    force: bool = Field(default=False, description=_FORCE)


@dataclass(frozen=True)
class Work:
    """The task of one run."""

    instance: dg.DagsterInstance
    instruments: tuple[Instrument, ...]
    stages: frozenset[Stage]
    checks: frozenset[dg.AssetCheckKey]
    is_partitioned: bool
    force: bool = False
    unknown: tuple[str, ...] = ()  # asked for, and no longer in the universe
    is_repeated: bool = False  # of a run whose process died
    is_pass: bool = False  # of a schedule or the sensor, whose end gives a sign of life

    @property
    def tells_all(self) -> bool:
        """True where a symbol is reported even if nothing is new."""
        return self.is_partitioned or self.is_repeated


def partitioned_work(
    context: dg.AssetExecutionContext, config: PartitionedConfig, universe: Universe
) -> Work:
    """Reads partitions, selection and config of a run that materialises assets.

    Checks that are executed alone and without partitions ("Execute all") are about everybody.

    Raises:
        UsageError: the run has no partitions, or one that the universe no longer has.
    """
    # Asking the context for its partitions raises in a run without any; the tags tell quietly.
    has_partitions = bool(_PARTITION_TAGS & context.run.tags.keys())
    if context.selected_asset_keys and not has_partitions:
        raise UsageError("the run has no partitions: choose some, or launch the job walk_listed")
    chosen = context.partition_keys if has_partitions else universe.symbols
    return Work(
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
    """Whom a listed run is about: an empty list means the tier, or everybody where there is none.

    The list may be older than the universe: who was renamed since is walked under the new symbol,
    and who has left (see ``unknown_symbols``) keeps nobody else waiting.
    """
    if config.symbols:
        now = (universe.renamed.get(symbol, symbol) for symbol in config.symbols)
        return universe.select({one for one in now if one in universe.symbols})
    return universe.instruments if tier is None else universe.tier(tier)


def unknown_symbols(config: ListedConfig, universe: Universe) -> tuple[str, ...]:
    """Symbols of a listed run that the universe does not have, under this name or a later one."""
    known = {*universe.symbols, *universe.renamed}
    return tuple(symbol for symbol in config.symbols if symbol not in known)
