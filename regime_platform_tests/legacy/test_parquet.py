"""Legacy Parquet stores: both layouts, files with different columns, and damaged files."""

from pathlib import Path

import polars as pl
import pytest

from regime_platform.errors import BarsError, UsageError
from regime_platform.legacy.parquet import parquet_store
from regime_platform_tests.builders import make_bars
from regime_platform_tests.error_codes import raises
from regime_platform_tests.legacy.stores import WRITTEN, write_legacy_days

BARS = make_bars(30)


@pytest.mark.parametrize(
    ("kind", "place", "day"),
    [
        ("bars-v1", "data/assets/AAA/bars/1day", "date={}"),
        ("bars-v1", "assets/AAA/bars/1d", "{}"),
        ("bars-root", "data/bars/AAA/1day", "date={}"),
        ("bars-root", "bars/AAA/1day", "."),
    ],
)
def test_a_series_is_found_and_read_whole(tmp_path: Path, kind: str, place: str, day: str) -> None:
    if day == ".":
        (tmp_path / place).mkdir(parents=True)
        BARS.with_columns(pl.col("ts").dt.replace_time_zone(None)).write_parquet(
            tmp_path / place / "bars.parquet"
        )
    else:
        write_legacy_days(tmp_path / place, "1day", BARS, day=day)

    (part,) = parquet_store(kind, tmp_path).parts
    read = part.read()

    assert (part.symbol, part.timeframe) == ("AAA", "1day")
    assert read.raw_ts.to_list() == BARS["ts"].dt.replace_time_zone(None).to_list()
    assert read.values.equals(BARS.drop("ts"))
    assert read.has_integers == (day != ".")
    assert day == "." or read.written_at == part.files().written_at == WRITTEN


@pytest.mark.parametrize("days", [10, 400])  # in one batch, and in several
def test_files_with_different_columns_are_one_series(tmp_path: Path, days: int) -> None:
    bars = make_bars(days + 20)
    folder = write_legacy_days(tmp_path / "assets/AAA/bars/1day", "1day", bars[:days])
    (part,) = parquet_store("bars-v1", tmp_path).parts
    first = part.read()
    rest = bars[days:].with_columns(
        pl.col("ts").dt.replace_time_zone(None).cast(pl.Datetime("ns")), adj_close="close"
    )
    target = folder / "date=2030-02-01" / "late.parquet"
    target.parent.mkdir()
    rest.write_parquet(target)

    assert first.values.equals(bars[:days].drop("ts"))
    assert part.read().values.equals(bars.drop("ts"))


@pytest.mark.parametrize("damage", ["torn", "no column", "no number"])
def test_a_damaged_file_is_named(tmp_path: Path, damage: str) -> None:
    folder = write_legacy_days(tmp_path / "assets/AAA/bars/1day", "1day", BARS)
    culprit = sorted(folder.rglob("*.parquet"))[7]
    if damage == "torn":
        culprit.write_bytes(culprit.read_bytes()[:-20])
    elif damage == "no column":
        pl.read_parquet(culprit).drop("close").write_parquet(culprit)
    else:
        pl.read_parquet(culprit).with_columns(close=pl.lit("many")).write_parquet(culprit)
    (part,) = parquet_store("bars-v1", tmp_path).parts

    with pytest.raises(BarsError) as refused:
        part.read()

    assert str(culprit) in str(refused.value)


def test_a_whole_number_beyond_a_float_is_refused_and_not_rounded(tmp_path: Path) -> None:
    folder = write_legacy_days(tmp_path / "assets/AAA/bars/1day", "1day", BARS)
    file = next(folder.rglob("*.parquet"))
    pl.read_parquet(file).with_columns(volume=pl.lit(2**53 + 1)).write_parquet(file)
    (part,) = parquet_store("bars-v1", tmp_path).parts

    with raises(BarsError, "not-numbers", match=f"{file}: volume"):
        part.read()


def test_a_folder_of_another_layout_is_a_usage_error(tmp_path: Path) -> None:
    write_legacy_days(tmp_path / "bars/AAA/1day", "1day", BARS)

    with raises(UsageError, "no-legacy-store", match="layout bars-v1"):
        parquet_store("bars-v1", tmp_path)


def test_an_unknown_timeframe_is_reported(tmp_path: Path) -> None:
    write_legacy_days(tmp_path / "bars/AAA/1day", "1day", BARS)
    write_legacy_days(tmp_path / "bars/AAA/3h", "1day", BARS)

    assert [series.timeframe for series in parquet_store("bars-root", tmp_path).unread] == ["3h"]


def test_a_part_has_the_files_that_exist_when_it_is_read(tmp_path: Path) -> None:
    folder = write_legacy_days(tmp_path / "assets/AAA/bars/1day", "1day", BARS[:10])
    (part,) = parquet_store("bars-v1", tmp_path).parts
    write_legacy_days(folder, "1day", BARS[10:])

    assert part.read().values.equals(BARS.drop("ts"))
    assert len(part.files().paths) == BARS.height


@pytest.mark.parametrize("ask", ["read", "files"])
def test_a_part_without_files_is_an_error(tmp_path: Path, ask: str) -> None:
    folder = write_legacy_days(tmp_path / "assets/AAA/bars/1day", "1day", BARS[:1])
    (part,) = parquet_store("bars-v1", tmp_path).parts
    next(folder.rglob("*.parquet")).unlink()

    with raises(BarsError, "no-legacy-files", match="AAA"):
        getattr(part, ask)()


@pytest.mark.parametrize("days", [2, 400])  # in one batch, and in several
def test_files_with_incompatible_columns_name_their_folder(tmp_path: Path, days: int) -> None:
    folder = write_legacy_days(tmp_path / "assets/AAA/bars/1day", "1day", make_bars(days))
    target = folder / "date=2030-02-01" / "late.parquet"
    target.parent.mkdir()
    BARS[:1].with_columns(ts=pl.lit(value=True)).write_parquet(target)
    (part,) = parquet_store("bars-v1", tmp_path).parts

    with raises(BarsError, "legacy-files-differ", match="AAA"):
        part.read()
