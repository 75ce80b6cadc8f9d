"""A run with bars of an exchange over a real socket: history by pages, updates, an outage."""

import datetime as dt
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import ccxt
import polars as pl
import pytest
import yaml
from pytest_httpserver import HTTPServer

from regime_platform.bar_store.canonical import read_in_force
from regime_platform.errors import RunEndingError
from regime_platform.model.timeframes import DURATION
from regime_platform.pipeline.fetch.catch_up import FetchRequest
from regime_platform.pipeline.fetch.estimate import estimate
from regime_platform.pipeline.fetch.ingest import Batches
from regime_platform.pipeline.outcomes import Stage, Status, SymbolOutcome
from regime_platform.pipeline.run import run_symbols
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.settings import Settings
from regime_platform_tests.ccxt_exchange import (
    KLINES,
    LoopbackExchange,
    candles_of,
    json_answer,
    market_bars,
)
from regime_platform_tests.scenario import fingerprint

START = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)  # a Monday
HOURS = market_bars(24 * 7 * 12, START)
NOW = START + dt.timedelta(days=70, hours=12, minutes=20)


_STAGES = (Stage.RAW_BARS, Stage.VALIDATED_BARS)


class _Clock:
    now = NOW


@pytest.fixture
def exchange(httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> LoopbackExchange:
    monkeypatch.setattr(ccxt.Exchange, "throttle", lambda *_: None)
    listed = LoopbackExchange(httpserver, lambda: _Clock.now)
    for base in ("BTC", "ETH"):
        listed.list_market(base, "USDT", HOURS)
    return listed


def _settings(folder: Path, exchange: LoopbackExchange, markets: Sequence[str]) -> Settings:
    entries = [
        {
            "symbol": f"{base}{venue.upper()}",
            "name": base,
            "asset_class": "CRYPTO",
            "tier": "core",
            "timeframes": ["1h", "1day", "1week"],
            "source": "ccxt",
            "venue": venue,
            "provider_symbol": f"{base}/USDT",
        }
        for base, venue in (market.split("@") for market in markets)
    ]
    folder.mkdir()
    (folder / "universe.yaml").write_text(yaml.safe_dump({"instruments": entries}))
    return Settings(_env_file=None, REGIME_DATA_ROOT=folder, REGIME_CCXT_URL=exchange.url)


def _run(settings: Settings, now: dt.datetime) -> list[SymbolOutcome]:
    _Clock.now = now
    workspace = RunWorkspace.open(settings)
    outcomes: list[SymbolOutcome] = []
    with suppress(RunEndingError):
        for outcome in run_symbols(workspace, workspace.universe.instruments, now, stages=_STAGES):
            outcomes.append(outcome)  # noqa: PERF402 - outcomes before an error are kept
    return outcomes


def _statuses(outcome: SymbolOutcome) -> dict[str, str]:
    assert outcome.ingest is not None
    return {series.timeframe: series.status for series in outcome.ingest.series}


def _in_force(settings: Settings, symbol: str, timeframe: str) -> pl.DataFrame:
    stored = read_in_force(RunWorkspace.open(settings).root.symbol(symbol), timeframe)
    assert stored is not None
    return stored[1]


def test_finished_candles_become_bars_and_updates_bring_the_new_ones(
    tmp_path: Path, exchange: LoopbackExchange
) -> None:
    exchange.limit = 500
    settings = _settings(tmp_path / "data", exchange, ["BTC@binance"])
    workspace = RunWorkspace.open(settings)
    selection = workspace, workspace.universe.instruments
    cost = estimate(*selection, Batches(*selection, FetchRequest(NOW)))

    (first,) = _run(settings, NOW)
    asked, before = len(exchange.questions), fingerprint(settings.data_root)
    (again,) = _run(settings, NOW)
    is_quiet = asked == len(exchange.questions) and fingerprint(settings.data_root) == before
    (later,) = _run(settings, NOW + dt.timedelta(days=1))

    assert first.status is later.status is Status.DONE, (first.reason, later.reason)
    assert again.status is Status.UNCHANGED
    assert is_quiet
    assert (cost.series, cost.credits, cost.minutes) == (3, 0, 0)
    assert cost.requests > 3
    assert later.ingest is not None
    counts = [(series.new, series.revised, series.provisional) for series in later.ingest.series]
    assert counts == [(24, 0, 1), (1, 0, 1), (0, 0, 0)]
    for timeframe in ("1h", "1day", "1week"):
        finished = candles_of(HOURS, timeframe).filter(
            pl.col("ts") + DURATION[timeframe] <= _Clock.now
        )
        assert _in_force(settings, "BTCBINANCE", timeframe).equals(finished)


def test_weeks_that_begin_on_another_day_are_built_from_days(
    tmp_path: Path, exchange: LoopbackExchange
) -> None:
    exchange.has_thursdays = True
    settings = _settings(tmp_path / "data", exchange, ["BTC@binance"])

    (outcome,) = _run(settings, NOW)

    assert _statuses(outcome) == {"1h": "ok", "1day": "ok", "1week": "not_offered"}
    weeks = candles_of(HOURS, "1week").head(10)
    built = _in_force(settings, "BTCBINANCE", "1week")
    assert built.drop("volume").equals(weeks.drop("volume"))
    assert built["volume"].to_list() == pytest.approx(weeks["volume"].to_list())


def test_an_exchange_that_refuses_all_does_not_end_the_others(
    tmp_path: Path, exchange: LoopbackExchange
) -> None:
    markets = ["BTC@binance", "BTC@binanceus", "ETH@binance"]
    settings = _settings(tmp_path / "data", exchange, markets)
    exchange.answer_next(json_answer({"code": -1003}, {"Retry-After": "3600"}, 418))

    banned = _run(settings, NOW)
    served = _run(settings, NOW)

    assert [outcome.status for outcome in banned] == [
        Status.NOT_REACHED,
        Status.DONE,
        Status.NOT_REACHED,
    ]
    assert "binance asks to wait for 3,600 s" in banned[2].reason
    assert [outcome.status for outcome in served] == [Status.DONE, Status.UNCHANGED, Status.DONE]


def test_a_market_that_is_halted_is_fetched_and_named_each_time(
    tmp_path: Path, exchange: LoopbackExchange
) -> None:
    exchange.list_market("BTC", "USDT", HOURS.head(24 * 20), is_halted=True)
    settings = _settings(tmp_path / "data", exchange, ["BTC@binance"])

    outcomes = _run(settings, NOW) + _run(settings, NOW + dt.timedelta(days=1))

    for outcome in outcomes:
        assert outcome.ingest is not None
        assert "does not trade BTC/USDT now" in outcome.ingest.series[1].note
    assert _in_force(settings, "BTCBINANCE", "1day").height == 20


def test_a_market_that_is_gone_keeps_its_bars_and_names_the_remedy(
    tmp_path: Path, exchange: LoopbackExchange
) -> None:
    settings = _settings(tmp_path / "data", exchange, ["BTC@binance", "ETH@binance"])
    _run(settings, NOW)
    exchange.delist("BTC", "USDT")

    gone, other = _run(settings, NOW + dt.timedelta(days=1))

    refused = {"1h": "unknown_symbol", "1day": "unknown_symbol"}
    assert _statuses(gone) == {**refused, "1week": "ok"}  # no week is due
    assert "`regime universe delist`" in gone.reason
    assert other.status is Status.DONE
    assert _in_force(settings, "BTCBINANCE", "1day").height == 70
    assert len(exchange.asked(KLINES)) < 60


def test_a_corrected_market_is_asked_for_at_once(
    tmp_path: Path, exchange: LoopbackExchange
) -> None:
    settings = _settings(tmp_path / "data", exchange, ["BTZ@binance"])

    unknown, again = _run(settings, NOW) + _run(settings, NOW)
    entries = settings.data_root / "universe.yaml"
    entries.write_text(entries.read_text().replace("BTZ/USDT", "BTC/USDT"))
    (corrected,) = _run(settings, NOW)

    assert unknown.status is again.status is Status.FAILED
    assert "or by `regime backfill BTZBINANCE`" in again.reason
    assert corrected.status is Status.DONE, corrected.reason
