"""Queries of a compute.db of version 1 give the answers of the current version, and say so."""

import json

import polars as pl
import pytest

from regime_platform.errors import ResultsError
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.query.states import state
from regime_platform_tests.legacy.older import Changed
from regime_platform_tests.legacy.stores import GOLDEN
from regime_platform_tests.scenario import fingerprint


def test_the_state_is_the_last_one_and_names_version_1(
    msft: RunWorkspace, rows: pl.DataFrame
) -> None:
    before = fingerprint(msft.root.path)

    now = state("MSFT", where=msft.root.path)["1day"]

    (latest,) = json.loads((GOLDEN / "msft_1day.latest.json").read_text())
    labels = rows["regime_label"].to_list()
    assert f"{now.as_of:%Y-%m-%d}" == latest["asof"]
    assert now.hazard_score == latest["hazard_score"]
    assert now.regime == labels[-1]
    assert labels[-now.bars - 1] != now.regime
    assert "is of version 1" in now.read_as
    assert now.rank_basis is None
    assert fingerprint(msft.root.path) == before


def test_a_state_that_only_latest_state_has_is_the_latest(changed: Changed) -> None:
    sample = (GOLDEN / "msft_1day.sample_state.json").read_text()
    workspace = changed(
        "ALTER TABLE latest_state ADD COLUMN state_json",
        f"UPDATE latest_state SET asof = '2013-03-04', state_json = '{sample}'",  # noqa: S608
    )

    now = state("MSFT", where=workspace.root.path)["1day"]

    assert f"{now.as_of:%Y-%m-%d}" == "2013-03-04"
    assert (now.bars, f"{now.since:%Y-%m-%d}") == (2, "2013-03-01")
    assert now.escalation_percentile is None


def test_without_a_latest_state_it_is_the_last_of_the_history(changed: Changed) -> None:
    now = state("MSFT", where=changed("DELETE FROM latest_state").root.path)["1day"]

    assert (f"{now.as_of:%Y-%m-%d}", now.hazard_score) == ("2013-03-01", None)
    assert now.escalation_percentile is not None


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("CREATE TABLE schema_version AS SELECT 'v3' AS version", "SQLite file of version v3"),
        ("UPDATE state_history SET symbol = 'X'", "has no results of MSFT"),
        ("UPDATE state_history SET state_json = '{'", "is not readable"),
        ("UPDATE state_history SET state_json = replace(state_json, 'BEARISH', 'UP')", "UP"),
        ("UPDATE escalation_history_v3 SET esc_raw = 'much'", "much"),
        ("INSERT INTO escalation_history_v3 SELECT * FROM escalation_history_v3", "each once"),
        ("DROP TABLE state_history", "no readable results"),
    ],
)
def test_an_unreadable_file_is_refused_by_name(changed: Changed, change: str, words: str) -> None:
    more = ("DELETE FROM escalation_history_v3",) if "SET symbol" in change else ()
    workspace = changed(change, *more)

    with pytest.raises(ResultsError, match=words) as refused:
        state("MSFT", where=workspace.root.path)
    assert "compute.db" in str(refused.value)
