"""The scope of one run: its symbols, stages and checks.

A **partitioned** run is launched by an operator or a backfill: Dagster records its partitions as
planned, and shows those as failed that are not reported. A **listed** run is launched by a schedule
or sensor with symbols in its config, since a range over scattered symbols would become one run per
gap or show partitions as failed that the run never processed.
"""

from collections.abc import Callable
from dataclasses import dataclass

import dagster as dg
from pydantic import Field

from regime_platform.errors import UsageError
from regime_platform.model.instruments import Instrument
from regime_platform.model.universe.universe import Universe
from regime_platform.orchestration.instance.shown_states import ShownStates
from regime_platform.orchestration.partitions import RANGE_START
from regime_platform.pipeline.outcomes import Stage

_PARTITION_TAGS = frozenset({RANGE_START, "dagster/partition"})


class PartitionedConfig(dg.Config):
    """The run config of a partitioned run."""

    force: bool = Field(
        default=False,
        description="Compute even where bars, parameters, eras and code are unchanged.",
    )


class ListedConfig(PartitionedConfig):
    """The run config of a listed run."""

    symbols: list[str] = Field(
        default=[], description="The symbols to process; all symbols of the job when empty."
    )


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
    on_early_end: Callable[[], object] = bool  # called where the source refuses all that follows
    is_pass: bool = False  # launched by a schedule or the sensor; sends a heartbeat at its end
    run: dg.DagsterRun | None = None  # that failures are recorded in; None: they are not
    shown: ShownStates | None = None  # what Dagster shows; None: only what changed is reported

    @property
    def reports_unchanged(self) -> bool:
        """True where a symbol is reported even if nothing is new."""
        return self.is_partitioned or self.is_repeated

    @property
    def stages_in_order(self) -> list[Stage]:
        """The stages of the run, in the order of the pipeline."""
        return [stage for stage in Stage if stage in self.stages]


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
    return RunScope(
        instance=context.instance,
        instruments=universe.select(context.partition_keys if has_partitions else universe.symbols),
        stages=frozenset(Stage(key.path[-1]) for key in context.selected_asset_keys),
        checks=frozenset(context.selected_asset_check_keys),
        is_partitioned=True,
        force=config.force,
        run=context.run,
    )


def listed_instruments(
    config: ListedConfig, universe: Universe, tier: str | None
) -> tuple[tuple[Instrument, ...], tuple[str, ...]]:
    """The instruments of a listed run, and the listed symbols that the universe does not have.

    An empty list means the tier, or all where ``tier`` is None. The list may be older than the
    universe: a symbol renamed since is processed under its new name.
    """
    if not config.symbols:
        return universe.instruments if tier is None else universe.tier(tier), ()
    listed = universe.symbols_of(config.symbols)
    current = {symbol: universe.renamed.get(symbol, symbol) for symbol in listed}
    unknown = tuple(name for name, symbol in current.items() if symbol not in universe.symbols)
    return universe.select(set(current.values()) & set(universe.symbols)), unknown
