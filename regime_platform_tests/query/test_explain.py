"""An explanation names where the bar and the numbers come from."""

import datetime as dt

from regime_platform.errors import ResultsError
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.query.explain import explain
from regime_platform.query.states import state
from regime_platform_tests.error_codes import raises


def test_a_stored_bar_is_explained_with_what_it_was_made_from(processed: RunWorkspace) -> None:
    now = state("MSFT", "1day", where=processed.root.path)["1day"]

    explained = explain("MSFT", "1day", now.as_of, where=processed.root.path)

    assert explained.explanation.classification.label == now.regime
    assert explained.made_from.is_installed_code
    assert explained.made_from.compute_digest == processed.code.compute_digest


def test_a_bar_that_is_not_stored_is_refused(processed: RunWorkspace) -> None:
    with raises(ResultsError, "no-such-bar"):
        explain("MSFT", "1day", dt.datetime(1999, 1, 4, tzinfo=dt.UTC), where=processed.root.path)
