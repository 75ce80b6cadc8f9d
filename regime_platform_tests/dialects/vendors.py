"""Files in the very forms of vendors, from true series: those of ``docs/your-own-bars.md``."""

import datetime as dt
import gzip
import io
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl

from regime_platform_tests.dialects.truth import TRUTHS, Truth

_NEW_YORK = ZoneInfo("America/New_York")
_DAILY = TRUTHS["daily"]
_WEEKS = replace(_DAILY, name="weeks", start=dt.date(2024, 4, 15))  # one file per day
_FX = replace(
    TRUTHS["fx"],
    name="hours",
    timeframe="1h",
    start=dt.date(2024, 1, 8),
    end=dt.date(2024, 3, 20),
)
_HOURS_OF_COINS = replace(TRUTHS["crypto"], name="coins", timeframe="1h", end=dt.date(2024, 4, 20))
_MINUTES_OF_STOCKS = replace(
    TRUTHS["hourly"], name="minutes", timeframe="5min", end=dt.date(2024, 3, 15)
)


@dataclass(frozen=True)
class VendorFile:
    """What a user has from a vendor."""

    truth: Truth
    symbol: str
    path: str  # of the file, or of the last of several
    files: Mapping[str, bytes]  # by path

    def write(self, folder: Path) -> None:
        """Its files, in ``folder``."""
        for name, content in self.files.items():
            path = folder / name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(content)

    @property
    def text(self) -> str:
        """The lines of the file, or of the last of several."""
        content = self.files[self.path]
        if self.path.endswith(".zip"):
            archive = zipfile.ZipFile(io.BytesIO(content))
            content = archive.read(archive.namelist()[0])
        elif self.path.endswith(".gz"):
            content = gzip.decompress(content)
        return content.decode("cp1252").replace("\r\n", "\n")


def vendor_files() -> dict[str, VendorFile]:
    """By vendor."""
    return {name: write() for name, write in _WRITERS.items()}


def _single(truth: Truth, symbol: str, path: str, content: bytes) -> VendorFile:
    return VendorFile(truth, symbol, path, {path: content})


def _lines(bars: pl.DataFrame, line: Callable[..., str], *header: str) -> str:
    """Lines of ``line(ts, open, high, low, close, volume)`` below those of the header."""
    return "\n".join([*header, *(line(*row) for row in bars.iter_rows())]) + "\n"


def _yahoo() -> VendorFile:
    def line(ts: dt.datetime, *row: float) -> str:
        o, h, low, c, v = row
        prices = ",".join(f"{price:.6f}" for price in (o, h, low, c, c * 0.985))
        return f"{ts:%Y-%m-%d},{prices},{v:.0f}"

    text = _lines(_DAILY.bars, line, "Date,Open,High,Low,Close,Adj Close,Volume")
    text += "2024-06-01,null,null,null,null,null,null\n"
    return _single(_DAILY, "AAPL", "yahoo/AAPL.csv", text.encode())


def _stooq() -> VendorFile:
    def line(ts: dt.datetime, *row: float) -> str:
        o, h, low, c, v = row
        return f"MSFT.US,D,{ts:%Y%m%d},000000,{o:.2f},{h:.2f},{low:.2f},{c:.2f},{v:.0f},0"

    header = "<TICKER>,<PER>,<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>,<OPENINT>"
    text = _lines(_DAILY.bars, line, header).replace("\n", "\r\n")
    return _single(_DAILY, "MSFT.US", "stooq/msft.us.txt", text.encode())


def _server_time(ts: dt.datetime) -> dt.datetime:
    """Seven hours ahead of New York, all year: its day begins at 17:00 there."""
    return ts.astimezone(_NEW_YORK).replace(tzinfo=None) + dt.timedelta(hours=7)


def _metatrader_4() -> VendorFile:
    def line(ts: dt.datetime, *row: float) -> str:
        o, h, low, c, v = row
        return f"{_server_time(ts):%Y.%m.%d,%H:%M},{o:.5f},{h:.5f},{low:.5f},{c:.5f},{v:.0f}"

    return _single(_FX, "EURUSD", "metatrader4/EURUSD60.csv", _lines(_FX.bars, line).encode())


def _metatrader_5() -> VendorFile:
    def line(ts: dt.datetime, *row: float) -> str:
        o, h, low, c, v = row
        prices = "\t".join(f"{price:.5f}" for price in (o, h, low, c))
        return f"{_server_time(ts):%Y.%m.%d\t%H:%M:%S}\t{prices}\t{v:.0f}\t0\t3"

    names = ("DATE", "TIME", "OPEN", "HIGH", "LOW", "CLOSE", "TICKVOL", "VOL", "SPREAD")
    text = _lines(_FX.bars, line, "\t".join(f"<{name}>" for name in names))
    path = "metatrader5/GBPUSD_H1_202401080200_202403200100.csv"
    return _single(_FX, "GBPUSD", path, text.replace("\n", "\r\n").encode())


