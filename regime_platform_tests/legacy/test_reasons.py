"""Why a value of the legacy engine differs from ours."""

import json
import sqlite3
from pathlib import Path

from regime_platform.pipeline.outcomes import Status
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform_tests.legacy.comparisons import compared, reasons
from regime_platform_tests.legacy.stores import write_legacy_results


def _stale(connection: sqlite3.Connection, asof: str) -> None:
    """A state that was computed while its bar was at another price."""
    (text,) = connection.execute(
        "SELECT state_json FROM state_history WHERE asof = ?", (asof,)
    ).fetchone()
    state = json.loads(text)
    state["metrics"]["price"] += 1.0
    state["classification"]["confidence"] += 0.01
    connection.execute(
        "UPDATE state_history SET state_json = ? WHERE asof = ?", (json.dumps(state), asof)
    )


def test_a_state_that_was_never_refreshed_is_stale(msft_bars: RunWorkspace, tmp_path: Path) -> None:
    path = write_legacy_results(tmp_path / "compute.db", lambda db: _stale(db, "2012-06-01"))

    outcome = compared(msft_bars, path)

    stale = {"stale state row": 1}
    assert reasons(outcome) == {"metrics.price": stale, "classification.confidence": stale}
    assert outcome.status is Status.DONE


def test_the_last_bar_while_forming_is_unfinished(msft_bars: RunWorkspace, tmp_path: Path) -> None:
    path = write_legacy_results(tmp_path / "compute.db", lambda db: _stale(db, "2013-03-01"))

    assert reasons(compared(msft_bars, path))["metrics.price"] == {"unfinished bar": 1}


def test_other_eras_are_the_reason_in_the_columns_that_depend_on_them(
    msft_bars: RunWorkspace, tmp_path: Path
) -> None:
    change = (
        "UPDATE escalation_history_v3 SET esc_pctl = esc_pctl / 2, esc_pctl_era_adj = "
        "esc_pctl_era_adj / 2 WHERE asof >= '2013-02-01'"
    )
    path = write_legacy_results(tmp_path / "compute.db", lambda db: db.execute(change))

    different = reasons(compared(msft_bars, path))

    assert set(different) == {"esc_pctl", "esc_pctl_era_adj"}
    assert all(set(why) == {"era mode"} for why in different.values())


def test_an_unexplained_difference_fails(msft_bars: RunWorkspace, tmp_path: Path) -> None:
    change = "UPDATE escalation_history_v3 SET esc_pctl_504 = 0.5 WHERE asof = '2012-06-01'"
    path = write_legacy_results(tmp_path / "compute.db", lambda db: db.execute(change))

    outcome = compared(msft_bars, path)

    assert reasons(outcome) == {"esc_pctl_504": {"unexplained": 1}}
    assert outcome.status is Status.FAILED
