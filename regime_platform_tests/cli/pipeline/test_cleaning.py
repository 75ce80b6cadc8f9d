"""`regime validate --clean`: what passes is written and passes again; the rest is listed."""

import json
from pathlib import Path

import polars as pl
import pytest

from regime_platform_tests.builders import make_bars
from regime_platform_tests.cli.conftest import Regime
from regime_platform_tests.cli.pipeline.conftest import NOW
from regime_platform_tests.scenario import with_value


def _options(timeframe: str, asset_class: str = "US_EQUITY") -> tuple[str, ...]:
    of = ("--symbol", "ZZZ", "--timeframe", timeframe, "--asset-class", asset_class)
    return ("validate", *of, "--now", NOW, "--input", "file")


def _dirty(timeframe: str) -> pl.DataFrame:
    """300 bars: one with a high below its low, one with a negative price, one there twice."""
    bars = make_bars(300, timeframe)
    bars = with_value(with_value(bars, 3, high=bars["low"][3] / 2), 250, low=-1.0)
    return pl.concat([bars.head(101), bars[100:101], bars.tail(-101)])


@pytest.mark.parametrize("timeframe", ["1day", "1week", "15min"])
@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_what_passes_is_written_and_passes_again(
    regime: Regime, tmp_path: Path, timeframe: str, kind: str
) -> None:
    dirty, clean = tmp_path / "in.parquet", tmp_path / "out" / f"clean.{kind}"
    bars = _dirty(timeframe)
    bars.write_parquet(dirty)
    words = _options(timeframe, "FX" if timeframe == "15min" else "US_EQUITY")

    ended = regime(*words, str(dirty), "--clean", str(clean), "--json")
    again = regime(*words, str(clean), "--clean", str(tmp_path / "again.parquet"), "--json")

    assert (ended.code, again.code) == (1, 0)
    facts = json.loads(ended.out)["clean"]
    assert (facts["path"], facts["bars"]) == (str(clean), 298)
    assert [(bar["rule"], bar["disposition"]) for bar in facts["left_out"]] == [
        ("high_low_order", "rejected"),
        ("repeated_bar", "set_aside"),
        ("non_positive_price", "rejected"),
    ]
    assert [bar["ts"][:16] for bar in facts["left_out"]] == [
        f"{bars['ts'][row]:%Y-%m-%dT%H:%M}" for row in (3, 100, 251)
    ]
    assert json.loads(again.out)["clean"]["left_out"] == []
    expected = pl.concat([bars[:3], bars[4:101], bars[102:251], bars[252:]])
    assert pl.read_parquet(tmp_path / "again.parquet").equals(expected)


def test_the_newest_bar_may_stand_first_and_each_bar_left_out_is_listed(
    regime: Regime, tmp_path: Path
) -> None:
    bars = _dirty("1day")
    bars.reverse().write_csv(tmp_path / "in.csv")

    ended = regime(*_options("1day"), "in.csv", "--clean", "out.csv")

    assert f"{bars['ts'][3]:%Y-%m-%d}  high_low_order" in ended.out
    assert "298 bars in out.csv; 3 left out" in ended.err
    assert (tmp_path / "out.csv").read_text().splitlines()[1].startswith(f"{bars['ts'][0]:%F},")


def test_the_input_and_what_cannot_be_cleaned_stay_as_they_are(
    regime: Regime, tmp_path: Path
) -> None:
    source, link = tmp_path / "in.csv", tmp_path / "link.csv"
    _dirty("1day").write_csv(source)
    before = source.read_bytes()
    link.symlink_to(source)
    words = (*_options("1day"), "in.csv")

    over = [regime(*words, "--clean", name) for name in ("in.csv", str(source), "link.csv")]
    other = regime(*words, "--clean", "out.txt")
    stored = regime("validate", "--all", "--clean", "out.csv")

    assert [each.code for each in over] == [2, 2, 2]
    assert all("is the file that is validated" in each.err for each in over)
    assert (other.code, stored.code) == (2, 2)
    assert "error[conflicting-options]" in stored.err
    assert source.read_bytes() == before
    assert {path.name for path in tmp_path.iterdir()} == {"in.csv", "link.csv"}


def test_a_fault_of_the_series_is_refused_by_name(regime: Regime, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data/gate.yaml").write_text("rules:\n  missing_sessions: {US_EQUITY: error}\n")
    bars = make_bars(300)
    pl.concat([bars[:100], bars[110:]]).write_parquet(tmp_path / "in.parquet")
    bars.head(2).with_columns(low=pl.lit(-1.0)).write_parquet(tmp_path / "bad.parquet")

    gaps = regime(*_options("1day"), "in.parquet", "--clean", "out.csv")
    none = regime(*_options("1day"), "bad.parquet", "--clean", "out.csv")

    assert (gaps.code, none.code) == (1, 1)
    assert "error[not-cleanable]" in gaps.err
    assert "missing_sessions (9 sessions" in gaps.err
    assert "error[no-bar-passes]" in none.err
    assert not (tmp_path / "out.csv").exists()


def test_a_mapping_that_would_read_the_file_otherwise_refuses_it(
    regime: Regime, tmp_path: Path
) -> None:
    _dirty("1day").write_csv(tmp_path / "in.csv")
    folder = tmp_path / "other"
    folder.mkdir()
    (folder / "mapping.yaml").write_text("columns: {ts: Date, close: Last}\n")

    ended = regime(*_options("1day"), "in.csv", "--clean", "other/out.csv")

    assert ended.code == 1
    assert "error[clean-file-reads-otherwise]" in ended.err
    assert [path.name for path in folder.iterdir()] == ["mapping.yaml"]
