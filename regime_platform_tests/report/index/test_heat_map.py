"""The cells of the heat map say everything, and large classes are closed."""

import datetime as dt
from typing import Any

import polars as pl

from regime_platform.compute_db.board import BOARD_SCHEMA
from regime_platform.model.instruments import Instrument
from regime_platform.model.universe.universe import Universe
from regime_platform.report.index.heat_map import heat_map

_SINCE = dt.datetime(2026, 11, 26, 15, 30, tzinfo=dt.UTC)
_SCHEMA = pl.Schema({**BOARD_SCHEMA, "is_rank_immature": pl.Boolean()})


def _universe(*symbols: str) -> Universe:
    entry: dict[str, Any] = {"asset_class": "US_EQUITY", "tier": "daily", "source": "files"}
    return Universe(tuple(Instrument(symbol=each, name=each, **entry) for each in symbols))


def _row(symbol: str, timeframe: str, **facts: Any) -> dict[str, Any]:
    known = {"status": "complete", "regime_label": "CHOP_RISK", "regime_since": _SINCE}
    rank = {"esc_pctl": 0.9051, "escalation_bucket": "HIGH", "is_rank_immature": True}
    return {"symbol": symbol, "timeframe": timeframe, "regime_bars": 1, **known, **rank, **facts}


def _rows(*rows: dict[str, Any]) -> pl.DataFrame:
    return pl.DataFrame([{**dict.fromkeys(_SCHEMA), **row} for row in rows], _SCHEMA)


def test_a_cell_names_symbol_timeframe_regime_since_and_escalation() -> None:
    rows = _rows(
        _row("AAA", "1h"),
        _row("AAA", "1day", regime_bars=1200, is_rank_immature=False),
        _row("BBB", "1day", status="not_computed", regime_label=None, esc_pctl=None),
    )

    (stocks,) = heat_map(rows, _universe("AAA", "BBB", "CCC"), {"AAA"})

    first, second, third = stocks.lines
    assert [cell.words for cell in first.cells] == [
        "AAA 1h: chop risk since 2026-11-26 15:30 (1 bar), escalation 0.905 HIGH, immature",
        "AAA 1day: chop risk since 2026-11-26 (1,200 bars), escalation 0.905 HIGH",
    ]
    assert [cell.words for cell in second.cells] == ["BBB 1day: not computed"]
    assert not third.cells
    assert [line.link for line in stocks.lines] == ["AAA.html", "", ""]
    assert stocks.timeframes == ["1h", "1day"]
    assert stocks.shares == [("CHOP_RISK", 1)]
    assert stocks.is_open


def test_a_class_that_fills_screens_is_closed() -> None:
    (stocks,) = heat_map(_rows(), _universe(*(f"S{place:03d}" for place in range(121))), ())

    assert not stocks.is_open
