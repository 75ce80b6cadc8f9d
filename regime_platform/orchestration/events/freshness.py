"""The check ``is_fresh``: whether the series of a symbol have the bars that their calendar expects.

Dagster's freshness policies look at the last materialisation of any partition: one fresh symbol
would hide 1,564 stale ones. A result is shown until the results are materialised again, so a run
reports it for every symbol that it computed, and for those that became stale or fresh.
"""

import datetime as dt
import warnings
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence

import dagster as dg

from regime_platform.operations.staleness import StaleSeries, stale_series
from regime_platform.orchestration.events.tables import table
from regime_platform.orchestration.instance.check_targets import CheckTargets
from regime_platform.orchestration.instance.shown_states import ShownStates
from regime_platform.orchestration.partitions import symbol_partitions
from regime_platform.pipeline.outcomes import Stage
from regime_platform.pipeline.run_workspace import RunWorkspace

IS_FRESH = dg.AssetCheckKey(dg.AssetKey(Stage.COMPUTE_DB.value), "is_fresh")


def freshness_spec(partitions: dg.PartitionsDefinition[str]) -> dg.AssetCheckSpec:
    """The check in the graph."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dg.PreviewWarning)
        return dg.AssetCheckSpec(
            IS_FRESH.name,
            asset=IS_FRESH.asset_key,
            description="Every series with bars has those that its calendar expects by now.",
            partitions_def=partitions,
        )


def freshness(  # noqa: PLR0913 - whose result, and where it is known from
    workspace: RunWorkspace,
    instance: dg.DagsterInstance,
    now: dt.datetime,
    always: Collection[str] = (),
    *,
    with_stale: bool = False,
    targets: CheckTargets | None = None,
) -> Iterator[dg.AssetCheckEvaluation]:
    """The symbols whose check Dagster shows otherwise, by the present board.

    ``always`` names those that are reported in any case; ``with_stale``: so is every stale symbol,
    since it lacks more bars every day. ``targets`` are those that the caller knows.

    Raises:
        RegimeError: the board is damaged.
    """
    stale: dict[str, list[StaleSeries]] = defaultdict(list)
    for series in stale_series(workspace, now):
        stale[series.symbol].append(series)
    shown = ShownStates(instance, symbol_partitions(workspace.universe))
    computed = instance.get_materialized_partitions(IS_FRESH.asset_key)

    def is_news(symbol: str) -> bool:
        is_passed = shown.passed(IS_FRESH, symbol)
        if symbol in stale:
            return with_stale or (symbol in computed and is_passed is not False)
        # a symbol without bars is not stale, and not to be shown as fresh either
        is_shown = symbol in computed and not shown.is_failed(IS_FRESH.asset_key, symbol)
        return is_shown and is_passed is not True

    wanted = [name for name in workspace.universe.symbols if name in always or is_news(name)]
    targets = targets or CheckTargets(instance)
    targets.look_up(IS_FRESH.asset_key, wanted)
    for symbol in wanted:
        yield _evaluation(symbol, stale[symbol], targets)


def _evaluation(
    symbol: str, stale: Sequence[StaleSeries], targets: CheckTargets
) -> dg.AssetCheckEvaluation:
    lines = [f"{series.timeframe}: {series.age}" for series in stale]
    return dg.AssetCheckEvaluation(
        asset_key=IS_FRESH.asset_key,
        check_name=IS_FRESH.name,
        passed=not stale,
        partition=symbol,
        severity=dg.AssetCheckSeverity.WARN,
        description="; ".join(lines),
        metadata={
            "missing": sum(series.age.missing for series in stale),
            "series": table([series.row() for series in stale]),
        },
        target_materialization_data=targets.of(IS_FRESH.asset_key, symbol),
    )
