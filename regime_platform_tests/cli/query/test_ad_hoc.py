"""`regime evaluate`: golden tables from a file of bars, and `--as-of`."""

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from regime_platform_tests.cli.conftest import Ended, Regime

#: The sample universe was processed at 2026-11-20T22:30Z.
AFTER, BEFORE = "2026-11-21", "2026-03-13T21:00Z"


GOLDEN = Path(__file__).parents[2] / "golden"


SERIES = sorted(path.name.removesuffix(".bars.parquet") for path in GOLDEN.glob("*.bars.parquet"))


NAMES = {"quirks": "QUIRKA", "synth": "QQQ", "fb196": "FB", "ibm320": "IBM", "spy": "SPY"}


def _evaluated(regime: Regime, series: str, output: Path) -> Ended:
    short, *_, timeframe = series.split("_")
    arguments = ["--symbol", NAMES.get(short, short), "--timeframe", timeframe]
    if "erafile" in series:
        arguments += ["--eras", str(GOLDEN / "erafile.csv")]
    bars = str(GOLDEN / f"{series}.bars.parquet")
    return regime("evaluate", bars, *arguments, "--output", str(output), "--json")


@pytest.mark.parametrize("series", SERIES)
@pytest.mark.parametrize("table", ["escalation", "state"])
def test_evaluate_writes_the_golden_tables(
    regime: Regime, tmp_path: Path, series: str, table: str
) -> None:
    ended = _evaluated(regime, series, tmp_path)

    assert ended.code == 0
    file = {"escalation": "escalation_history_v3.parquet", "state": "state_history.parquet"}[table]
    computed = pl.read_parquet(tmp_path / file)
    golden = pl.read_parquet(GOLDEN / f"{series}.{table}.parquet")
    assert computed.height == golden.height
    if golden.width:  # the legacy engine wrote no columns for a short series
        assert computed.schema == golden.schema
    for name in golden.columns:
        _same(name, golden[name], computed[name])


def _same(name: str, golden: pl.Series, computed: pl.Series) -> None:
    if name == "key_levels":
        pairs = zip(golden, computed, strict=True)
        assert all(_same_levels(json.loads(a), json.loads(b)) for a, b in pairs)
    elif golden.dtype.is_float():
        assert golden.is_null().equals(computed.is_null()), name
        assert not ((golden - computed).abs() > 1e-9).any(), name
    else:
        assert golden.equals(computed), name


def _same_levels(golden: dict[str, Any], computed: dict[str, Any]) -> bool:
    return list(golden) == list(computed) and all(
        len(golden[side]) == len(computed[side])
        and all(
            abs(a["price"] / b["price"] - 1) < 1e-9 and abs(a["strength"] - b["strength"]) < 1e-9
            for a, b in zip(golden[side], computed[side], strict=True)
        )
        for side in golden
    )


def test_short_series_shows_the_reason_and_succeeds(regime: Regime, tmp_path: Path) -> None:
    facts = json.loads(_evaluated(regime, "fb196_1day", tmp_path).out)

    assert facts["status"] == "too_short"
    assert facts["reason"] == "196 bars; state needs 200"
    assert (facts["state_rows"], facts["escalation_rows"]) == (0, 0)


def test_output_names_the_era_set(regime: Regime, tmp_path: Path) -> None:
    unknown = json.loads(_evaluated(regime, "quirks_1day", tmp_path).out)
    listed = json.loads(_evaluated(regime, "spy_erafile_1day", tmp_path).out)

    assert "fixed eras" in unknown["eras_reason"]
    assert listed["eras"] == "erafile.csv"
    assert "legacy format" in listed["eras_reason"]


def test_era_file_without_the_class_falls_back_with_a_note(regime: Regime, tmp_path: Path) -> None:
    bars, eras = str(GOLDEN / "eurusd_1h.bars.parquet"), str(GOLDEN / "erafile.csv")
    asked = ["--symbol", "EURUSD", "--timeframe", "1h", "--eras", eras]

    ended = regime("evaluate", bars, *asked, "--output", str(tmp_path))

    assert ended.code == 0
    assert "erafile.csv has no eras for FX_MAJORS: fixed eras" in ended.err


def test_evaluate_writes_nothing_to_the_store(regime: Regime, tmp_path: Path) -> None:
    _evaluated(regime, "fb196_1day", tmp_path / "out")

    assert not (tmp_path / "data").exists()


def test_invalid_bars_file_is_a_one_line_error(regime: Regime, tmp_path: Path) -> None:
    nonsense = tmp_path / "bars.csv"
    nonsense.write_text("when,what\n1,2\n")
    asked = ["--symbol", "X", "--timeframe", "1day", "--output", str(tmp_path / "out")]

    ended = regime("evaluate", str(nonsense), *asked)

    assert ended.code == 1
    assert "column ts" in ended.err
    assert not (tmp_path / "out").exists()


def test_evaluation_as_of_uses_the_stored_bars_of_that_time(
    on_sample: Regime, tmp_path: Path
) -> None:
    asked = ("evaluate", "--symbol", "IBM", "--timeframe", "1week", "--output", str(tmp_path))

    then = on_sample(*asked, "--as-of", AFTER, "--json")
    before = on_sample(*asked, "--as-of", BEFORE)
    neither = on_sample(*asked)

    assert json.loads(then.out)["bars"] == 679
    assert pl.read_parquet(tmp_path / "state_history.parquet").height == 659
    assert (before.code, neither.code) == (1, 2)
    assert "no 1week bars of IBM were in force by 2026-03-13T21:00:00Z" in before.err


def test_evaluation_of_a_file_as_of_uses_bars_complete_by_then(
    on_sample: Regime, tmp_path: Path
) -> None:
    file = tmp_path / "ibm.parquet"
    assert (
        on_sample("bars", "IBM", "1week", "--start", "2000-01-01", "--output", str(file)).code == 0
    )

    ended = on_sample(
        *("evaluate", str(file), "--symbol", "IBM", "--timeframe", "1week", "--json"),
        *("--as-of", "2010-06-02", "--output", str(tmp_path)),
    )

    bars = pl.read_parquet(file).filter(pl.col("ts") < pl.datetime(2010, 5, 31, time_zone="UTC"))
    assert json.loads(ended.out)["bars"] == bars.height
