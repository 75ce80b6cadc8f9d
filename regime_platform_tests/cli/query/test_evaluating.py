"""evaluate reproduces the golden vectors from outside, tables and forms alike."""

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from regime_platform_tests.cli.conftest import Ended, Regime

GOLDEN = Path(__file__).parent.parent / "golden"
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
    found = pl.read_parquet(tmp_path / file)
    golden = pl.read_parquet(GOLDEN / f"{series}.{table}.parquet")
    assert found.height == golden.height
    if golden.width:  # the incumbent wrote no columns below the gate
        assert found.schema == golden.schema
    for name in golden.columns:
        _same(name, golden[name], found[name])


def _same(name: str, golden: pl.Series, found: pl.Series) -> None:
    if name == "key_levels":
        pairs = zip(golden, found, strict=True)
        assert all(_same_levels(json.loads(a), json.loads(b)) for a, b in pairs)
    elif golden.dtype.is_float():
        assert golden.is_null().equals(found.is_null()), name
        assert ((golden - found).abs().max() or 0.0) < 1e-9, name
    else:
        assert golden.equals(found), name


def _same_levels(golden: dict[str, Any], found: dict[str, Any]) -> bool:
    return list(golden) == list(found) and all(
        len(golden[side]) == len(found[side])
        and all(
            abs(a["price"] / b["price"] - 1) < 1e-9 and abs(a["strength"] - b["strength"]) < 1e-9
            for a, b in zip(golden[side], found[side], strict=True)
        )
        for side in golden
    )


def test_below_the_gates_the_reason_is_told_and_the_exit_is_good(
    regime: Regime, tmp_path: Path
) -> None:
    facts = json.loads(_evaluated(regime, "fb196_1day", tmp_path).out)

    assert facts["status"] == "too_short"
    assert facts["reason"] == "196 bars; state needs 200"
    assert (facts["state_rows"], facts["escalation_rows"]) == (0, 0)


def test_the_output_says_where_the_eras_come_from(regime: Regime, tmp_path: Path) -> None:
    unknown = json.loads(_evaluated(regime, "quirks_1day", tmp_path).out)
    listed = json.loads(_evaluated(regime, "spy_erafile_1day", tmp_path).out)

    assert "fixed eras" in unknown["eras_reason"]
    assert listed["eras"] == "erafile.csv"
    assert "incumbent format" in listed["eras_reason"]


def test_an_era_file_without_the_class_falls_back_and_says_so(
    regime: Regime, tmp_path: Path
) -> None:
    bars, eras = str(GOLDEN / "eurusd_1h.bars.parquet"), str(GOLDEN / "erafile.csv")
    asked = ["--symbol", "EURUSD", "--timeframe", "1h", "--eras", eras]

    ended = regime("evaluate", bars, *asked, "--output", str(tmp_path))

    assert ended.code == 0
    assert "erafile.csv has no eras for FX_MAJORS: fixed eras" in ended.err


def test_evaluate_leaves_the_store_alone(regime: Regime, tmp_path: Path) -> None:
    _evaluated(regime, "fb196_1day", tmp_path / "out")

    assert not (tmp_path / "data").exists()


def test_a_file_that_is_no_bars_file_is_one_line(regime: Regime, tmp_path: Path) -> None:
    nonsense = tmp_path / "bars.csv"
    nonsense.write_text("when,what\n1,2\n")
    asked = ["--symbol", "X", "--timeframe", "1day", "--output", str(tmp_path / "out")]

    ended = regime("evaluate", str(nonsense), *asked)

    assert ended.code == 1
    assert "column ts" in ended.err
    assert not (tmp_path / "out").exists()
