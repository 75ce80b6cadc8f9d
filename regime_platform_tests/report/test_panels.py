"""The panels of a chart."""

import json

from regime_platform.report import panels


def test_without_volume_there_is_no_volume_panel() -> None:
    without = panels.page_chart(has_volume=False, rows=2)

    assert "hover_volume" not in json.dumps(without)
    assert len(without["vconcat"]) == 5
