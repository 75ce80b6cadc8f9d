"""The metadata of each materialisation, from outcomes and stored files; nothing is computed here.

Values that Dagster plots over time are numbers at the top level.
"""

from collections.abc import Callable, Mapping
from typing import Any

import dagster as dg

from regime_platform.bar_store.raw.raw_log import LogExtent, extent
from regime_platform.bar_store.raw.raw_names import list_raw
from regime_platform.bar_store.session import stored_finer
from regime_platform.model.digests import document_digest
from regime_platform.model.instants import iso
from regime_platform.orchestration.events.regimes import by_field, latest_regimes
from regime_platform.orchestration.events.tables import brief, picture, table, when
from regime_platform.orchestration.instance.report_files import PREFIX
from regime_platform.pipeline.outcomes import (
    ComputeOutcome,
    IngestOutcome,
    PromoteOutcome,
    PublishOutcome,
    Stage,
    SymbolOutcome,
)
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.report.picture.small import small_picture

#: Read by the sensor new_bars: bars stored by the fetch, and whether the same run processes them.
ROWS_INSERTED = "rows_inserted"
IS_PROCESSED = "is_processed"
#: The same in the events of release 0.1.0, which stay in Dagster's event log.
IS_PROCESSED_BEFORE_0_2 = "is_walked_on"

Metadata = dict[str, Any]


def stage_metadata(
    workspace: RunWorkspace, stage: Stage, outcome: SymbolOutcome
) -> tuple[Metadata, str | None]:
    """The metadata of a symbol's materialisation, and the digest of what the stage stores."""
    done: Any = outcome.after(stage)
    return ({}, None) if done is None else _BY_STAGE[stage](workspace, done)


def with_picture(workspace: RunWorkspace, symbol: str, metadata: Metadata) -> Metadata:
    """The metadata with a chart of price and regime added, where the symbol has results."""
    svg = small_picture(workspace.root.symbol(symbol))
    return metadata if svg is None else {"picture": picture(svg, symbol), **metadata}


def _raw_bars(workspace: RunWorkspace, ingest: IngestOutcome) -> tuple[Metadata, str]:
    paths = workspace.root.symbol(ingest.symbol)
    rows = [
        {
            "timeframe": series.timeframe,
            **_extent(extent(paths.raw(series.timeframe)), series.timeframe),
            "new": series.new,
            "revised": series.revised,
            "withdrawn": series.withdrawn,
            "same": series.same,
            "still forming": series.provisional,
            "requests": series.requests,
            "status": series.status,
            "reason": series.reason,
        }
        for series in ingest.series
    ]
    metadata = {
        ROWS_INSERTED: ingest.rows_inserted,
        "rows_revised": sum(series.revised for series in ingest.series),
        "rows_withdrawn": sum(series.withdrawn for series in ingest.series),
        "requests": sum(series.requests for series in ingest.series),
        "timeframes": table(rows),
    }
    timeframes = workspace.universe.instrument(ingest.symbol).timeframes
    frames = (*stored_finer(paths), *timeframes)
    return metadata, document_digest({name: list_raw(paths.raw(name)).digest for name in frames})


def _extent(extent: LogExtent | None, timeframe: str) -> dict[str, str | int]:
    if extent is None:
        return {"bars": 0, "first": "", "last": ""}
    first, last = (when(iso(ts), timeframe) for ts in (extent.first, extent.last))
    return {"bars": extent.rows, "first": first, "last": last}


def _validated_bars(_workspace: RunWorkspace, promote: PromoteOutcome) -> tuple[Metadata, str]:
    rows = [
        {
            "timeframe": timeframe,
            "bars": series.rows,
            "first": when(series.min_ts, timeframe),
            "last": when(series.max_ts, timeframe),
            "built from": promote.derived_from.get(timeframe, ""),
            "files": len(series.files),
            "digest": brief(series.digest),
        }
        for timeframe, series in promote.promoted.items()
    ]
    metadata = {
        "dagster/row_count": sum(series.rows for series in promote.promoted.values()),
        "timeframes": table(rows),
    }
    digests = {name: series.digest for name, series in promote.promoted.items()}
    return metadata, document_digest(digests)


def _compute_db(workspace: RunWorkspace, compute: ComputeOutcome) -> tuple[Metadata, str]:
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
    latest = None if compute.shown is None else compute.shown.latest
    metadata = {
        "dagster/row_count": sum(series.state_rows for series in compute.series),
        "regimes": table(by_field(latest_regimes(workspace, compute.symbol, latest))),
        "timeframes": table(rows),
        "tables": table(digests),
        "how": compute.how,
        "is_stale_code": compute.is_stale_code,
        "file": dg.MetadataValue.path(workspace.root.symbol(compute.symbol).compute_db),
        **_page(workspace, compute.symbol),
    }
    return metadata, document_digest(compute.tables)


def _page(workspace: RunWorkspace, symbol: str) -> Metadata:
    """The link to the page of a symbol, where there is one."""
    name = f"{symbol}.html"
    page = workspace.root.report / name
    return {"page": dg.MetadataValue.url(f"{PREFIX}/{name}")} if page.exists() else {}


def _manifests(workspace: RunWorkspace, publish: PublishOutcome) -> tuple[Metadata, str]:
    paths = workspace.root.symbol(publish.symbol)
    metadata = {
        "manifest": dg.MetadataValue.path(paths.manifest),
        "manifest_digest": publish.manifest_digest,
        "compute_manifest": dg.MetadataValue.path(paths.compute_manifest),
        "compute_manifest_digest": publish.compute_manifest_digest,
    }
    return metadata, publish.compute_manifest_digest


_BY_STAGE: Mapping[Stage, Callable[[RunWorkspace, Any], tuple[Metadata, str]]] = {
    Stage.RAW_BARS: _raw_bars,
    Stage.VALIDATED_BARS: _validated_bars,
    Stage.COMPUTE_DB: _compute_db,
    Stage.MANIFESTS: _manifests,
}
