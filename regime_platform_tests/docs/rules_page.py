"""docs/reference/rules.md: the rules of regimes and buckets, and the edges of each metric."""

from collections.abc import Iterator, Sequence

from regime_platform.compute.params import BUCKETS
from regime_platform.query.classification import (
    BIAS_RULES,
    CONFIDENT_BEAR,
    GUARDRAIL,
    LABEL_RULES,
    POSTURE_RULES,
    Rule,
    Way,
)
from regime_platform.report.palette import readable
from regime_platform.report.picture.edges import edges_of
from regime_platform.report.picture.picture import METRIC_NAMES
from regime_platform_tests.docs.tables import Row, table

_HEAD = """# Rules of regimes

The metrics of a bar are compared with fixed edges; the first rule of a table that holds decides.
No rule looks at another bar. `regime explain` shows the rules with the values of one bar,
`docs/metrics.md` what the metrics mean, `docs/canonical-compute.md` (section 7) the formulas of the
qualities: alignment, confidence, momentum intensity, volatility and liquidity quality, stability.
The rules of the validation gate are in `docs/validation.md`."""
_SIGNS = {">=": "≥", "<=": "≤"}
_OUTCOMES = ("outcome", "holds where")


def rules_page() -> str:
    """The page, rules in the order in which they are tried."""
    return "\n\n".join([_HEAD, *_parts()]) + "\n"


def _parts() -> Iterator[str]:
    yield "## Regime"
    yield table(("", "regime", "holds where"), _numbered(LABEL_RULES))
    bear = LABEL_RULES.index(CONFIDENT_BEAR) + 1
    yield (
        f"Guardrail: a trending regime with {_way(*GUARDRAIL.ways)} becomes "
        f"{readable(GUARDRAIL.gives)}, unless rule {bear} holds as well."
    )
    yield "## Bias"
    yield table(_OUTCOMES, [_outcome(rule) for rule in BIAS_RULES])
    yield "## Posture"
    yield table(_OUTCOMES, [_outcome(rule) for rule in POSTURE_RULES])
    yield "## Bucket of escalation"
    yield table(_OUTCOMES, _buckets())
    yield "## Edges of each metric"
    yield table(
        ("column", "metric", "compared at"), [_edges(*each) for each in METRIC_NAMES.items()]
    )


def _numbered(rules: Sequence[Rule]) -> Iterator[Row]:
    for number, rule in enumerate(rules, start=1):
        yield str(number), *_outcome(rule)


def _outcome(rule: Rule) -> Row:
    ways = "; or ".join(map(_way, rule.ways))
    return readable(rule.gives), "; ".join(part for part in (ways, rule.note) if part)


def _way(way: Way) -> str:
    return " and ".join(_condition(*each) for each in way.items())


def _condition(condition: str, edge: float) -> str:
    name, relation = condition.split()
    value = f"abs({name[4:]})" if name.startswith("abs_") else name
    return f"`{value}` {_SIGNS.get(relation, relation)} {edge:g}"


def _buckets() -> Iterator[Row]:
    yield "HIGH", f"`esc_pctl` ≥ {BUCKETS.high:.2f}"
    yield "MED", f"`esc_pctl` ≥ {BUCKETS.med:.2f}"
    yield "LOW", "there is an `esc_pctl`"
    yield "NA", "no other rule holds"


def _edges(column: str, title: str) -> Row:
    return (
        f"`{column}`",
        title,
        "; ".join(map(str, edges_of(column))) or "no rule compares it alone",
    )
