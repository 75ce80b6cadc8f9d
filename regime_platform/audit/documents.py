"""What audits report as JSON: the one module that names the keys."""

from typing import Any

from regime_platform.audit.bundle.bundle import Bundle
from regime_platform.audit.bundle.verify import BundleVerification
from regime_platform.audit.compute_record import ComputeRecord
from regime_platform.audit.explain_as_of import ExplainedAsOf
from regime_platform.audit.provenance import Provenance
from regime_platform.audit.repair import RepairOutcome
from regime_platform.audit.results_as_of import ResultsAsOf
from regime_platform.audit.verify.verification import Verification
from regime_platform.model.instants import iso
from regime_platform.query.documents import explanation_document

Json = dict[str, Any]


def verification_document(verification: Verification) -> Json:
    """One symbol of ``regime verify --json``."""
    return {
        "symbol": verification.symbol,
        "proof": verification.result,
        "findings": [finding.as_json() for finding in verification.findings],
        "remedy": verification.remedy,
        "bars": verification.bars,
        "rows": verification.rows,
        "files": verification.files,
        "links": verification.links,
        "digests": dict(verification.digests),
        "is_recomputed": verification.is_recomputed,
    }


def repair_document(outcome: RepairOutcome) -> Json:
    """One symbol of ``regime repair --json``."""
    plan = outcome.plan
    return {
        "symbol": outcome.symbol,
        "found": [finding.as_json() for finding in plan.before.findings],
        "set_aside": list(plan.set_aside),
        "steps": plan.sentences,
        "lost": list(plan.lost),
        "beyond_repair": [finding.as_json() for finding in plan.beyond],
        "reason": outcome.reason,
        "after": verification_document(outcome.after),
    }


def results_as_of_document(then: ResultsAsOf) -> Json:
    """One symbol of ``regime verify --as-of --json``, without the results themselves."""
    known = then.known
    return {
        "symbol": then.symbol,
        "as_of": iso(then.as_of),
        "known_at": None if known.known_at is None else iso(known.known_at),
        "held_back": known.blocked_because,
        "bars": {
            name: {"count": series.bars.height, "digest": series.digest}
            for name, series in known.series.items()
        },
        "eras": {"version": then.eras.version, "reason": then.eras.reason},
        "terms": provenance_document(then.provenance),
        "record": None if then.record is None else _record(then.record),
    }


def provenance_document(provenance: Provenance) -> Json:
    """How far numbers are backed by what was recorded."""
    return {
        "standing": provenance.status.value,
        "reason": provenance.reason,
        "differs": list(provenance.differs),
    }


def explained_as_of_document(explained: ExplainedAsOf) -> Json:
    """The document of ``regime explain --as-of --json``."""
    return {
        **explanation_document(explained.explanation),
        "then": results_as_of_document(explained.then),
    }


def bundle_document(bundle: Bundle) -> Json:
    """The document of ``regime snapshot export --json``."""
    return {
        "path": str(bundle.path),
        "snapshot": bundle.snapshot,
        "digest": bundle.digest,
        "symbols": list(bundle.symbols),
        "rebuilt": list(bundle.rebuilt),
        "bytes": bundle.bytes,
    }


def bundle_verification_document(verification: BundleVerification) -> Json:
    """The document of ``regime verify --bundle --json``."""
    return {
        "snapshot": verification.snapshot,
        "digest": verification.digest,
        "symbols": list(verification.symbols),
        "is_proven": verification.is_proven,
        "is_recomputed": verification.is_recomputed,
        "findings": [
            {"symbol": finding.symbol, "what": finding.what, "reason": finding.reason}
            for finding in verification.findings
        ],
    }


def _record(record: ComputeRecord) -> Json:
    return {
        "symbol": record.symbol,
        "compute_manifest": record.digest,
        "number": record.number,
        "written_at": iso(record.written_at),
        "content_digest": record.content_digest,
        "recipe_digest": record.recipe_digest,
        "params_fingerprint": record.params_fingerprint,
        "eras": record.eras,
        "code": dict(record.code),
    }
