"""JSON documents of answers: their keys, and null for numbers that JSON cannot express."""

import math

from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.query.documents import explained_document, finite
from regime_platform.query.explain import explain
from regime_platform.query.series import bars

KEYS = (
    "symbol timeframe ts bar bars_used regime strategy_tags regime_reasons regime_reasons_top "
    "metrics words levels still_warming_up rules eras escalation wrong origin made_from manifests "
    "notes"
)
RULES = (
    "label bias posture qualities confidence_weights label_rules guardrail bias_rules posture_rules"
)


def test_keys_of_an_explanation(processed: RunWorkspace) -> None:
    where = processed.root.path
    last = bars("AAPL", "1day", where=where).collect()["ts"][-1]

    document = explained_document(explain("AAPL", "1day", last, where=where))

    assert list(document) == KEYS.split()
    assert list(document["rules"]) == RULES.split()
    rule = document["rules"]["label_rules"][0]
    assert list(rule) == ["gives", "holds", "note", "ways"]
    assert list(rule["ways"][0][0]) == ["name", "value", "relation", "edge", "holds"]
    rank = document["escalation"]["rank_in_era"]
    assert list(rank) == ["k", "n", "below", "equal", "missing", "percentile"]
    assert "recipe_digest" not in document["manifests"]["bars"]
    assert "recipe_digest" in document["manifests"]["results"]


def test_numbers_outside_json_are_null() -> None:
    assert finite({"a": [math.nan, 1.0], "b": math.inf}) == {"a": [None, 1.0], "b": None}
