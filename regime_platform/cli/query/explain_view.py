"""An explanation as text: the escalation, the regime and its rules, the metrics."""

from collections.abc import Iterator, Sequence

from regime_platform.cli.console.screen import Cell, print_table, results
from regime_platform.compute.escalation.escalation import action
from regime_platform.model.instants import iso
from regime_platform.query.classification import WEIGHTS
from regime_platform.query.documents import codes, era_dates, metrics
from regime_platform.query.explanation import Explanation
from regime_platform.query.rank import Rank
from regime_platform.query.ranking import MEANING, WEIGHT, Component, Ranking
from regime_platform.query.rules import ClassifierRule, Comparison
from regime_platform.query.states import LABEL_COLUMNS
from regime_platform.report.palette import BUCKET_COLOURS, readable


def print_explanation(explanation: Explanation) -> None:
    """Everything about the bar itself; `explain` prints its provenance."""
    _print(f"{explanation.symbol} {explanation.timeframe} {iso(explanation.ts)}", "bold")
    _print_escalation(explanation)
    _print_regime(explanation)
    _print_metrics(explanation)


def print_verdict(explanation: Explanation) -> None:
    """Whether every stored number follows from the others."""
    for mismatch in explanation.wrong:
        _print(f"inconsistent: {mismatch}", "bold red")
    if not explanation.wrong:
        _print("every rank, mean and rule shown here gives the number stored with it", "green")


def _print_escalation(explanation: Explanation) -> None:
    ranking = explanation.ranking
    if ranking is None:
        _print("escalation: too few bars")
        return
    stored = ranking.stored
    bucket = str(stored["esc_bucket"])
    heading = f"escalation {_number(stored['esc_pctl'])} {bucket}: {readable(action(bucket))}"
    _print(heading, f"bold {BUCKET_COLOURS[bucket]}")
    for line in _signal(ranking, explanation):
        _print(f"  {line}")
    rows = [_component(component) for component in ranking.components]
    columns = ("component", "raw", "k of n", "percentile", "weight", "measures")
    print_table(columns, rows, numbers=columns[1:5], folding=("measures",))
    others = [
        f"{name.removeprefix('esc_pctl_')} {_number(value)}"
        for name, value in stored.items()
        if name.startswith("esc_pctl_") and "era" not in name and value is not None
    ]
    _print(f"  other percentiles of esc_raw: {', '.join(others) or 'none yet'}")


def _signal(ranking: Ranking, explanation: Explanation) -> Iterator[str]:
    """From the mean of the components to the signal, line by line."""
    eras, stored, rank = explanation.eras, ranking.stored, ranking.rank
    yield f"esc_raw {_number(stored['esc_raw'])}: the mean of the five percentiles below"
    if ranking.era is None:
        yield f"the bar lies in no era of {eras.version}, so there is no percentile"
        return
    first, end = era_dates(ranking.era)
    span = f"{first or 'the beginning'} to {end or 'now'}"
    where = f"era {ranking.era.index + 1} of {ranking.eras} ({eras.version}, {span})"
    if rank is None:
        yield f"{where}: {ranking.bars_in_era:,} bars of it so far are too few for a rank"
        return
    counts = f"{rank.below:,} below, {rank.equal:,} equal, {rank.missing:,} missing"
    yield f"{where}: {_place(rank)} ({counts}) = {_number(rank.percentile)}"
    bars, year, trust = ranking.bars_in_era, ranking.year_bars, stored["esc_pctl_era_confidence"]
    yield f"confidence in the era {_number(trust)}: it has {bars:,} bars so far, a year {year:,}"
    formula = f"0.5 + ({_number(stored['esc_pctl_era'])} - 0.5) x {_number(trust)}"
    yield f"signal {formula} = {_number(stored['esc_pctl'])}"
    yield f"eras: {eras.reason}"


def _component(component: Component) -> Sequence[Cell]:
    rank = "·" if component.rank is None else _place(component.rank)
    name = readable(component.name.removeprefix("esc_"))
    numbers = (_number(component.raw), rank, _number(component.percentile), f"{WEIGHT:g}")
    return name, *numbers, MEANING[component.name]


def _print_regime(explanation: Explanation) -> None:
    state, rules = explanation.state, explanation.classification
    labels = [readable(state[name]) for name in ("regime_label", "regime_bias", "risk_posture")]
    _print(f"regime {', '.join(labels)}, confidence {_number(state['confidence'])}", "bold")
    _print_rules("label", rules.label_rules)
    _print_rules("bias", rules.bias_rules)
    _print_rules("posture", rules.posture_rules)
    if rules.guardrail is not None:
        _print_rules("guardrail", [rules.guardrail])
    qualities = rules.qualities
    terms = [
        f"{weight:g} x {readable(name)} {_number(qualities[name])}"
        for name, weight in WEIGHTS.items()
    ]
    trust = f"asymmetry quality {_number(qualities['asymmetry_quality'])} x ({' + '.join(terms)})"
    _print(f"  confidence: {trust}")
    for title, name in (("reasons", "regime_reasons"), ("tags", "strategy_tags")):
        _print(f"  {title}: {', '.join(readable(code) for code in codes(state[name]))}")


def _print_rules(title: str, rules: Sequence[ClassifierRule]) -> None:
    failed = [readable(rule.outcome) for rule in rules if not rule.holds]
    before = f" (not {', not '.join(failed)})" if failed else ""
    for rule in rules:
        if rule.holds:
            note = f"; {rule.note}" if rule.note and rule.alternatives else ""
            _print(f"  {title} {readable(rule.outcome)}{before}: {_conditions(rule)}{note}")


def _conditions(rule: ClassifierRule) -> str:
    if not rule.alternatives:
        return rule.note
    return " or ".join(" and ".join(map(_comparison, part)) for part in rule.fulfilled)


def _comparison(part: Comparison) -> str:
    return f"{readable(part.name)} {_number(part.value)} {part.relation} {part.edge:g}"


def _print_metrics(explanation: Explanation) -> None:
    state = explanation.state
    values = [f"{readable(name)} {_number(value)}" for name, value in metrics(explanation).items()]
    labels = [f"{readable(name)} {readable(state[name])}" for name in LABEL_COLUMNS]
    _print("metrics", "bold")
    _print(f"  {', '.join(values)}")
    _print(f"  {', '.join(labels)}")
    for side in ("support", "resistance"):
        levels = [
            f"{_number(state[f'{side}_{rank}_price'])} "
            f"(strength {_number(state[f'{side}_{rank}_strength'])})"
            for rank in (1, 2, 3)
            if state[f"{side}_{rank}_price"] is not None
        ]
        _print(f"  {side}: {', '.join(levels) or 'none'}")
    if explanation.warming:
        names = ", ".join(readable(name) for name in explanation.warming)
        _print(f"  too few bars yet, fixed default values: {names}", "yellow")


def _place(rank: Rank) -> str:
    return f"{rank.place:,g} of {rank.members:,}"


def _number(value: float | None) -> str:
    return "·" if value is None else f"{value:.6g}"


def _print(text: str, style: str = "") -> None:
    results().print(text, style=style, soft_wrap=True)
