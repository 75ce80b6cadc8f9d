"""Inspection reports the same in one process and in many, and what a promotion would."""

import pytest

from regime_platform.bar_store.verdicts import read_verdict
from regime_platform.pipeline.gate import inspection
from regime_platform.pipeline.gate.inspection import inspect_canonical, inspect_many, inspect_raw
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform_tests.conftest import NOW


@pytest.mark.slow
@pytest.mark.usefixtures("prepared_workers")
def test_two_processes_report_the_same_as_one(
    processed: RunWorkspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inspection, "WORTH_A_PROCESS", 1)
    instruments = processed.universe.select(["AAPL", "FB", "IBM"])

    by_one = list(inspect_many(processed.root, instruments, NOW, workers=1))
    by_two = list(inspect_many(processed.root, instruments, NOW, workers=2))

    assert [report.facts(with_gaps=True) for report in by_two] == [
        report.facts(with_gaps=True) for report in by_one
    ]


def test_the_raw_log_is_validated_as_by_a_promotion(processed: RunWorkspace) -> None:
    for instrument in processed.universe.instruments:
        verdict = read_verdict(processed.root.symbol(instrument.symbol))
        assert verdict is not None

        report = inspect_raw(processed.root, instrument)

        assert [series.findings for series in report.series] == [
            series.findings for series in verdict.series
        ]
        assert [series.reason for series in report.series] == [
            series.reason for series in verdict.series
        ]


def test_the_samples_pass_without_a_blocking_finding(processed: RunWorkspace) -> None:
    for instrument in processed.universe.instruments:
        report = inspect_canonical(processed.root, NOW, instrument)

        assert report.is_good
        assert not any(
            finding.is_blocking for series in report.series for finding in series.findings
        )
        assert sum(series.bars for series in report.series) > 200
