"""The sources of the platform, each with what it has as a test arranges it."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl
from pytest_httpserver import HTTPServer

from regime_platform.files import file_sha256
from regime_platform.settings import PROJECT_ROOT
from regime_platform.sources.protocol import Source
from regime_platform.sources.sample.source import SampleSource
from regime_platform_tests.ccxt_exchange import STUMBLES, LoopbackExchange
from regime_platform_tests.sources.conformance import Supply
from regime_platform_tests.vendor import KEY, LoopbackVendor, error_answer

_PAGE = PROJECT_ROOT / "docs" / "sources.md"
_MIC = "XNGS"
_MANY = 50  # answers, more than a run asks for


class SampleSupply(Supply):
    """A package of series, with the metadata that it is shipped with."""

    source = "sample"

    def made(self) -> Source:
        return SampleSource(self.folder / "package")

    def serve(self, symbol: str, bars: pl.DataFrame) -> None:
        file = self._file(symbol)
        file.parent.mkdir(parents=True, exist_ok=True)
        bars.write_parquet(file)
        path = self.folder / "package" / "metadata.json"
        files = json.loads(path.read_text())["files"] if path.exists() else {}
        files[f"{symbol}/1day.parquet"] = {
            "symbol": symbol,
            "timeframe": "1day",
            "price_basis": "unadjusted",
            "sha256": file_sha256(file),
        }
        path.write_text(json.dumps({"files": files, "splits": {}}))

    def spoil(self, symbol: str) -> None:
        self._file(symbol).write_bytes(b"not what was shipped")

    def _file(self, symbol: str) -> Path:
        return self.folder / "package" / symbol / "1day.parquet"


class FilesSupply(Supply):
    """A folder of CSV files."""

    source = "files"

    def settings(self) -> Mapping[str, Any]:
        return {"REGIME_FILES_ROOT": self.folder / "files"}

    def serve(self, symbol: str, bars: pl.DataFrame) -> None:
        self._file(symbol).parent.mkdir(parents=True, exist_ok=True)
        bars.with_columns(pl.col("ts").dt.strftime("%Y-%m-%d")).write_csv(self._file(symbol))

    def spoil(self, symbol: str) -> None:
        self._file(symbol).write_text("ts,open,high,low,close\n2026-01-05,1,1,1,broken\n")

    def _file(self, symbol: str) -> Path:
        return self.folder / "files" / symbol / "1day.csv"


class TwelveDataSupply(Supply):
    """The vendor on loopback."""

    source = "twelvedata"

    def __init__(self, folder: Path, server: HTTPServer) -> None:
        super().__init__(folder)
        self.vendor = LoopbackVendor(
            server, now=lambda: self.now, asset_class=self.asset_class, is_dated=True
        )

    def fields(self, symbol: str) -> Mapping[str, str]:
        return {"provider_symbol": symbol, "mic_code": _MIC}

    def settings(self) -> Mapping[str, Any]:
        return {
            "REGIME_TWELVEDATA_URL": self.vendor.url,
            "TWELVEDATA_API_KEY": KEY,
            "REGIME_CREDITS_PER_MINUTE": 10_000,
        }

    def serve(self, symbol: str, bars: pl.DataFrame) -> None:
        meta = {"mic_code": _MIC, "type": "Common Stock"}
        self.vendor.list_series(symbol, "1day", bars, **meta)
        self.vendor.list_series(symbol, self.lacking, bars.clear(), **meta)

    def spoil(self, symbol: str) -> None:
        self.vendor.delist(symbol)

    def go_down(self) -> None:
        self.vendor.answer_next(*(error_answer(503, "overloaded") for _ in range(_MANY)))

    def come_back(self) -> None:
        self.vendor.forget_script()


class CcxtSupply(Supply):
    """The exchange on loopback, whose weeks begin on Thursday."""

    source = "ccxt"
    asset_class = "CRYPTO"
    lacking = "1week"

    def __init__(self, folder: Path, server: HTTPServer) -> None:
        super().__init__(folder)
        self.exchange = LoopbackExchange(
            server, now=lambda: self.now, has_thursdays=True, is_dated=True
        )

    def fields(self, symbol: str) -> Mapping[str, str]:
        return {"provider_symbol": f"{symbol}/USDT", "venue": "binance"}

    def settings(self) -> Mapping[str, Any]:
        return {"REGIME_CCXT_URL": self.exchange.url}

    def serve(self, symbol: str, bars: pl.DataFrame) -> None:
        self.exchange.list_market(symbol, "USDT", bars)

    def spoil(self, symbol: str) -> None:
        self.exchange.delist(symbol, "USDT")

    def go_down(self) -> None:
        self.exchange.answer_next(*(STUMBLES["503"]() for _ in range(_MANY)))

    def come_back(self) -> None:
        self.exchange.forget_script()


def documented_supply(folder: Path) -> Supply:
    """The made-up source of the page on adding one, as its blocks define it."""
    names: dict[str, Any] = {}
    for block in re.findall(r"^```python\n(.*?)^```", _PAGE.read_text(), re.DOTALL | re.MULTILINE):
        exec(block, names)  # noqa: S102 - text of this repository
    supply: Supply = names["JsonLinesSupply"](folder)
    return supply
