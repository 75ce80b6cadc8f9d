"""What operations report as JSON: the one module that names the keys."""

from collections import Counter
from typing import Any

from regime_platform.operations.era_sets import ClassDetection, DetectedEras, breaks_of
from regime_platform.operations.export import ExportOutcome
from regime_platform.operations.universe_check import UniverseCheck

Json = dict[str, Any]


def universe_check_document(check: UniverseCheck) -> Json:
    """The document of ``regime universe check --json``."""
    instruments = () if check.universe is None else check.universe.instruments
    return {
        "file": str(check.path),
        "is_valid": not check.problems,
        "problems": check.problems,
        "notes": check.notes,
        "symbols": len(instruments),
        "delisted": sum(not instrument.is_polled for instrument in instruments),
        "tiers": dict(Counter(instrument.tier for instrument in instruments)),
        "classes": dict(Counter(instrument.asset_class for instrument in instruments)),
        "sources": dict(Counter(instrument.source for instrument in instruments)),
    }


def detected_eras_document(detected: DetectedEras) -> Json:
    """The document of ``regime eras detect --json``."""
    classes = [class_document(each) for each in detected.classes]
    return {"version": detected.version, "is_new": detected.is_new, "classes": classes}


def class_document(detection: ClassDetection) -> Json:
    """The eras of one class, also for the Dagster UI."""
    bars = detection.bars
    return {
        "class": detection.name,
        "benchmark": detection.benchmark,
        "bars": bars.rows if bars else 0,
        "first": bars.min_ts[:10] if bars else "",
        "last": bars.max_ts[:10] if bars else "",
        "eras": len(detection.eras),
        "breaks": ", ".join(breaks_of(detection.eras)),
        "reason": detection.reason,
    }


def export_document(outcome: ExportOutcome) -> Json:
    """One symbol of ``regime export --json``."""
    return {
        "symbol": outcome.symbol,
        "status": outcome.status.value,
        "rows": outcome.rows,
        "reason": outcome.reason,
    }
