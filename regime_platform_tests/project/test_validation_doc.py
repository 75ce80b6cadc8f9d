"""docs/validation.md lists every rule of the code."""

import re

import pytest

from regime_platform.model.markets import MARKETS
from regime_platform.settings import PROJECT_ROOT
from regime_platform.validation.findings import ValidationFinding
from regime_platform.validation.gate import compared
from regime_platform.validation.policy import CONFIGURABLE, DEFAULT_CONTEXT, parse_policy
from regime_platform_tests.validation.real_bars import real, validated

DOC = (PROJECT_ROOT / "docs" / "validation.md").read_text()


def _rules() -> list[ValidationFinding]:
    result = validated(real("IBM", "1day"), "IBM", "1day")
    findings = compared({"1day": result}, {}, market=MARKETS["US_EQUITY"], context=DEFAULT_CONTEXT)
    return list(findings["1day"].findings)


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
