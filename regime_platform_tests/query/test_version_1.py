"""A compute.db of version 1 answers as one of today does, and says what it is."""

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from shutil import copyfile

import polars as pl
import pyarrow.parquet as pq
import pytest
from polars.testing import assert_frame_equal

from regime_platform.compute.engine import bars_with_close, compute_series
from regime_platform.compute.eras.eras import FIXED_ERAS
from regime_platform.compute_db.store import build
from regime_platform.errors import OlderVersionWarning, ResultsError
from regime_platform.operations.export import ExportFormat, export
from regime_platform.pipeline.compute.inputs import Tables
from regime_platform.pipeline.outcomes import Status
from regime_platform.pipeline.platform import RunWorkspace
from regime_platform.query.series import history
from regime_platform.query.states import state
from regime_platform_tests.compute_db.result_frames import LINEAGE, golden_state
from regime_platform_tests.conftest import NOW
from regime_platform_tests.legacy.comparison.test_compare_compute import old_results
from regime_platform_tests.scenario import fingerprint, street

GOLDEN = Path(__file__).parent.parent / "golden"
#: What version 1 does not have.
LACKING = (
    *("esc_shock_level", "esc_shock_rise", "esc_instability_rise", "esc_structure_fall"),
    *("esc_divergence_rise", "valid_metrics"),
)
TABLES_OF_OLD = ("escalation_history_v3", "state_history")
Spoilt = Callable[..., RunWorkspace]


@pytest.fixture(scope="module")
def msft(tmp_path_factory: pytest.TempPathFactory) -> RunWorkspace:
    """A data root whose one symbol has the golden rows in a file of version 1."""
    workspace = RunWorkspace.open(street(tmp_path_factory.mktemp("msft"), ["MSFT"]))
    path = workspace.root.symbol("MSFT").compute_db
    path.parent.mkdir(parents=True)
    old_results(path)
    return workspace


@pytest.fixture(scope="module")
def rows(msft: RunWorkspace) -> pl.DataFrame:
    return _history(msft, "msft", "1day", labels=True)


@pytest.fixture
def spoilt(msft: RunWorkspace, tmp_path: Path) -> Callable[..., RunWorkspace]:
    """The same with the last month only, and with something else in it."""

    def made(*changes: str) -> RunWorkspace:
        workspace = RunWorkspace.open(street(tmp_path, ["MSFT"]))
        path = workspace.root.symbol("MSFT").compute_db
        path.parent.mkdir(parents=True)
        copyfile(msft.root.symbol("MSFT").compute_db, path)
        shorter = [f"DELETE FROM {table} WHERE asof < '2013-02'" for table in TABLES_OF_OLD]  # noqa: S608
        with closing(sqlite3.connect(path)) as connection:
            for change in (*shorter, *changes):
                connection.execute(change)
            connection.commit()
        return workspace

    return made


def _history(workspace: RunWorkspace, symbol: str, timeframe: str, **asked: object) -> pl.DataFrame:
    with pytest.warns(OlderVersionWarning, match="version 1"):
        return history(symbol, timeframe, where=workspace.root.path, **asked)  # type: ignore[arg-type]


def test_history_has_the_golden_rows_and_null_for_what_is_not_there(rows: pl.DataFrame) -> None:
    _, states = golden_state(GOLDEN, "msft_1day")
    assert_frame_equal(rows.select(states.columns).drop("valid_metrics"), states.drop(LACKING[-1]))
    golden = pl.read_parquet(GOLDEN / "msft_1day.escalation.parquet")[20:]
    for name in set(golden.columns) & set(rows.columns) - {"ts", "timeframe"}:
        found = rows[name].cast(golden[name].dtype)
        assert found.equals(golden[name]), name
    assert rows.select(LACKING).null_count().row(0) == (rows.height,) * len(LACKING)
    assert rows["is_mature"].to_list() == [True] * (rows.height - 20) + [False] * 20


