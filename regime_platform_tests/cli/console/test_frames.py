"""Frames are written as files of the kind that their name says."""

from pathlib import Path

import polars as pl
import pytest

from regime_platform_tests.cli.conftest import Regime


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_history_is_exported_whole_and_without_forward_labels(
    on_sample: Regime, tmp_path: Path, suffix: str
) -> None:
    target = tmp_path / f"out{suffix}"

    ended = on_sample("history", "MSFT", "1day", "--start", "2013-01-01", "--output", str(target))

    rows = pl.read_csv(target) if suffix == ".csv" else pl.read_parquet(target)
    assert ended.code == 0
    assert rows.height == 41
    assert "fwd_absret_h" not in rows.columns


def test_an_export_to_another_kind_of_file_is_refused(on_sample: Regime) -> None:
    ended = on_sample("history", "MSFT", "1day", "--output", "out.xlsx")

    assert ended.code == 2
    assert ".csv or .parquet" in ended.err
