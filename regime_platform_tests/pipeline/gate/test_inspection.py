"""Inspection says the same whoever does it, and says what a promotion would."""

import pytest

from regime_platform.pipeline.gate import inspection_pool
from regime_platform.pipeline.gate.inspection import inspect_canonical, inspect_raw
from regime_platform.pipeline.gate.inspection_pool import inspect_many
from regime_platform.pipeline.gate.promote import read_verdict
from regime_platform.pipeline.platform import RunWorkspace
from regime_platform_tests.conftest import NOW


def test_two_processes_say_what_one_says(
    walked: RunWorkspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inspection_pool, "WORTH_A_PROCESS", 1)
    instruments = walked.universe.select(["AAPL", "FB", "IBM"])

    by_one = list(inspect_many(walked.root, instruments, NOW, workers=1))
    by_two = list(inspect_many(walked.root, instruments, NOW, workers=2))

    assert [one.facts(with_gaps=True) for one in by_two] == [
        one.facts(with_gaps=True) for one in by_one
    ]


def test_the_raw_log_is_judged_as_a_promotion_judged_it(walked: RunWorkspace) -> None:
    for instrument in walked.universe.instruments:
        verdict = read_verdict(walked, instrument.symbol)
        assert verdict is not None

        report = inspect_raw(walked.root, instrument)

        assert [series.findings for series in report.series] == [
            series.findings for series in verdict.series
        ]
        assert [series.reason for series in report.series] == [
            series.reason for series in verdict.series
        ]


def test_the_samples_pass_without_a_blocking_finding(walked: RunWorkspace) -> None:
    for instrument in walked.universe.instruments:
        report = inspect_canonical(walked.root, instrument, NOW)

        assert report.is_good
        assert not any(
            finding.is_blocking for series in report.series for finding in series.findings
        )
        assert sum(series.bars for series in report.series) > 200
