"""What is understood of a file, and what is asked for by the name of its key or option."""

import datetime as dt
from pathlib import Path

import polars as pl
import pytest

from regime_platform.model.symbols import parse_symbol
from regime_platform.sources.files.finding import symbol_of_name
from regime_platform.sources.files.inspection import Inspection, inspect_file
from regime_platform.sources.files.kinds import FileRequest
from regime_platform_tests.builders import make_bars
from regime_platform_tests.sources.files.mapped import MINE

STOCK = FileRequest(asset_class="US_EQUITY")


def known(inspection: Inspection) -> dict[str, str]:
    return {fact.key: fact.value for fact in inspection.facts}


def asked(inspection: Inspection) -> dict[str, tuple[str, ...]]:
    return {fact.key: fact.choices for fact in inspection.asked}


def written(path: Path, bars: pl.DataFrame, ts: str = "%Y-%m-%d", separator: str = ",") -> Path:
    named = bars.with_columns(pl.col("ts").dt.strftime(ts)).rename(str.capitalize)
    named.rename({"Ts": "Date"}).write_csv(path, separator=separator)
    return path


@pytest.mark.parametrize(
    ("name", "timeframe", "symbol"),
    [
        ("AAPL_2023.csv", "1day", "AAPL"),
        ("btcusd-h1.csv", "1h", "btcusd"),
        ("EURUSD60.csv", "1h", "EURUSD"),
        ("EURUSD_M5_202301020000_202312312355.csv", "5min", "EURUSD"),
        ("EURUSD_Candlestick_1_Hour_BID_01.01.2023-31.12.2023.csv", "1h", "EURUSD"),
        ("BTCUSDT-1h-2024-01.csv.zip", "1h", "BTCUSDT"),
        ("daily_IBM.csv", "1day", "IBM"),
        ("Binance_BTCUSDT_d.csv", "1day", "Binance_BTCUSDT"),
        ("AAPL/1day.csv.gz", "1day", "AAPL"),
        ("600519_1day.csv", "1day", "600519"),
        ("2020.HK.csv", "1day", "2020.HK"),
        ("AAPL (1).csv", "1day", "AAPL"),
        ("BRK-B.csv", "1day", "BRK-B"),
        ("ES_M5.csv", "1day", "ES_M5"),
        ("A.csv", "", "A"),
    ],
)
def test_a_symbol_is_what_a_name_says_beside_dates_and_lengths(
    name: str, timeframe: str, symbol: str
) -> None:
    assert symbol_of_name(Path("/bars") / name, timeframe) == symbol


def test_a_clear_file_needs_nothing_but_its_class(tmp_path: Path) -> None:
    path = written(tmp_path / "mine.csv", make_bars(100), separator=";")

    unknown, inspection = (inspect_file(request, path) for request in (FileRequest(), STOCK))

    assert list(asked(unknown)) == ["class"]
    assert inspection.is_clear
    facts = known(inspection)
    assert (facts["delimiter"], facts["timeframe"], facts["symbol"]) == (";", "1day", "MINE")
    assert (facts["class"], facts["calendar"]) == ("US_EQUITY", "XNYS")
    assert inspection.ends is not None
    assert inspection.ends.equals(pl.concat([make_bars(100)[:3], make_bars(100)[-3:]]))
    series = inspection.series[0]
    assert (series.bars, series.first) == (100, "2012-01-02T00:00:00Z")


def test_all_that_is_unclear_is_asked_for_at_once(tmp_path: Path) -> None:
    bars = make_bars(8).with_columns(adj=pl.col("close") / 2).rename({"adj": "adj close"})
    path = written(tmp_path / "a.csv", bars, "%d/%m/%Y")

    inspection = inspect_file(FileRequest(), path)

    assert set(asked(inspection)) >= {"columns", "class"}
    assert "--set 'columns={close: " in inspection.reason
    settled = inspect_file(
        FileRequest(
            asset_class="US_EQUITY",
            settings={"columns": {"close": "Close"}, "time_format": "%d/%m/%Y"},
        ),
        path,
    )
    assert settled.is_clear


def test_a_refused_file_names_its_reason_and_raises_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(bytes(range(256)))
    (tmp_path / "folder.csv").mkdir()

    for path in (tmp_path / "a.csv", tmp_path / "folder.csv", tmp_path / "absent.csv"):
        inspection = inspect_file(STOCK, path)
        assert not inspection.is_clear
        assert path.name in inspection.problem
        assert inspection.code


def test_what_is_tracked_already_needs_no_class(tmp_path: Path) -> None:
    path = written(tmp_path / "mine_1day.csv", make_bars(100))
    tracked = MINE.changed(asset_class="FIXED_INCOME", calendar="XLON", files={"1h": "x.csv"})

    inspection = inspect_file(FileRequest(tracked={"MINE": tracked}), path)

    assert inspection.is_clear
    assert (inspection.series[0].asset_class, inspection.series[0].calendar) == (
        "FIXED_INCOME",
        "XLON",
    )


@pytest.mark.slow  # compares many calendars
def test_a_calendar_that_the_bars_contradict_is_asked_for(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", make_bars(400, start=dt.datetime(2020, 1, 1, tzinfo=dt.UTC)))

    asks = asked(inspect_file(FileRequest(asset_class="CRYPTO"), path))
    stated = inspect_file(FileRequest(asset_class="CRYPTO", calendar="ALWAYS"), path)

    assert asks["calendar"][-1] == "ALWAYS"
    assert stated.is_clear


def test_few_bars_without_a_length_in_the_name_are_asked_about(tmp_path: Path) -> None:
    few = make_bars(3)

    inspection = inspect_file(STOCK, written(tmp_path / "a.csv", few))

    assert asked(inspection)["timeframe"][-1] == "1week"
    assert inspect_file(STOCK, written(tmp_path / "a_1day.csv", few)).timeframe == "1day"


def test_a_name_that_contradicts_the_steps_is_part_of_the_symbol(tmp_path: Path) -> None:
    inspection = inspect_file(STOCK, written(tmp_path / "ES_M5.csv", make_bars(60)))

    assert (inspection.timeframe, inspection.series[0].symbol.name) == ("1day", "ES_M5")


def test_a_split_that_prices_are_not_adjusted_for_is_shown(tmp_path: Path) -> None:
    bars = make_bars(200)
    prices = [
        pl.when(pl.int_range(pl.len()) < 100).then(4 * pl.col(name)).otherwise(name).alias(name)
        for name in ("open", "high", "low", "close")
    ]

    inspection = inspect_file(STOCK, written(tmp_path / "a.csv", bars.with_columns(prices)))

    assert inspection.splits == (f"{bars['ts'][100]:%Y-%m-%d}: 4:1",)


def test_one_symbol_of_several_can_be_inspected(tmp_path: Path) -> None:
    bars = pl.concat(
        make_bars(30, seed=seed).insert_column(0, pl.lit(name).alias("ticker"))
        for seed, name in enumerate(("AAA", "bf/b"))
    )
    path = written(tmp_path / "many.csv", bars)

    both = inspect_file(STOCK, path)
    column = {"symbol_column": "Ticker"}
    alone = inspect_file(
        FileRequest(asset_class="US_EQUITY", symbol=parse_symbol("BF/B"), settings=column), path
    )

    assert list(asked(both)) == ["symbol_column"]
    assert [each.symbol.name for each in both.series] == ["AAA", "BF.B"]
    assert alone.is_clear
    assert [(each.symbol.name, each.in_file) for each in alone.series] == [("BF.B", "bf/b")]
