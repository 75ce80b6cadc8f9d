"""Answers as JSON documents: the one module that names their keys."""

from dataclasses import asdict
from math import isfinite
from typing import Any

import polars as pl

from regime_platform.compute.eras.eras import OPEN_END, OPEN_START, Era
from regime_platform.compute.escalation.escalation import COMPONENTS, action
from regime_platform.model.instants import iso
from regime_platform.model.result_schema import METRICS
from regime_platform.query.classification import WEIGHTS, Classification
from regime_platform.query.evaluate import Evaluation
from regime_platform.query.explain import Explained
from regime_platform.query.explanation import Explanation
from regime_platform.query.provenance import BarOrigin, ManifestSummary
from regime_platform.query.rank import Rank
from regime_platform.query.ranking import MEANING, WEIGHT, Component, Ranking
from regime_platform.query.rules import ClassifierRule
from regime_platform.query.states import LABEL_COLUMNS

_REGIME = ("regime_label", "confidence", "regime_bias", "risk_posture")
_CODE_LISTS = ("strategy_tags", "regime_reasons", "regime_reasons_top")

Document = dict[str, Any]


def explained_document(explained: Explained) -> Document:
    """The document of ``regime explain --json``."""
    made_from, manifests = explained.made_from, explained.manifests
    return {
        **explanation_document(explained.explanation),
        "origin": _origin(explained.origin),
        "made_from": asdict(made_from),
        "manifests": {
            "bars": _manifest(manifests.bars),
            "results": _manifest(manifests.results),
            "describes_results": manifests.describes_results,
        },
        "notes": list(explained.notes),
    }


def evaluation_document(evaluation: Evaluation) -> Document:
    """The document of ``regime evaluate --json``."""
    result = evaluation.result
    return {
        "symbol": result.symbol,
        "timeframe": result.timeframe,
        "status": result.status,
        "reason": result.reason,
        "bars": result.bars_used,
        "escalation_rows": result.escalation.height,
        "state_rows": result.state.height,
        "eras": evaluation.eras.version,
        "eras_reason": evaluation.eras.reason,
        "files": [str(path) for path in evaluation.files],
        "read_as": evaluation.read_as,
    }


def explanation_document(explanation: Explanation) -> Document:
    """The part of it that is about the bar itself; NaN and infinities are null."""
    state, ranked = explanation.state, explanation.ranking
    document: Document = {
        "symbol": explanation.symbol,
        "timeframe": explanation.timeframe,
        "ts": iso(explanation.ts),
        "bar": dict(explanation.bar),
        "bars_used": {
            "count": explanation.bars_used,
            "first": iso(explanation.first_bar),
            "last": iso(explanation.ts),
            "digest": explanation.bars_digest,
        },
        "regime": {name: state[name] for name in _REGIME},
        **{name: codes(state[name]) for name in _CODE_LISTS},
        "metrics": metrics(explanation),
        "words": {name: state[name] for name in LABEL_COLUMNS},
        "levels": {name: state[name] for name in state if name.endswith(("_price", "_strength"))},
        "still_warming_up": list(explanation.warming),
        "rules": _classification(explanation.classification),
        "eras": {"version": explanation.eras.version, "reason": explanation.eras.reason},
        "escalation": None if ranked is None else _ranking(ranked),
        "wrong": list(explanation.wrong),
    }
    return {name: finite(value) for name, value in document.items()}


def metrics(explanation: Explanation) -> dict[str, float | None]:
    """The eleven metrics of the bar and its efficiency ratio."""
    return {name: explanation.state[name] for name in (*METRICS, "er")}


def codes(text: str) -> list[str]:
    """The codes of a stored list."""
    return [code for code in text.split(",") if code]


def era_dates(era: Era) -> tuple[str | None, str | None]:
    """The first day of an era and the day after its last; None where it is open."""
    return (
        None if era.start_us == OPEN_START else _date(era.start_us),
        None if era.end_us == OPEN_END else _date(era.end_us),
    )


def finite(value: Any) -> Any:
    """The same value with None for every number that JSON cannot express."""
    if isinstance(value, dict):
        return {name: finite(part) for name, part in value.items()}
    if isinstance(value, list):
        return [finite(part) for part in value]
    return None if isinstance(value, float) and not isfinite(value) else value


def _classification(classification: Classification) -> Document:
    guardrail = classification.guardrail
    return {
        "label": classification.label,
        "bias": classification.bias,
        "posture": classification.posture,
        "qualities": dict(classification.qualities),
        "confidence_weights": dict(WEIGHTS),
        "label_rules": [_rule(rule) for rule in classification.label_rules],
        "guardrail": None if guardrail is None else _rule(guardrail),
        "bias_rules": [_rule(rule) for rule in classification.bias_rules],
        "posture_rules": [_rule(rule) for rule in classification.posture_rules],
    }


def _rule(rule: ClassifierRule) -> Document:
    return {
        "gives": rule.outcome,
        "holds": rule.holds,
        "note": rule.note,
        "ways": [
            [{**asdict(comparison), "holds": comparison.holds} for comparison in alternative]
            for alternative in rule.alternatives
        ],
    }


def _ranking(ranking: Ranking) -> Document:
    stored = ranking.stored
    return {
        **{name: value for name, value in stored.items() if name not in COMPONENTS},
        "action": action(str(stored["esc_bucket"])),
        "components": [_component(component) for component in ranking.components],
        "era": None if ranking.era is None else {**_era(ranking.era), "of": ranking.eras},
        "bars_in_era": ranking.bars_in_era,
        "year_bars": ranking.year_bars,
        "rank_in_era": None if ranking.rank is None else _rank(ranking.rank),
    }


def _component(component: Component) -> Document:
    return {
        "name": component.name,
        "meaning": MEANING[component.name],
        "weight": WEIGHT,
        "raw": component.raw,
        "percentile": component.percentile,
        "rank": None if component.rank is None else _rank(component.rank),
    }


def _rank(rank: Rank) -> Document:
    return {
        "k": rank.place,
        "n": rank.members,
        "below": rank.below,
        "equal": rank.equal,
        "missing": rank.missing,
        "percentile": rank.percentile,
    }


def _era(era: Era) -> Document:
    first, end = era_dates(era)
    return {"index": era.index, "from": first, "until": end}


def _origin(origin: BarOrigin) -> Document:
    return {
        "revisions": [
            {
                "fetched_at": iso(revision.fetched_at),
                "source": revision.source,
                "price_basis": revision.price_basis,
                "raw_file": revision.raw_file,
                **revision.prices,
            }
            for revision in origin.revisions
        ],
        "decisions": [override.model_dump(mode="json") for override in origin.overrides],
    }


def _manifest(manifest: ManifestSummary | None) -> Document | None:
    if manifest is None:
        return None
    document = asdict(manifest)
    if manifest.recipe_digest is None:  # a manifest of bars has none
        del document["recipe_digest"]
    return document


def _date(microseconds: int) -> str:
    opens = pl.Series([microseconds]).cast(pl.Datetime("us", "UTC"))[0]
    return iso(opens).removesuffix("T00:00:00Z")
