"""docs/metrics.md: every metric and regime, with ranges, first bars and edges of the code."""

import re

import pytest

from regime_platform.compute.params import BUCKETS, DEFAULT_PARAMS, FIRST_BARS
from regime_platform.compute_db.reader import read_table
from regime_platform.model.result_schema import LEVEL_COLUMNS, REGIME_LABELS
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.query.classification import LABEL_RULES
from regime_platform.report.palette import readable
from regime_platform.report.picture.picture import METRIC_NAMES
from regime_platform.settings import PROJECT_ROOT

PAGE = (PROJECT_ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")
#: Name, columns, range and first bar of each row of the table.
ROWS = re.findall(r"^\| \[([\w ]+)\]\(#.*?\) \| (.*?) \| (.*?) \| (\d+) \|", PAGE, re.MULTILINE)
FIRST = {
    "volatility regime": FIRST_BARS.vol_regime,
    "downside shock risk": FIRST_BARS.shock_risk,
    "structural score": FIRST_BARS.structure,
}


def test_the_table_has_each_metric_with_its_first_bar() -> None:
    columns = [name for row in ROWS for name in re.findall(r"`(\w+)`", row[1])]
    first = {row[0]: int(row[3]) for row in ROWS}

    assert len(ROWS) == 11
    assert {*columns, "confidence"} == set(METRIC_NAMES)
    assert first == {
        name: FIRST.get(name) or getattr(FIRST_BARS, name.replace(" ", "_")) for name in first
    }


@pytest.mark.parametrize("name", [*METRIC_NAMES, "escalation"])
def test_each_metric_has_its_picture(name: str) -> None:
    assert f"](images/metrics/{name}.svg)" in PAGE


def test_the_regimes_are_in_the_order_of_their_rules() -> None:
    section = PAGE[PAGE.index("### Regime") : PAGE.index("### Escalation")]
    regimes = re.findall(r"^\| ([a-z ]+) \| (?!what)", section, re.MULTILINE)

    assert regimes == list(dict.fromkeys(readable(rule.gives) for rule in LABEL_RULES))
    assert {readable(label) for label in REGIME_LABELS} == set(regimes)


def test_the_edges_of_buckets_and_the_wait_of_an_era_are_those_of_the_code() -> None:
    assert f"MED from {BUCKETS.med:.2f}, HIGH from {BUCKETS.high:.2f}" in PAGE
    assert f"(1day: {DEFAULT_PARAMS.at('1day').min_members} bars)" in PAGE


@pytest.mark.slow
def test_every_value_of_a_real_series_is_in_its_range(processed: RunWorkspace) -> None:
    states = read_table(processed.root.symbol("AAPL").compute_db, "state_history")
    strengths = [name for name in LEVEL_COLUMNS if name.endswith("strength")]

    for name, cells, ranges, _first in ROWS:
        columns = re.findall(r"`(\w+)`", cells) or strengths
        spans = re.findall(r"(-?1|0) to 1", ranges)
        for column, low in zip(columns, spans + spans[-1:] * len(columns), strict=False):
            values = states[column].drop_nulls()
            assert values.is_between(int(low), 1).all(), (name, column)
            assert (values.min() < 0) == (low == "-1"), (name, column)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("column", "label", "below", "above"),
    [("vrs", "vol_label", "CALM", "STRESSED"), ("lq", "lq_label", "THIN", "DEEP")],
)
def test_the_words_for_volatility_and_liquidity_begin_where_the_page_says(
    processed: RunWorkspace, column: str, label: str, below: str, above: str
) -> None:
    words = rf"Below ([\d.]+)\s+it\s+is\s+called {below.lower()}, from ([\d.]+) on {above.lower()}"
    match = re.search(words, PAGE)
    assert match is not None
    states = read_table(processed.root.symbol("AAPL").compute_db, "state_history")
    states = states.filter(timeframe="1day").sort("ts").tail(3000)  # after the warm-up

    low, high = float(match[1]), float(match[2])
    assert (states[label].cast(str) == below).equals(states[column] < low)
    assert (states[label].cast(str) == above).equals(states[column] >= high)
