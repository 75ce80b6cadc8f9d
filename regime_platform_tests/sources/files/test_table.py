"""Files of every layout are read as what they say, or the key that decides is asked for."""

import random
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from regime_platform.errors import BarsError
from regime_platform.sources.files.facts import AmbiguousReadingError
from regime_platform.sources.files.layout import table_rows, text_rows
from regime_platform.sources.files.mapping import parsed_setting
from regime_platform_tests.error_codes import raises
from regime_platform_tests.sources.files.tables import BAR, PLAIN, table

RUSSIAN = "Дата;Открытие;Максимум;Минимум;Закрытие;Объём\n2024-01-02;1,5;2;1;1,75;100\n"
GERMAN = "Datum;Eröffnung;Hoch;Tief;Schluß;Volumen\n2024-01-02;1,5;2,0;1;1,75;100\n"
CHINESE = "日期,开盘,最高,最低,收盘,成交量\n2024-01-02,1.5,2,1,1.75,100\n"
POLISH = "Data,Otwarcie,Najwyzszy,Najnizszy,Zamkniecie,Wolumen\n2024-01-02,1.5,2,1,1.75,100\n"
JAPANESE = "日付,始値,高値,安値,終値,出来高\n2024-01-02,1.5,2,1,1.75,100\n"


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (PLAIN, "utf-8-sig"),
        (PLAIN, "utf-16"),
        (PLAIN, "utf-16-le"),
        (RUSSIAN, "utf-8"),
        (RUSSIAN, "cp1251"),
        (RUSSIAN, "cp866"),
        (RUSSIAN, "koi8-r"),
        (GERMAN, "cp1252"),
        (POLISH, "utf-8"),
        (CHINESE, "gbk"),
        (JAPANESE, "cp932"),
        ("Date,Open,High,Low,Close,Volume,Société\n2024-01-02,1.5,2,1,1.75,100,é\n", "cp1252"),
    ],
)
def test_the_encoding_is_that_in_which_the_header_makes_sense(
    tmp_path: Path, text: str, encoding: str
) -> None:
    assert table(tmp_path, text.encode(encoding)).numbers.rows() == [BAR]


TABBED = PLAIN.replace(",", "\t")


@pytest.mark.parametrize(
    "text",
    [
        TABBED,
        PLAIN.replace(",", ";"),
        PLAIN.replace(",", "|"),
        PLAIN.replace(",", "   "),
        PLAIN.replace("\n", "\r\n"),
        PLAIN.replace("\n", "\r"),
        PLAIN.replace(",", ", "),
        "sep=;\n" + PLAIN.replace(",", ";"),
        "https://www.example.com\n" + PLAIN,
        "# made by a program, of which\n# nothing is known\n\n" + PLAIN,
        "#" + PLAIN,
        PLAIN.replace("Date", ""),
        '"' + PLAIN.replace(",", '","').replace("\n", '"\n"')[:-1],
        PLAIN.replace("\n2", "\n,USD,USD,USD,USD,\n2"),
        "Price,Close,High,Low,Open,Volume\nTicker,A,A,A,A,A\nDate,,,,,\n2024-01-02,1.75,2,1,1.5,100\n",
        "Date,Close/Last,Volume,Open,High,Low\n01/02/2024,$1.75,100,$1.5,$2,$1\n",
        "timestamp,1. open,2. high,3. low,4. close,5. volume\n2024-01-02,1.5,2,1,1.75,100\n",
        "t,o,h,l,c,v\n1704153600,1.5,2,1,1.75,100\n",
        "unix,date,symbol,open,high,low,close,volume\n1704153600,2024-01-02,A,1.5,2,1,1.75,100\n",
        "<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>\n20240102,000000,1.5,2,1,1.75,100\n",
        PLAIN + "2024-01-03,null,N/A,-,,\n,,,,,\n",
    ],
)
def test_a_layout_is_read_without_a_key(tmp_path: Path, text: str) -> None:
    assert table(tmp_path, text).numbers.rows() == [BAR]


