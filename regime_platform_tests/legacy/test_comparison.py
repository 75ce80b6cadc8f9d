"""Legacy results compared with ours: the golden rows are the legacy engine's, so all are equal."""

import sqlite3
from pathlib import Path

from regime_platform.errors import BarsError
from regime_platform.pipeline.outcomes import Status
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform_tests.error_codes import raises
from regime_platform_tests.legacy.comparisons import compared, reasons
from regime_platform_tests.legacy.stores import write_legacy_results


def test_legacy_results_on_the_same_bars_are_equal_in_every_column(
    msft_bars: RunWorkspace, tmp_path: Path
) -> None:
    outcome = compared(msft_bars, write_legacy_results(tmp_path / "compute.db"))

    assert reasons(outcome) == {}
    assert (outcome.status, dict(outcome.rows_of_one_side)) == (Status.DONE, {})
    tables = {column.table for column in outcome.columns}
    assert tables == {"escalation_history_v3", "state_history", "latest_state"}
    equal = {column.column: column.equal for column in outcome.columns}
    assert (equal["esc_raw"], equal["key_levels.support_1_price"]) == (1551, 1531)


def test_rows_with_another_key_format_or_without_a_bar_are_counted(
    msft_bars: RunWorkspace, tmp_path: Path
) -> None:
    def change(connection: sqlite3.Connection) -> None:
        copy = "INSERT INTO state_history SELECT symbol, timeframe, {}, state_json FROM "
        copy += "state_history WHERE asof = '2012-06-01'"
        connection.execute(copy.format("asof || ' 00:00:00'"))
        connection.execute(copy.format("'2012-06-02'"))  # a Saturday

    outcome = compared(msft_bars, write_legacy_results(tmp_path / "compute.db", change))

    assert dict(outcome.rows_of_one_side) == {"text key of another form": 1, "no canonical bar": 1}
    assert outcome.status is Status.DONE


def test_a_file_of_another_kind_is_named(msft_bars: RunWorkspace, tmp_path: Path) -> None:
    path = tmp_path / "compute.db"
    path.write_text("no database at all, but long enough to be looked at " * 20)

    with raises(BarsError, "legacy-results-damaged", match=r"compute\.db"):
        compared(msft_bars, path)
