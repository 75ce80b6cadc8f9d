"""The credit figures of the ingest bench hold at any size; its timings are for people."""

from pathlib import Path

import pytest

from regime_platform_tests.bench.ingest import limited_figures


@pytest.mark.long
def test_a_limit_of_55_credits_is_used_up_and_never_exceeded(tmp_path: Path) -> None:
    figures = limited_figures(tmp_path, core=1, daily=60)

    assert figures["limited_minutes"] >= 3
    assert figures["limited_busy_share"] >= 0.95
    assert figures["limited_most_credits_in_a_minute"] <= 55
    assert figures["limited_refusals"] == 0
