"""One bar explained as a fragment of HTML, as a notebook shows it."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from regime_platform.model.instants import iso
from regime_platform.query.classification import Comparison, EvaluatedRule
from regime_platform.query.explanation import Explanation
from regime_platform.report.flip_text import flip_words
from regime_platform.report.html import render
from regime_platform.report.palette import readable

_REGIME = ("regime_label", "regime_bias", "risk_posture")


def explanation_html(explanation: Explanation, notes: Sequence[str] = ()) -> str:
    """Regime with the rules that decided, escalation with its components, and the metrics.

    ``notes`` stand below: limits of the explanation, or its provenance.
    """
    ranked, used = explanation.escalation, explanation.bars_used
    return render(
        "explanation.html",
        title=f"{explanation.symbol} {explanation.timeframe} {iso(explanation.ts)}",
        regime=", ".join(readable(explanation.regime[name]) for name in _REGIME),
        since=_since(explanation),
        confidence=_number(explanation.regime["confidence"]),
        rules=list(_rules(explanation)),
        bucket="NA" if ranked is None else str(ranked.stored["esc_bucket"]),
        escalation=headline(explanation),
        components=() if ranked is None else [_component(vars(part)) for part in ranked.components],
        metrics=", ".join(
            f"{readable(name)} {_number(value)}" for name, value in explanation.metrics.items()
        ),
        made_from=f"{used.count:,} bars, {iso(used.first)} to {iso(used.last)}, none later",
        wrong=explanation.wrong,
        notes=notes,
    )


def headline(explanation: Explanation) -> str:
    """The escalation in words, such as "0.812183 MED: reduce 40; ranked on 1,895 bars of 1 era"."""
    ranked = explanation.escalation
    if ranked is None:
        return "too few bars"
    stored = ranked.stored
    basis = "" if ranked.rank_basis is None else f"; {ranked.rank_basis}"
    percentile = _number(stored["esc_pctl"])
    return f"{percentile} {stored['esc_bucket']}: {readable(ranked.action)}{basis}"


def _since(explanation: Explanation) -> str:
    began = explanation.began
    return f"{iso(began.ts)}: {flip_words(began)}"


def _rules(explanation: Explanation) -> Iterator[tuple[str, str, str]]:
    """What a rule decided, its outcome, and the conditions that were fulfilled."""
    rules = explanation.rules
    guardrail = () if rules.guardrail is None else (rules.guardrail,)
    lists = {
        "label": rules.label_rules,
        "guardrail": guardrail,
        "bias": rules.bias_rules,
        "posture": rules.posture_rules,
    }
    for title, evaluated in lists.items():
        for rule in evaluated:
            if rule.holds:
                yield title, readable(rule.gives), _conditions(rule)


def _conditions(rule: EvaluatedRule) -> str:
    fulfilled = [way for way in rule.ways if all(part.holds for part in way)]
    return " or ".join(" and ".join(map(_comparison, way)) for way in fulfilled) or rule.note


def _comparison(part: Comparison) -> str:
    return f"{readable(part.name)} {_number(part.value)} {part.relation} {_number(part.edge)}"


def _component(part: Mapping[str, Any]) -> tuple[str, ...]:
    name, rank = readable(part["name"].removeprefix("esc_")), part["rank"]
    return (
        *(name, _number(part["raw"]), "·" if rank is None else str(rank)),
        *(_number(part["percentile"]), part["meaning"]),
    )


def _number(value: float | None) -> str:
    return "·" if value is None or not math.isfinite(value) else f"{value:.6g}"
