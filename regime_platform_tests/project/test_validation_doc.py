"""docs/validation.md lists every rule of the code."""

import re
from dataclasses import replace

import pytest

from regime_platform.model.markets import MARKETS
from regime_platform.settings import PROJECT_ROOT
from regime_platform.validation.findings import ValidationFinding, finding_of
from regime_platform.validation.gate import compared
from regime_platform.validation.policy import CONFIGURABLE, DEFAULT_CONTEXT, parse_policy
from regime_platform.validation.rules.finer_bars import FINER_BARS
from regime_platform_tests.validation.real_bars import real, validated

DOC = (PROJECT_ROOT / "docs" / "validation.md").read_text()


def _rules() -> list[ValidationFinding]:
    result = validated(real("IBM", "1day"), "IBM", "1day")
    finer = replace(result, valid=result.valid.clear())  # one rule is of symbols with finer bars
    results = {"1day": result, "5min": finer}
    findings = compared(results, {}, market=MARKETS["US_EQUITY"], context=DEFAULT_CONTEXT)
    of_built_bars = finding_of(FINER_BARS, 1, 0)
    return [*findings["1day"].findings, of_built_bars]


def test_the_table_has_every_rule_in_order_with_its_severity_unit_and_choice() -> None:
    rows = re.findall(r"^\| `(\w+)` \| ([\w ]+) \| (\w+) \| (yes|no) \|", DOC, re.MULTILINE)

    assert rows == [
        (
            rule.rule,
            rule.severity.value.replace("_", " "),
            rule.unit,
            "yes" if rule.rule in CONFIGURABLE else "no",
        )
        for rule in _rules()
    ]


def test_the_example_of_gate_yaml_is_a_policy() -> None:
    (example,) = re.findall(r"```yaml\n(.*?)```", DOC, flags=re.DOTALL)

    assert parse_policy(example, "docs/validation.md").chosen


@pytest.mark.parametrize("word", ["exclude", "accept", "list", "undo"])
def test_every_decision_has_its_command(word: str) -> None:
    assert f"regime bars {word} " in DOC