def _dukascopy() -> VendorFile:
    def line(ts: dt.datetime, *row: float) -> str:
        prices = ",".join(f"{price:.5f}" for price in row[:4])
        return f"{ts:%d.%m.%Y %H:%M:%S}.000,{prices},{row[4]:.2f}"

    text = _lines(_FX.bars, line, "Gmt time,Open,High,Low,Close,Volume")
    path = "dukascopy/USDCHF_Candlestick_1_Hour_BID_08.01.2024-19.03.2024.csv"
    return _single(_FX, "USDCHF", path, text.encode())


def _binance() -> VendorFile:
    truth = TRUTHS["crypto"]

    def line(ts: dt.datetime, *row: float) -> str:
        o, h, low, c, v = row
        start, end = int(ts.timestamp() * 1000), int(ts.timestamp() * 1000) + 899_999
        prices = ",".join(f"{price:.8f}" for price in (o, h, low, c, v))
        rest = f"{v * c:.8f},{int(v) + 40},{v * 0.6:.8f},{v * c * 0.6:.8f},0"
        return f"{start},{prices},{end},{rest}"

    member, stream = "BTCUSDT-15m-2024-03.csv", io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr(member, _lines(truth.bars, line))
    return _single(truth, "BTCUSDT", "binance/BTCUSDT-15m-2024-03.zip", stream.getvalue())


def _crypto_data_download() -> VendorFile:
    def line(ts: dt.datetime, *row: float) -> str:
        o, h, low, c, v = row
        prices = ",".join(f"{price:.2f}" for price in (o, h, low, c))
        return f"{ts.timestamp():.0f},{ts:%Y-%m-%d %H:%M:%S},ETH/USD,{prices},{v},{v * c:.4f}"

    header = "unix,date,symbol,open,high,low,close,Volume ETH,Volume USD"
    bars = _HOURS_OF_COINS.bars.reverse()
    text = _lines(bars, line, "https://www.CryptoDataDownload.com", header)
    return _single(_HOURS_OF_COINS, "ETHUSD", "cdd/Bitstamp_ETHUSD_1h.csv", text.encode())


def _alpha_vantage() -> VendorFile:
    def line(ts: dt.datetime, *row: float) -> str:
        o, h, low, c, v = row
        stamp = ts.astimezone(_NEW_YORK)
        return f"{stamp:%Y-%m-%d %H:%M:%S},{o:.4f},{h:.4f},{low:.4f},{c:.4f},{v:.0f}"

    bars = _MINUTES_OF_STOCKS.bars.reverse()
    text = _lines(bars, line, "timestamp,open,high,low,close,volume").replace("\n", "\r\n")
    return _single(_MINUTES_OF_STOCKS, "IBM", "alphavantage/intraday_5min_IBM.csv", text.encode())


def _polygon() -> VendorFile:
    header = "ticker,volume,open,close,high,low,window_start,transactions"
    files: dict[str, bytes] = {}
    for ts, o, h, low, c, v in _WEEKS.bars.iter_rows():
        midnight = dt.datetime.combine(ts.date(), dt.time(), _NEW_YORK)
        start = int(midnight.timestamp()) * 1_000_000_000
        rows = [
            ",".join((ticker, f"{v:.0f}", *(f"{price * scale:.4f}" for price in (o, c, h, low))))
            + f",{start},97"
            for ticker, scale in (("FORD", 0.5), ("GOOG", 1.0), ("HOOD", 2.0))
        ]
        text = "\n".join([header, *rows]) + "\n"
        files[f"polygon/{ts:%Y-%m-%d}.csv.gz"] = gzip.compress(text.encode(), mtime=0)
    return VendorFile(_WEEKS, "GOOG", max(files), files)


def _lean() -> VendorFile:
    def line(ts: dt.datetime, *row: float) -> str:
        prices = ",".join(str(round(price * 10_000)) for price in row[:4])
        return f"{ts:%Y%m%d %H:%M},{prices},{row[4]:.0f}"

    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("spy.csv", _lines(_DAILY.bars, line))
    return _single(_DAILY, "SPY", "lean/spy.zip", stream.getvalue())


def spreadsheet(bars: pl.DataFrame) -> bytes:
    """As a spreadsheet with German settings saves them: decimal commas, Windows letters."""
    marks = str.maketrans(",.", ".,")

    def line(ts: dt.datetime, *row: float) -> str:
        prices = ";".join(f"{price:,.2f}".translate(marks) for price in row[:4])
        return f"{ts:%d.%m.%Y};{prices};{f'{row[4]:,.0f}'.translate(marks)}"

    text = _lines(bars, line, "Datum;Eröffnung;Hoch;Tief;Schluss;Volumen")
    return text.replace("\n", "\r\n").encode("cp1252")


def _spreadsheet() -> VendorFile:
    return _single(_DAILY, "DIS", "spreadsheet/Kurse.csv", spreadsheet(_DAILY.bars))


_WRITERS: Mapping[str, Callable[[], VendorFile]] = {
    "Yahoo": _yahoo,
    "Stooq": _stooq,
    "MetaTrader 4": _metatrader_4,
    "MetaTrader 5": _metatrader_5,
    "Dukascopy": _dukascopy,
    "Binance": _binance,
    "CryptoDataDownload": _crypto_data_download,
    "Alpha Vantage": _alpha_vantage,
    "Polygon": _polygon,
    "LEAN": _lean,
    "spreadsheet": _spreadsheet,
}
