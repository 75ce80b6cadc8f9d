"""An explanation for people: the number first, then how it came about, then what proves it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from regime_platform.cli.explain_origin import print_origin
from regime_platform.cli.screen import Cell, print_table, results
from regime_platform.report.palette import BUCKET_COLOURS, readable

Facts = Mapping[str, Any]


def print_explanation(facts: Facts) -> None:
    """All of it."""
    _say(f"{facts['symbol']} {facts['timeframe']} {facts['ts']}", "bold")
    _print_escalation(facts["escalation"], facts["eras"])
    _print_regime(facts)
    _print_metrics(facts)
    print_origin(facts)
    if facts["wrong"]:
        for one in facts["wrong"]:
            _say(f"does not follow: {one}", "bold red")
    else:
        _say("every rank, mean and rule told here gives the number told with it", "green")


def _print_escalation(told: Facts | None, eras: Facts) -> None:
    if told is None:
        _say("escalation: too few bars")
        return
    bucket, value = str(told["esc_bucket"]), told["esc_pctl"]
    heading = f"escalation {_number(value)} {bucket}: {readable(told['action'])}"
    _say(heading, f"bold {BUCKET_COLOURS[bucket]}")
    for line in _signal(told, eras):
        _say(f"  {line}")
    rows = [_component(one) for one in told["components"]]
    columns = ("component", "raw", "k of n", "percentile", "weight", "measures")
    print_table(columns, rows, numbers=columns[1:5], folding=("measures",))
    others = [
        f"{name.removeprefix('esc_pctl_')} {_number(told[name])}"
        for name in told
        if name.startswith("esc_pctl_") and "era" not in name and told[name] is not None
    ]
    _say(f"  other percentiles of esc_raw: {', '.join(others) or 'none yet'}")


def _signal(told: Facts, eras: Facts) -> Iterator[str]:
    """From the mean of the components to the signal."""
    yield f"esc_raw {_number(told['esc_raw'])}: the mean of the five percentiles below"
    era, rank = told["era"], told["rank_in_era"]
    if era is None:
        yield f"the bar lies in no era of {eras['version']}, so there is no percentile"
        return
    span = f"{era['from'] or 'ever'} to {era['until'] or 'now'}"
    where = f"era {era['index'] + 1} of {era['of']} ({eras['version']}, {span})"
    if rank is None:
        yield f"{where}: {told['bars_in_era']:,} bars of it so far are too few to rank in"
        return
    counted = f"{rank['below']:,} below, {rank['equal']:,} equal, {rank['missing']:,} missing"
    yield f"{where}: {_place(rank)} ({counted}) = {_number(rank['percentile'])}"
    seen, year, trust = told["bars_in_era"], told["year_bars"], told["esc_pctl_era_confidence"]
    yield f"confidence in the era {_number(trust)}: {seen:,} of its bars seen, a year has {year:,}"
    moved = f"0.5 + ({_number(told['esc_pctl_era'])} - 0.5) x {_number(trust)}"
    yield f"signal {moved} = {_number(told['esc_pctl'])}"
    yield f"eras chosen because {eras['reason']}"


def _component(one: Facts) -> Sequence[Cell]:
    rank = "·" if one["rank"] is None else _place(one["rank"])
    name = readable(one["name"].removeprefix("esc_"))
    numbers = (_number(one["raw"]), rank, _number(one["percentile"]), f"{one['weight']:g}")
    return name, *numbers, one["meaning"]


def _print_regime(facts: Facts) -> None:
    regime, rules = facts["regime"], facts["rules"]
    words = [readable(regime[name]) for name in ("regime_label", "regime_bias", "risk_posture")]
    _say(f"regime {', '.join(words)}, confidence {_number(regime['confidence'])}", "bold")
    for title, name in (("label", "label_rules"), ("bias", "bias_rules")):
        _print_rules(title, rules[name])
    _print_rules("posture", rules["posture_rules"])
    if rules["guardrail"] is not None:
        _print_rules("guardrail", [rules["guardrail"]])
    known = rules["qualities"]
    terms = [
        f"{weight:g} x {readable(name)} {_number(known[name])}"
        for name, weight in rules["confidence_weights"].items()
    ]
    trust = f"asymmetry quality {_number(known['asymmetry_quality'])} x ({' + '.join(terms)})"
    _say(f"  confidence: {trust}")
    _say(f"  reasons: {', '.join(readable(code) for code in facts['regime_reasons'])}")
    _say(f"  tags: {', '.join(readable(code) for code in facts['strategy_tags'])}")


def _print_rules(title: str, rules: Sequence[Facts]) -> None:
    passed = [readable(rule["gives"]) for rule in rules if not rule["holds"]]
    before = f" (not {', not '.join(passed)})" if passed else ""
    for rule in rules:
        if rule["holds"]:
            note = f"; {rule['note']}" if rule["note"] and rule["ways"] else ""
            _say(f"  {title} {readable(rule['gives'])}{before}: {_fired(rule)}{note}")


def _fired(rule: Facts) -> str:
    if not rule["ways"]:
        return str(rule["note"])
    held = [way for way in rule["ways"] if all(one["holds"] for one in way)]
    return " or ".join(" and ".join(_condition(one) for one in way) for way in held)


def _condition(one: Facts) -> str:
    return f"{readable(one['name'])} {_number(one['value'])} {one['relation']} {one['edge']:g}"


def _print_metrics(facts: Facts) -> None:
    metrics = [f"{readable(name)} {_number(value)}" for name, value in facts["metrics"].items()]
    words = [f"{readable(name)} {readable(word)}" for name, word in facts["words"].items()]
    _say("metrics", "bold")
    _say(f"  {', '.join(metrics)}")
    _say(f"  {', '.join(words)}")
    levels = facts["levels"]
    for side in ("support", "resistance"):
        told = [
            f"{_number(levels[f'{side}_{rank}_price'])} "
            f"(strength {_number(levels[f'{side}_{rank}_strength'])})"
            for rank in (1, 2, 3)
            if levels[f"{side}_{rank}_price"] is not None
        ]
        _say(f"  {side}: {', '.join(told) or 'none'}")
    if facts["still_warming_up"]:
        names = ", ".join(readable(name) for name in facts["still_warming_up"])
        _say(f"  too few bars yet, so a fixed value stands for: {names}", "yellow")


def _place(rank: Facts) -> str:
    return f"{rank['k']:,g} of {rank['n']:,}"


def _number(value: float | None) -> str:
    return "·" if value is None else f"{value:.6g}"


def _say(text: str, style: str = "") -> None:
    results().print(text, style=style, soft_wrap=True)