def test_the_state_is_the_last_one_and_says_where_it_is_from(
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
    assert fingerprint(msft.root.path) == before


def test_intraday_times_of_a_stock_are_those_of_new_york(tmp_path: Path) -> None:
    workspace = RunWorkspace.open(street(tmp_path, ["QQQ"], tier="core"))
    path = workspace.root.symbol("QQQ").compute_db
    bars = pl.read_parquet(GOLDEN / "synth_15min.bars.parquet").tail(320)
    zoned = pl.col("ts").dt.replace_time_zone("America/New_York").dt.convert_time_zone("UTC")
    used = bars_with_close(bars.with_columns(zoned))
    told = compute_series(used, symbol="QQQ", timeframe="15min", eras=FIXED_ERAS)
    build(path, Tables({"15min": told}), LINEAGE)
    ours = history("QQQ", "15min", where=workspace.root.path)
    now = state("QQQ", where=workspace.root.path)["15min"]
    export(workspace, workspace.universe.instruments, ExportFormat.SQLITE, tmp_path / "v1", NOW)
    (tmp_path / "v1").replace(path)

    theirs = _history(workspace, "QQQ", "15min")
    then = state("QQQ", "15min", where=workspace.root.path)["15min"]

    assert_frame_equal(theirs.drop(LACKING), ours.drop(LACKING))
    assert "America/New_York" in then.read_as
    assert replace(then, read_as="") == now


def test_keys_of_another_form_and_those_of_no_instant_are_left_out_and_told(spoilt: Spoilt) -> None:
    copied = "SELECT symbol, timeframe, '{}', state_json FROM state_history LIMIT 1"
    insert = f"INSERT INTO state_history {copied}"
    workspace = spoilt(*map(insert.format, ("2013-02-28 00:00:00", "nonsense")))

    now = state("MSFT", where=workspace.root.path)["1day"]

    assert "2 rows whose key names no instant" in now.read_as
    assert f"{now.as_of:%Y-%m-%d}" == "2013-03-01"


def test_a_state_that_only_latest_state_has_is_the_latest(spoilt: Spoilt) -> None:
    sample = (GOLDEN / "msft_1day.sample_state.json").read_text()
    workspace = spoilt(
        "ALTER TABLE latest_state ADD COLUMN state_json",
        f"UPDATE latest_state SET asof = '2013-03-04', state_json = '{sample}'",  # noqa: S608
    )

    now = state("MSFT", where=workspace.root.path)["1day"]

    assert f"{now.as_of:%Y-%m-%d}" == "2013-03-04"
    assert (now.bars, f"{now.since:%Y-%m-%d}") == (2, "2013-03-01")
    assert now.escalation_percentile is None


def test_without_a_latest_state_it_is_the_last_of_the_history(spoilt: Spoilt) -> None:
    now = state("MSFT", where=spoilt("DELETE FROM latest_state").root.path)["1day"]

    assert (f"{now.as_of:%Y-%m-%d}", now.hazard_score) == ("2013-03-01", None)
    assert now.escalation_percentile is not None


@pytest.mark.parametrize(
    ("change", "told"),
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
def test_what_is_not_understood_is_refused_with_the_file(
    spoilt: Spoilt, change: str, told: str
) -> None:
    more = ("DELETE FROM escalation_history_v3",) if "SET symbol" in change else ()
    workspace = spoilt(change, *more)

    with pytest.raises(ResultsError, match=told) as refused:
        state("MSFT", where=workspace.root.path)
    assert "compute.db" in str(refused.value)


def test_exports_of_version_1_say_so(spoilt: Spoilt, tmp_path: Path) -> None:
    workspace = spoilt()
    wanted = workspace.universe.instruments

    told = [export(workspace, wanted, how, tmp_path / how, NOW)[0] for how in ExportFormat]

    assert {one.status for one in told} == {Status.DONE}
    assert all("is of version 1" in one.reason for one in told)
    with closing(sqlite3.connect(tmp_path / "sqlite")) as connection:
        asked = "SELECT state_json FROM state_history ORDER BY asof DESC LIMIT 1"
        found = connection.execute(asked).fetchone()[0]
    assert found == (GOLDEN / "msft_1day.sample_state.json").read_text()
    facts = pq.read_metadata(tmp_path / "parquet/MSFT/state_history.parquet").metadata
    assert facts[b"read_from_version"] == b"1"
    assert b"recipe_digest" not in facts