@pytest.mark.parametrize(
    ("values", "numbers"),
    [
        (("1.234,5", "1.300", "1.200,00", "1.250"), (1234.5, 1300.0, 1200.0, 1250.0)),
        (("1,234.5", "1,300", "1,200.00", "1,250"), (1234.5, 1300.0, 1200.0, 1250.0)),
        (("1 234,5", "1 300", "1 200,00", "1 250"), (1234.5, 1300.0, 1200.0, 1250.0)),
        (("1'234.5", "1'300", "1'200.00", "1'250"), (1234.5, 1300.0, 1200.0, 1250.0)),
        (("0,234", "0,235", "0,233", "0,234"), (0.234, 0.235, 0.233, 0.234)),
        (("1e2", "+2E2", "90", "150.5"), (100.0, 200.0, 90.0, 150.5)),
    ],
)
def test_marks_of_numbers_are_those_that_a_value_proves(
    tmp_path: Path, values: tuple[str, ...], numbers: tuple[float, ...]
) -> None:
    text = f"Date;Open;High;Low;Close\n2024-01-02;{';'.join(values)}\n"

    assert table(tmp_path, text).numbers.rows() == [(*numbers, None)]


@pytest.mark.parametrize(
    ("text", "volume"), [("1.5M", 1.5e6), ("12.3 k", 12300.0), ("1,234", 1234.0)]
)
def test_volumes_may_be_in_thousands_or_millions(tmp_path: Path, text: str, volume: float) -> None:
    rows = PLAIN.replace(",", ";").replace(";100", f";{text}")

    assert table(tmp_path, rows).numbers["volume"].to_list() == [volume]


@pytest.mark.parametrize(
    ("text", "key", "readings"),
    [
        (
            "Date;Open;High;Low;Close\n2024-01-02;1,234;1,235;1,233;1,234\n",
            "decimal",
            (1.234, 1234),
        ),
        (
            "Date;Open;High;Low;Close\n2024-01-02;1.234;1.235;1.233;1.234\n",
            "decimal",
            (1234, 1.234),
        ),
        ("Date,Open,High,Low,Close,Adj Close\n2024-01-02,2,3,1,2,1.5\n", "columns", (2, 1.5)),
        ("Date,Open,High,Low,Last,Settle\n2024-01-02,2,3,1,2,1.5\n", "columns", (2, 1.5)),
        (
            "Date,Open,High,Low,Close,Volume BTC,Volume USD\n2024-01-02,2,3,1,2,5,6\n",
            "columns",
            (5, 6),
        ),
        (
            "Date,Ticker,Open,High,Low,Close\n2024-01-02,A,2,3,1,2\n2024-01-02,B,2,3,1,2\n",
            "symbol_column",
            (2,),
        ),
        (
            "Per,Date,Open,High,Low,Close\n5,20240102,1,1,1,1\n60,20240102,2,2,2,2\n",
            "where",
            (1, 2),
        ),
    ],
)
def test_what_a_file_leaves_open_is_asked_for_and_the_printed_setting_decides(
    tmp_path: Path, text: str, key: str, readings: tuple[float, ...]
) -> None:
    with raises(AmbiguousReadingError, "ambiguous-file-reading", match=f"--set '?{key}=") as caught:
        table(tmp_path, text)

    fact = caught.value.fact
    assert fact.key == key
    decided = [
        table(tmp_path, text, **dict([parsed_setting(f"{key}={choice}")])).numbers.row(0)
        for choice in fact.choices
    ]
    last = [[number for number in row if number is not None][-1] for row in decided]
    assert tuple(last) == readings


def test_an_adjusted_close_scales_the_prices_beside_it(tmp_path: Path) -> None:
    text = "Date,Open,High,Low,Close,Adj Close,Volume BTC,Volume USD\n"
    text += "2024-01-02,3,3.3,2.7,3.3,1.1,5,6\n2024-01-03,0.1,0.3,0.1,0.3,0.7,5,6\n"

    with raises(AmbiguousReadingError, "ambiguous-file-reading") as caught:
        table(tmp_path, text, columns={"close": "Adj Close"})
    key, value = parsed_setting(f"columns={caught.value.fact.choices[1]}")
    read = table(tmp_path, text, **{key: value})

    assert value == {"close": "Adj Close", "volume": "Volume USD"}
    (_, top, bottom, close, volume), other = read.numbers.rows()
    assert (top, bottom, close, volume) == (1.1, pytest.approx(0.9), 1.1, 6.0)
    assert other[1] == other[3] == 0.7  # the high stays the close
    assert other[0] == other[2] == pytest.approx(0.7 / 3)
    assert any("multiplied by Adj Close / Close" in fact.evidence for fact in read.facts)


