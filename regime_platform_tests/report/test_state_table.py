"""The latest state as a table of a page."""

from regime_platform.compute_db.reader import read_table
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.report.state_table import state_table


def test_a_timeframe_with_too_few_bars_for_escalation_says_so(processed: RunWorkspace) -> None:
    latest = read_table(processed.root.symbol("MSFT").compute_db, "latest_state")

    whole = state_table(latest)
    short = state_table(latest.with_columns(esc_pctl=None))

    assert whole.count("<tr>") == latest.height + 1
    assert "not enough bars" not in whole
    assert short.count("not enough bars") == latest.height
