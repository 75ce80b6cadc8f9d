"""Rejected rows: stored with rule and reason, and compared with the verdict."""

from pathlib import Path

import polars as pl

from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.rejected import read_rejected, rejected_fault, write_rejected
from regime_platform.errors import BarsError
from regime_platform_tests.builders import fetched, make_bars
from regime_platform_tests.error_codes import raises

ROWS = fetched(make_bars(3)).with_columns(
    disposition=pl.lit("rejected"), rule=pl.lit("high_low"), reason=pl.lit("low above high")
)


def test_rows_are_read_as_written_and_match_their_record(tmp_path: Path) -> None:
    paths = SymbolPaths(tmp_path)

    file = write_rejected(paths, "1day", ROWS, None)

    assert file is not None
    assert (file.name, file.rows) == ("1day.parquet", 3)
    assert read_rejected(paths, "1day").equals(ROWS)
    assert rejected_fault(paths, "1day", file) == ""


def test_a_file_with_the_same_rows_stays(tmp_path: Path) -> None:
    paths = SymbolPaths(tmp_path)
    before = write_rejected(paths, "1day", ROWS, None)
    inode = paths.rejected("1day").stat().st_ino

    assert write_rejected(paths, "1day", ROWS, before) == before
    assert paths.rejected("1day").stat().st_ino == inode


def test_without_rows_there_is_no_file(tmp_path: Path) -> None:
    paths = SymbolPaths(tmp_path)
    write_rejected(paths, "1day", ROWS, None)

    assert write_rejected(paths, "1day", ROWS.clear(), None) is None
    assert not paths.rejected("1day").exists()
    assert read_rejected(paths, "1day").is_empty()
    assert rejected_fault(paths, "1day", None) == ""


def test_every_difference_from_the_verdict_has_a_reason(tmp_path: Path) -> None:
    paths = SymbolPaths(tmp_path)
    file = write_rejected(paths, "1day", ROWS, None)

    unnamed = rejected_fault(paths, "1day", None)
    paths.rejected("1day").write_bytes(b"PAR1")
    changed = rejected_fault(paths, "1day", file)
    with raises(BarsError, "file-damaged", match=r"1day\.parquet"):
        read_rejected(paths, "1day")
    paths.rejected("1day").unlink()
    missing = rejected_fault(paths, "1day", file)

    assert all((unnamed, changed, missing))
    assert len({unnamed, changed, missing}) == 3
    assert write_rejected(paths, "1day", ROWS, file) == file  # written again
    assert rejected_fault(paths, "1day", file) == ""
