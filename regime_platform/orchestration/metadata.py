"""What the UI shows of each materialisation: counts, ranges per timeframe, digests, regimes.

Everything is taken from outcomes and from what the stages wrote; nothing is computed here. Values
that Dagster shall plot over time are plain numbers at the top level.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import dagster as dg

from regime_platform.bars.raw_log import Extent, held, log_digest
from regime_platform.model.digests import facts_digest
from regime_platform.model.series import iso
from regime_platform.orchestration.regimes import chart, latest_regimes
from regime_platform.orchestration.tables import brief, picture, table, when
from regime_platform.pipeline.outcomes import Stage, WalkOutcome
from regime_platform.pipeline.platform import Platform

#: These two are read by the sensor new_bars.
ROWS_INSERTED = "rows_inserted"
IS_WALKED_ON = "is_walked_on"

Metadata = dict[str, Any]


def stage_metadata(platform: Platform, stage: Stage, outcome: WalkOutcome) -> Metadata:
    """The metadata of one symbol's materialisation of one stage."""
    return _BY_STAGE[stage](platform, outcome)


def data_version(platform: Platform, stage: Stage, outcome: WalkOutcome) -> str | None:
    """The digest of what the stage stands for; None where there is nothing to digest."""
    if stage is Stage.RAW_BARS and outcome.ingest:
        paths = platform.root.symbol(outcome.symbol)
        frames = platform.universe.instrument(outcome.symbol).timeframes
        return facts_digest({name: log_digest(paths.raw(name)) for name in frames})
    if stage is Stage.VALIDATED_BARS and outcome.promote:
        promoted = outcome.promote.promoted
        return facts_digest({name: series.digest for name, series in promoted.items()})
    if stage is Stage.COMPUTE_DB and outcome.derive:
        return facts_digest(outcome.derive.tables)
    if stage is Stage.MANIFESTS and outcome.publish:
        return outcome.publish.compute_manifest_digest
    return None


def _raw_bars(platform: Platform, outcome: WalkOutcome) -> Metadata:
    ingest = outcome.ingest
    if ingest is None:
        return {}
    paths = platform.root.symbol(outcome.symbol)
    rows = [
        {
            "timeframe": one.timeframe,
            **_extent(held(paths.raw(one.timeframe)), one.timeframe),
            "new": one.new,
            "revised": one.revised,
            "same": one.same,
            "still forming": one.provisional,
            "requests": one.requests,
            "status": one.status,
            "reason": one.reason,
        }
        for one in ingest.series
    ]
    return {
        ROWS_INSERTED: ingest.rows_inserted,
        "rows_revised": sum(one.revised for one in ingest.series),
        "requests": sum(one.requests for one in ingest.series),
        "timeframes": table(rows),
    }


def _extent(extent: Extent | None, timeframe: str) -> dict[str, str | int]:
    if extent is None:
        return {"bars": 0, "first": "", "last": ""}
    first, last = (when(iso(ts), timeframe) for ts in (extent.first, extent.last))
    return {"bars": extent.rows, "first": first, "last": last}


def _validated_bars(_platform: Platform, outcome: WalkOutcome) -> Metadata:
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


def _compute_db(platform: Platform, outcome: WalkOutcome) -> Metadata:
    derive = outcome.derive
    if derive is None:
        return {}
    rows = [
        {
            "timeframe": one.timeframe,
            "status": one.status,
            "bars": one.bars,
            "escalation rows": one.escalation_rows,
            "state rows": one.state_rows,
            "reason": one.reason,
            "bars digest": brief(one.bars_digest),
        }
        for one in derive.series
    ]
    digests = [{"table": name, "digest": brief(digest)} for name, digest in derive.tables.items()]
    return {
        "dagster/row_count": sum(one.state_rows for one in derive.series),
        "regimes": table(latest_regimes(platform, outcome.symbol)),
        "timeframes": table(rows),
        "tables": table(digests),
        "how": derive.how,
        "is_stale_code": derive.is_stale_code,
        "file": dg.MetadataValue.path(platform.root.symbol(outcome.symbol).compute_db),
    }


def _manifests(platform: Platform, outcome: WalkOutcome) -> Metadata:
    if outcome.publish is None:
        return {}
    paths = platform.root.symbol(outcome.symbol)
    return {
        "manifest": dg.MetadataValue.path(paths.manifest),
        "manifest_digest": outcome.publish.manifest_digest,
        "compute_manifest": dg.MetadataValue.path(paths.compute_manifest),
        "compute_manifest_digest": outcome.publish.compute_manifest_digest,
    }


def with_picture(platform: Platform, symbol: str, metadata: Metadata) -> Metadata:
    """The same metadata with price and regime of the symbol drawn, where there is a picture."""
    png = chart(platform, symbol)
    return metadata if png is None else {"picture": picture(png, symbol), **metadata}


_BY_STAGE: Mapping[Stage, Callable[[Platform, WalkOutcome], Metadata]] = MappingProxyType(
    {
        Stage.RAW_BARS: _raw_bars,
        Stage.VALIDATED_BARS: _validated_bars,
        Stage.COMPUTE_DB: _compute_db,
        Stage.MANIFESTS: _manifests,
    }
)
