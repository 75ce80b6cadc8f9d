"""The bar manifest: which bars a symbol holds, in which files, and what the gate said."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from regime_platform.manifests.manifest import BARS, MANIFEST_VERSION
from regime_platform.model.bar_schema import BARS_SCHEMA_DIGEST, BARS_SCHEMA_VERSION
from regime_platform.model.digests import facts_digest
from regime_platform.model.instruments import Instrument
from regime_platform.validation.verdict import SeriesVerdict, Verdict


def bar_manifest(  # noqa: PLR0913 - one parameter per source of facts
    instrument: Instrument,
    verdict: Verdict,
    raw_files: Mapping[str, Sequence[str]],
    price_factors: Mapping[str, Mapping[str, Any]],
    origins: Mapping[str, Mapping[str, Any]],
    *,
    records: Mapping[str, Any] = MappingProxyType({}),
) -> dict[str, Any]:
    """The facts of manifest.json.

    Args:
        instrument: the entry of the universe.
        verdict: the verdict in force.
        raw_files: timeframe -> files of the raw log that were folded, in order of arrival; where
            they are compacted later, ``bar_store.raw.compaction.locate`` leads from these to those.
        price_factors: timeframe -> version and steps by which its prices were adjusted.
        origins: timeframe -> ``sources`` and ``price_basis`` of the raw files.
        records: the splits, price factors and instruments on record, which only grow.
    """
    timeframes = {
        series.timeframe: {
            **_series(series),
            **origins.get(series.timeframe, {"sources": [], "price_basis": []}),
            "price_factors": price_factors.get(series.timeframe),
            "raw_log_digest": series.log_digest,
            "raw_files": list(raw_files.get(series.timeframe, ())),
        }
        for series in verdict.series
    }
    return {
        "kind": BARS,
        "manifest_version": MANIFEST_VERSION,
        "symbol": instrument.symbol,
        "instrument": instrument.facts(),
        "bars_schema": {"version": BARS_SCHEMA_VERSION, "digest": BARS_SCHEMA_DIGEST},
        "verdict_digest": facts_digest(verdict.model_dump(mode="json")),
        "gate": {
            "status": verdict.status,
            "rules_version": verdict.rules_version,
            "policy_digest": verdict.policy_digest,
            "calendar_version": verdict.calendar_version,
            **_overrides(verdict),
        },
        "content_digest": facts_digest(
            {timeframe: promoted.digest for timeframe, promoted in verdict.promoted.items()}
        ),
        "timeframes": timeframes,
        **({"records": dict(records)} if records else {}),
    }


def _series(one: SeriesVerdict) -> dict[str, Any]:
    held = one.promoted
    return {
        "count": 0 if held is None else held.rows,
        "min_ts": None if held is None else held.min_ts,
        "max_ts": None if held is None else held.max_ts,
        "digest": None if held is None else held.digest,
        "files": [] if held is None else held.model_dump(mode="json")["files"],
        "gate": {
            "status": one.status,
            "reason": one.reason,
            "input_digest": one.input_digest,
            "rows_in": one.rows_in,
            "valid": one.valid,
            "rejected": one.rejected,
            "set_aside": one.set_aside,
            "anchor": one.anchor,
            "listed": one.listed.model_dump(mode="json"),
            **_rejected(one),
        },
    }


def _overrides(verdict: Verdict) -> dict[str, Any]:
    """Those in force, and the withdrawn ones where there are any."""
    document = verdict.model_dump(mode="json")
    return {name: document[name] for name in ("decisions", "withdrawn") if name in document}


def _rejected(one: SeriesVerdict) -> dict[str, Any]:
    """What seals the rows kept out; nothing in a verdict of a release that did not seal them."""
    file = one.rejected_file
    return {} if file is None else {"rejected_file": file.model_dump(mode="json")}
