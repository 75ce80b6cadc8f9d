"""The bench of migrations works; what it measures is of no account here."""

import pytest

from regime_platform_tests.bench.migrate import main


@pytest.mark.long
def test_the_bench_tells_rows_per_second_and_day_files(capsys: pytest.CaptureFixture[str]) -> None:
    main(["quick"])

    output = capsys.readouterr().out
    assert output.count("rows/s migrated and verified") == 2
    assert "EXTRAPOLATED to 1,565 symbols, 16,500,000 rows" in output
    assert "540 day files" in output


def test_the_bench_migrates_a_whole_universe(capsys: pytest.CaptureFixture[str]) -> None:
    main(["quick", "whole"])

    output = capsys.readouterr().out
    assert "2 core symbols" in output
    assert "3 daily symbols" in output