def walk(bars: int = 60) -> list[tuple[float, ...]]:
    steps = random.Random(7)
    rows: list[tuple[float, ...]] = []
    close = 100.0
    for _ in range(bars):
        opened = round(close * (1 + steps.gauss(0, 0.0004)), 4)
        close = round(opened * (1 + steps.gauss(0, 0.01)), 4)
        top = round(max(opened, close) * 1.002, 4)
        bottom = round(min(opened, close) * 0.997, 4)
        rows.append((opened, top, bottom, close, float(steps.randint(100, 9999))))
    return rows


def dukascopy(n: int, bar: tuple[float, ...]) -> str:
    return f"2024.01.{n // 24 + 1:02d} {n % 24:02d}:00:00,{','.join(map(str, bar))}"


def metatrader(n: int, bar: tuple[float, ...]) -> str:
    return f"2024.01.{n // 24 + 1:02d},{n % 24:02d}:00,{','.join(map(str, bar))}"


def histdata(n: int, bar: tuple[float, ...]) -> str:
    return f"202401{n // 24 + 1:02d} {n % 24:02d}0000;{';'.join(map(str, bar))}"


def binance(n: int, bar: tuple[float, ...]) -> str:
    start = 1704067200000 + n * 60000
    rest = f"{start + 59999},{bar[3] * bar[4]},{n},{bar[4] / 2},{bar[3] * bar[4] / 2},0"
    return f"{start},{','.join(map(str, bar))},{rest}"


@pytest.mark.parametrize("form", [dukascopy, metatrader, histdata, binance])
@pytest.mark.parametrize("step", [1, -1])
def test_columns_without_names_are_known_by_their_values(
    tmp_path: Path, form: Callable[[int, tuple[float, ...]], str], step: int
) -> None:
    lines = [form(n, bar) for n, bar in enumerate(walk())]

    read = table(tmp_path, "\n".join(lines[::step]) + "\n")

    assert read.numbers.rows() == walk()[::step]


def test_the_scale_of_whole_prices_in_the_form_of_lean_is_asked_for(tmp_path: Path) -> None:
    bars = [(*(round(price * 10_000) for price in bar[:4]), int(bar[4])) for bar in walk()]
    times = [f"202401{n // 24 + 1:02d} {n % 24:02d}:00" for n in range(len(bars))]
    lines = [f"{time},{str(bar)[1:-1]}\n" for time, bar in zip(times, bars, strict=True)]
    text = "".join(lines).replace(", ", ",")

    with raises(AmbiguousReadingError, "ambiguous-file-reading", match="scale is unclear"):
        table(tmp_path, text)

    assert table(tmp_path, text, scale=10_000).numbers.rows() == walk()
    assert table(tmp_path, text, scale=1).numbers.rows() == bars


def test_names_in_one_word_and_of_terminals_are_known(tmp_path: Path) -> None:
    text = "date,closePrice,highPrice,lowPrice,openPrice,volume,adjClose,adjHigh,adjLow,adjOpen,"
    text += "adjVolume\n2024-01-02,4,6,2,4,9,2,3,1,2,18\n"
    with raises(AmbiguousReadingError, "ambiguous-file-reading") as caught:
        table(tmp_path, text)
    key, value = parsed_setting(f"columns={caught.value.fact.choices[1]}")
    assert table(tmp_path, text, **{key: value}).numbers.rows() == [(2.0, 3.0, 1.0, 2.0, 18.0)]

    terminal = "Date,PX_OPEN,PX_HIGH,PX_LOW,PX_LAST,PX_VOLUME\n2024-01-02,1.5,2,1,1.75,100\n"
    assert table(tmp_path, terminal).numbers.rows() == [BAR]
    units = "ts_event,rtype,publisher_id,instrument_id,open,high,low,close,volume\n"
    units += "1704205800000000000,33,2,38,1500000000,2000000000,1000000000,1750000000,100\n"
    with raises(AmbiguousReadingError, "ambiguous-file-reading", match="scale=1000000000"):
        table(tmp_path, units)
    assert table(tmp_path, units, scale=1e9).numbers.rows() == [BAR]


