"""An explanation names where the bar and the numbers come from; the keys of its document."""

import datetime as dt

from regime_platform.errors import ResultsError, UsageError
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.query.explain import explain
from regime_platform.query.series import bars
from regime_platform.query.states import state
from regime_platform_tests.error_codes import raises

KEYS = (
    "symbol timeframe ts bar bars_used regime strategy_tags regime_reasons regime_reasons_top "
    "metrics words levels still_warming_up rules began regime_bars nearest_edge eras escalation "
    "wrong origin made_from manifests notes last_bar due_bar missing is_stale"
)
RULES = (
    "label bias posture qualities confidence_weights label_rules guardrail bias_rules posture_rules"
)


def test_a_stored_bar_is_explained_with_what_it_was_made_from(processed: RunWorkspace) -> None:
    now = state("MSFT", "1day", where=processed.root.path)["1day"]

    explained = explain("MSFT", "1day", now.as_of, where=processed.root.path)

    assert explained.explanation.rules.label == now.regime
    assert explained.made_from["is_installed_code"]
    assert explained.made_from["compute_digest"] == processed.code.compute_digest


def test_a_bar_that_is_not_stored_is_refused(processed: RunWorkspace) -> None:
    with raises(ResultsError, "no-such-bar"):
        explain("MSFT", "1day", "1999-01-04", where=processed.root.path)
    with raises(UsageError, "bad-time", match="ts 'soon'"):
        explain("MSFT", "1day", "soon", where=processed.root.path)


def test_keys_of_an_explanation(processed: RunWorkspace) -> None:
    where = processed.root.path
    last = bars("AAPL", "1day", where=where).collect()["ts"][-1]

    document = explain("AAPL", "1day", last, where=where).document()

    assert list(document) == KEYS.split()
    assert list(document["rules"]) == RULES.split()
    rule = document["rules"]["label_rules"][0]
    assert list(rule) == ["gives", "holds", "note", "ways"]
    assert list(rule["ways"][0][0]) == ["name", "value", "relation", "edge", "holds"]
    rank = document["escalation"]["rank_in_era"]
    assert list(rank) == ["k", "n", "below", "equal", "missing", "percentile"]
    assert "recipe_digest" not in document["manifests"]["bars"]
    assert "recipe_digest" in document["manifests"]["results"]


def test_a_timeframe_without_bars_names_those_that_have_some(processed: RunWorkspace) -> None:
    with raises(ResultsError, "no-bars", match="tracked on 1day, 1week"):
        explain("MSFT", "1h", dt.datetime(2013, 3, 1, tzinfo=dt.UTC), where=processed.root.path)
    with raises(ResultsError, "no-bars", match="tracked on 1h, 4h, 1day"):
        explain(
            "EURUSD", "15min", dt.datetime(2013, 3, 1, tzinfo=dt.UTC), where=processed.root.path
        )
