"""Results of the old engine against ours: the golden rows are its own, so all of them are equal."""

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from regime_platform.errors import BarsError
from regime_platform.legacy.comparison.compare_compute import compare_compute
from regime_platform.legacy.comparison.compare_outcome import CompareOutcome
from regime_platform.model.bar_schema import BAR_COLUMNS
from regime_platform.pipeline.outcomes import Stage, Status
from regime_platform.pipeline.platform import RunWorkspace
from regime_platform.pipeline.run import run_symbol
from regime_platform_tests.conftest import NOW
from regime_platform_tests.scenario import serve, street

GOLDEN = Path(__file__).parent.parent / "golden"
_LISTS = ("classification.strategy_tags", "classification.regime_reasons")
_LISTS += ("classification.regime_reasons_top", "escalation_bucket_thresholds")
_LISTS += ("escalation_metadata", "key_levels")


@pytest.fixture(scope="module")
def msft(tmp_path_factory: pytest.TempPathFactory) -> RunWorkspace:
    """A platform whose one symbol has the golden bars."""
    settings = street(tmp_path_factory.mktemp("msft"), ["MSFT"])
    bars = pl.read_parquet(GOLDEN / "msft_1day.bars.parquet").select(BAR_COLUMNS)
    serve(settings, "MSFT", "1day", bars)
    workspace = RunWorkspace.open(settings)
    stages = (Stage.RAW_BARS, Stage.VALIDATED_BARS)
    run_symbol(workspace, workspace.universe.instrument("MSFT"), NOW, stages=stages)
    return workspace


def state_json(row: dict[str, Any]) -> str:
    """A flat golden row as the old engine stored it."""
    told: dict[str, Any] = {"symbol": row["symbol"], "asof": row["asof"]}
    for name, value in row.items():
        if name in ("ts", "symbol", "timeframe", "asof"):
            continue
        node, leaf = told, name.split(".")
        for part in leaf[:-1]:
            node = node.setdefault(part, {})
        node[leaf[-1]] = json.loads(value) if name in _LISTS else value
    return json.dumps({**told, "timeframe": row["timeframe"]}, separators=(",", ":"))


def old_results(path: Path, change: Callable[[sqlite3.Connection], object] | None = None) -> Path:
    """The golden rows in a compute.db of the old engine."""
    escalation = pl.read_parquet(GOLDEN / "msft_1day.escalation.parquet").drop("ts")
    state = pl.read_parquet(GOLDEN / "msft_1day.state.parquet")
    (latest,) = json.loads((GOLDEN / "msft_1day.latest.json").read_text())
    connection = sqlite3.connect(path)
    marks = ", ".join("?" * escalation.width)
    connection.execute(f"CREATE TABLE escalation_history_v3 ({', '.join(escalation.columns)})")
    insert = f"INSERT INTO escalation_history_v3 VALUES ({marks})"  # noqa: S608 - a constant
    connection.executemany(insert, escalation.iter_rows())
    connection.execute("CREATE TABLE state_history (symbol, timeframe, asof, state_json)")
    rows = [
        (row["symbol"], row["timeframe"], row["asof"], state_json(row))
        for row in state.iter_rows(named=True)
    ]
    connection.executemany("INSERT INTO state_history VALUES (?, ?, ?, ?)", rows)
    connection.execute(
        "CREATE TABLE latest_state (symbol, timeframe, asof, hazard_score, cross_tf_consensus)"
    )
    names = ("symbol", "timeframe", "asof", "hazard_score", "cross_tf_consensus")
    connection.execute(
        "INSERT INTO latest_state VALUES (?, ?, ?, ?, ?)", [latest[name] for name in names]
    )
    if change is not None:
        change(connection)
    connection.commit()
    connection.close()
    return path


def compared(workspace: RunWorkspace, path: Path) -> CompareOutcome:
    return compare_compute(workspace, workspace.universe.instrument("MSFT"), path)


def reasons(outcome: CompareOutcome) -> dict[str, dict[str, int]]:
    return {column.name: dict(column.different) for column in outcome.columns if column.different}


def test_what_the_old_engine_computed_on_the_same_bars_is_equal_in_every_column(
    msft: RunWorkspace, tmp_path: Path
) -> None:
    outcome = compared(msft, old_results(tmp_path / "compute.db"))

    assert reasons(outcome) == {}
    assert (outcome.status, dict(outcome.rows)) == (Status.DONE, {})
    tables = {column.table for column in outcome.columns}
    assert tables == {"escalation_history_v3", "state_history", "latest_state"}
    equal = {column.name: column.equal for column in outcome.columns}
    assert (equal["esc_raw"], equal["key_levels.support_1_price"]) == (1551, 1531)


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


def test_a_state_that_was_never_refreshed_is_told_as_stale(
    msft: RunWorkspace, tmp_path: Path
) -> None:
    path = old_results(tmp_path / "compute.db", lambda one: _stale(one, "2012-06-01"))

    outcome = compared(msft, path)

    stale = {"stale state row": 1}
    assert reasons(outcome) == {"metrics.price": stale, "classification.confidence": stale}
    assert outcome.status is Status.DONE


def test_the_last_bar_while_it_was_forming_is_told(msft: RunWorkspace, tmp_path: Path) -> None:
    path = old_results(tmp_path / "compute.db", lambda one: _stale(one, "2013-03-01"))

    assert reasons(compared(msft, path))["metrics.price"] == {"unfinished bar": 1}


def test_other_eras_are_told_in_the_columns_that_depend_on_them(
    msft: RunWorkspace, tmp_path: Path
) -> None:
    change = (
        "UPDATE escalation_history_v3 SET esc_pctl = esc_pctl / 2, esc_pctl_era_adj = "
        "esc_pctl_era_adj / 2 WHERE asof >= '2013-02-01'"
    )
    path = old_results(tmp_path / "compute.db", lambda one: one.execute(change))

    told = reasons(compared(msft, path))

    assert set(told) == {"esc_pctl", "esc_pctl_era_adj"}
    assert all(set(why) == {"era mode"} for why in told.values())


def test_rows_under_a_key_of_another_form_and_of_bars_that_are_gone_are_counted(
    msft: RunWorkspace, tmp_path: Path
) -> None:
    def change(connection: sqlite3.Connection) -> None:
        copy = "INSERT INTO state_history SELECT symbol, timeframe, {}, state_json FROM "
        copy += "state_history WHERE asof = '2012-06-01'"
        connection.execute(copy.format("asof || ' 00:00:00'"))
        connection.execute(copy.format("'2012-06-02'"))  # a Saturday

    outcome = compared(msft, old_results(tmp_path / "compute.db", change))

    assert dict(outcome.rows) == {"text key of another form": 1, "no canonical bar": 1}
    assert outcome.status is Status.DONE


def test_what_nothing_explains_is_told_and_fails(msft: RunWorkspace, tmp_path: Path) -> None:
    change = "UPDATE escalation_history_v3 SET esc_pctl_504 = 0.5 WHERE asof = '2012-06-01'"
    path = old_results(tmp_path / "compute.db", lambda one: one.execute(change))

    outcome = compared(msft, path)

    assert reasons(outcome) == {"esc_pctl_504": {"unexplained": 1}}
    assert outcome.status is Status.FAILED


def test_a_file_of_another_kind_is_named(msft: RunWorkspace, tmp_path: Path) -> None:
    path = tmp_path / "compute.db"
    path.write_text("no database at all, but long enough to be looked at " * 20)

    with pytest.raises(BarsError, match=r"compute\.db"):
        compared(msft, path)