def test_columns_that_their_values_do_not_show_are_asked_for(tmp_path: Path) -> None:
    few = "2024-01-02,10,12,9,11.5\n2024-01-03,10,12,9,11.5\n"
    with raises(AmbiguousReadingError, "ambiguous-file-reading", match="columns is unclear"):
        table(tmp_path, few)

    named = {"ts": 1, "open": 2, "high": 3, "low": 4, "close": 5}
    assert table(tmp_path, few, columns=named).numbers.rows()[0] == (10.0, 12.0, 9.0, 11.5, None)


def test_symbols_in_a_column_without_a_name_are_asked_for(tmp_path: Path) -> None:
    rows = "A,2024-01-02,1,1,1,1\nB,2024-01-02,2,2,2,2\n"
    named = {"ts": 2, "open": 3, "high": 4, "low": 5, "close": 6}
    with raises(AmbiguousReadingError, "ambiguous-file-reading", match="2 symbols: A, B"):
        table(tmp_path, rows, columns=named)

    chosen = table(tmp_path, rows, columns=named, symbol_column=1).of_symbol("B")
    assert chosen.numbers["open"].to_list() == [2.0]
    assert table(tmp_path, rows, columns=named, where={1: "B"}).numbers.equals(chosen.numbers)


def test_rows_are_chosen_and_scaled_as_the_mapping_states(tmp_path: Path) -> None:
    text = "Date,Kind,Open,High,Low,Close,Volume\n2024-01-02,a,x,1,1,1,1\n"
    text += "2024-01-02,b,15000,20000,10000,17500,1\nTotal 2 rows\n"

    read = table(tmp_path, text, where={"Kind": "b"}, scale=10000, multiplier=100, comment="Total")

    assert read.numbers.rows() == [BAR]
    assert read.place(0) == "line 3"


def test_the_rows_of_a_symbol_keep_their_places(tmp_path: Path) -> None:
    text = "Date,Ticker,Open,High,Low,Close\n2024-01-02,A,1,1,1,1\n\n2024-01-02,B,,,,\n"
    text += "2024-01-03,B,2,2,2,2\n"

    read = table(tmp_path, text, symbol_column="Ticker").of_symbol("B")

    assert (read.times.to_list(), read.skipped) == (["2024-01-03"], 1)
    assert read.place(0) == "line 5"


def test_a_line_cut_short_is_refused_far_from_the_beginning(tmp_path: Path) -> None:
    text = PLAIN + "2024-01-03,1,1,1,1,1\n" * 30_000
    with raises(BarsError, "csv-fields", match="line 20001: 4 fields where the header has 6"):
        lines = text.splitlines(keepends=True)
        table(tmp_path, "".join([*lines[:20_000], "2024-01-03,1,1,1\n", *lines[20_000:]]))


@pytest.mark.parametrize(("offset", "zone"), [("", None), ("Z", "UTC")])
def test_times_of_many_rows_are_those_of_their_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, offset: str, zone: str | None
) -> None:
    monkeypatch.setattr(text_rows, "_BLOCK", 1 << 14)
    monkeypatch.setattr(table_rows, "_MANY", 100)
    written = [f"2024-01-{n % 28 + 1:02d} {n % 24:02d}:{n % 60:02d}{offset}" for n in range(3000)]
    lines = [PLAIN.splitlines()[0], *(f"{time},1,1,1,1,1" for time in written)]
    text = "\n".join(lines) + "\n"

    parsed = table(tmp_path, text).times
    mixed = table(tmp_path, text + "2024-02-03 10:00:30,1,1,1,1,1\n").times

    assert parsed.dtype == pl.Datetime("us", zone)
    assert parsed.dt.strftime(f"%Y-%m-%d %H:%M{offset}").to_list() == written
    assert mixed.to_list() == [*written, "2024-02-03 10:00:30"]
