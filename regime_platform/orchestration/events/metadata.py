"""The metadata of each materialisation: counts, ranges per timeframe, digests, regimes.

All of it comes from outcomes and from stored files; nothing is computed here. Values that Dagster
plots over time are numbers at the top level.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import dagster as dg

from regime_platform.bar_store.raw.raw_log import LogExtent, extent
from regime_platform.bar_store.raw.raw_names import list_raw
from regime_platform.model.digests import document_digest
from regime_platform.model.instants import iso
from regime_platform.orchestration.events.regimes import latest_regimes
from regime_platform.orchestration.events.tables import brief, picture, table, when
from regime_platform.pipeline.outcomes import Stage, SymbolOutcome
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.report.charts import small_chart_png

#: Read by the sensor new_bars: bars stored by the fetch, and whether the same run processes them.
ROWS_INSERTED = "rows_inserted"
IS_PROCESSED = "is_processed"
#: The same in the events of release 0.1.0, which stay in Dagster's event log.
IS_PROCESSED_BEFORE_0_2 = "is_walked_on"

Metadata = dict[str, Any]


def stage_metadata(workspace: RunWorkspace, stage: Stage, outcome: SymbolOutcome) -> Metadata:
    """The metadata of one symbol's materialisation of one stage."""
    return _BY_STAGE[stage](workspace, outcome)


def data_version(workspace: RunWorkspace, stage: Stage, outcome: SymbolOutcome) -> str | None:
    """The digest of what the stage stores; None where it stored nothing."""
    if stage is Stage.RAW_BARS and outcome.ingest:
        paths = workspace.root.symbol(outcome.symbol)
        frames = workspace.universe.instrument(outcome.symbol).timeframes
        return document_digest({name: list_raw(paths.raw(name)).digest for name in frames})
    if stage is Stage.VALIDATED_BARS and outcome.promote:
        promoted = outcome.promote.promoted
        return document_digest({name: series.digest for name, series in promoted.items()})
    if stage is Stage.COMPUTE_DB and outcome.compute:
        return document_digest(outcome.compute.tables)
    if stage is Stage.MANIFESTS and outcome.publish:
        return outcome.publish.compute_manifest_digest
    return None


def _raw_bars(workspace: RunWorkspace, outcome: SymbolOutcome) -> Metadata:
    ingest = outcome.ingest
    if ingest is None:
        return {}
    paths = workspace.root.symbol(outcome.symbol)
    rows = [
        {
            "timeframe": series.timeframe,
            **_extent(extent(paths.raw(series.timeframe)), series.timeframe),
            "new": series.new,
            "revised": series.revised,
            "same": series.same,
            "still forming": series.provisional,
            "requests": series.requests,
            "status": series.status,
            "reason": series.reason,
        }
        for series in ingest.series
    ]
    return {
        ROWS_INSERTED: ingest.rows_inserted,
        "rows_revised": sum(series.revised for series in ingest.series),
        "requests": sum(series.requests for series in ingest.series),
        "timeframes": table(rows),
    }


def _extent(extent: LogExtent | None, timeframe: str) -> dict[str, str | int]:
    if extent is None:
        return {"bars": 0, "first": "", "last": ""}
    first, last = (when(iso(ts), timeframe) for ts in (extent.first, extent.last))
    return {"bars": extent.rows, "first": first, "last": last}


def _validated_bars(_workspace: RunWorkspace, outcome: SymbolOutcome) -> Metadata:
    if outcome.promote is None:
        return {}
    promoted = outcome.promote.promoted
    rows = [
        {
            "timeframe": timeframe,
            "bars": series.rows,
            "first": when(series.min_ts, timeframe),
            "last": when(series.max_ts, timeframe),
            "files": len(series.files),
            "digest": brief(series.digest),
        }
        for timeframe, series in promoted.items()
    ]
    return {
        "dagster/row_count": sum(series.rows for series in promoted.values()),
        "timeframes": table(rows),
    }


def _compute_db(workspace: RunWorkspace, outcome: SymbolOutcome) -> Metadata:
    compute = outcome.compute
    if compute is None:
        return {}
    rows = [
        {
            "timeframe": series.timeframe,
            "status": series.status,
            "bars": series.bars,
            "escalation rows": series.escalation_rows,
            "state rows": series.state_rows,
            "reason": series.reason,
            "bars digest": brief(series.bars_digest),
        }
        for series in compute.series
    ]
    digests = [{"table": name, "digest": brief(digest)} for name, digest in compute.tables.items()]
    return {
        "dagster/row_count": sum(series.state_rows for series in compute.series),
        "regimes": table(latest_regimes(workspace, outcome.symbol)),
        "timeframes": table(rows),
        "tables": table(digests),
        "how": compute.how,
        "is_stale_code": compute.is_stale_code,
        "file": dg.MetadataValue.path(workspace.root.symbol(outcome.symbol).compute_db),
    }


def _manifests(workspace: RunWorkspace, outcome: SymbolOutcome) -> Metadata:
    if outcome.publish is None:
        return {}
    paths = workspace.root.symbol(outcome.symbol)
    return {
        "manifest": dg.MetadataValue.path(paths.manifest),
        "manifest_digest": outcome.publish.manifest_digest,
        "compute_manifest": dg.MetadataValue.path(paths.compute_manifest),
        "compute_manifest_digest": outcome.publish.compute_manifest_digest,
    }


def with_picture(workspace: RunWorkspace, symbol: str, metadata: Metadata) -> Metadata:
    """The metadata with a chart of price and regime added, where the symbol has results."""
    png = small_chart_png(workspace, symbol)
    return metadata if png is None else {"picture": picture(png, symbol), **metadata}


_BY_STAGE: Mapping[Stage, Callable[[RunWorkspace, SymbolOutcome], Metadata]] = MappingProxyType(
    {
        Stage.RAW_BARS: _raw_bars,
        Stage.VALIDATED_BARS: _validated_bars,
        Stage.COMPUTE_DB: _compute_db,
        Stage.MANIFESTS: _manifests,
    }
)
