"""`regime universe`: output, files written and exit codes."""

import json
import re
import shlex
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer

from regime_platform.model.markets import MARKETS
from regime_platform.model.timeframes import TIERS
from regime_platform.settings import PROJECT_ROOT, Settings
from regime_platform_tests.builders import make_bars
from regime_platform_tests.ccxt_exchange import LoopbackExchange
from regime_platform_tests.cli.conftest import Regime
from regime_platform_tests.cli.universe.universes import ASSETS
from regime_platform_tests.conftest import NOW

DOCUMENT = (PROJECT_ROOT / "docs" / "universe.md").read_text(encoding="utf-8")


def test_the_shipped_universe_has_no_problem_and_is_listed_in_partition_order(
    regime: Regime,
) -> None:
    checked, listed = regime("universe", "check"), regime("universe", "list", "--symbols")

    assert checked.code == 0
    assert "0 problems" in checked.err
    assert "7 symbols, 2 core, 5 daily" in checked.err
    assert listed.out.split() == ["EURUSD", "SYNTH", "AAPL", "FB", "GOOG", "IBM", "MSFT"]


def test_check_shows_every_problem_with_its_line_and_ends_with_1(
    regime: Regime, tmp_path: Path
) -> None:
    file = tmp_path / "mine.yaml"
    good = "{symbol: A, name: A, asset_class: US_EQUITY, tier: daily, source: files}"
    bad = good.replace("daily", "hourly")
    file.write_text(f"instruments:\n  - {good}\n  - {bad}\n  - {good}\n")

    ended = regime("universe", "check", str(file))
    facts = json.loads(regime("universe", "check", str(file), "--json").out)

    assert ended.code == 1
    assert [line.split(": ")[0] for line in ended.out.splitlines()] == [
        f"{file} line 3",
        f"{file} line 4",
    ]
    assert facts["is_valid"] is False
    assert len(facts["problems"]) == 2


def test_check_shows_folders_of_untracked_symbols(regime: Regime, own: Settings) -> None:
    (own.data_root / "assets" / "OLD").mkdir(parents=True)

    ended = regime("universe", "check", settings=own)

    assert ended.code == 0
    assert "not in the universe: OLD; add them" in ended.err


def test_list_narrows_and_gives_json(regime: Regime) -> None:
    ended = regime("universe", "list", "--tier", "daily", "--source", "sample", "--json")
    none = regime("universe", "list", "--class", "FX", "--delisted", "--symbols")

    assert [entry["symbol"] for entry in json.loads(ended.out)] == [
        "AAPL",
        "FB",
        "GOOG",
        "IBM",
        "MSFT",
    ]
    assert none.out == ""


def test_the_commands_of_the_document_run_one_after_the_other(
    regime: Regime,
    tmp_path: Path,
    httpserver: HTTPServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    exchange = LoopbackExchange(httpserver, now=lambda: NOW)
    for coin in ("BTC", "ETH"):
        exchange.list_market(coin, "USDT", make_bars(3))
    monkeypatch.setenv("REGIME_CCXT_URL", exchange.url)
    (tmp_path / "bars").mkdir()
    make_bars(60).write_csv(tmp_path / "bars" / "VOO_1day.csv")
    (tmp_path / "universe.json").write_text(json.dumps([{**ASSETS[0], "update_frequency": "1day"}]))
    (tmp_path / "stocks.json").write_text(json.dumps([{"symbol": "SPY", "mic_code": "ARCX"}]))
    (block,) = re.findall(r"```sh\n(.*?)```", DOCUMENT, flags=re.DOTALL)

    ended = {line: regime(*shlex.split(line, comments=True)[1:]) for line in block.splitlines()}

    assert len(ended) == 10
    assert {line: result.err for line, result in ended.items() if result.code} == {}


def test_the_document_names_every_field_class_and_tier() -> None:
    fields = ["symbol", "name", "asset_class", "tier", "source", "delisted", "formerly"]
    identity = ["provider_symbol", "mic_code", "exchange", "type"]

    named = set(re.findall(r"`([\w.]+)`", DOCUMENT))

    assert {*fields, *identity, *MARKETS, *TIERS} <= named
