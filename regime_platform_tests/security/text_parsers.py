"""Parsers of texts: of users, vendors, operators and the command line."""

import json
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from regime_platform.compute.eras.eras import legacy_eras
from regime_platform.compute.eras.files import read_adoption_links, read_adoptions, read_era_set
from regime_platform.errors import RegimeError, SourceError, UsageError
from regime_platform.json_text import NestedError
from regime_platform.model.instants import instant
from regime_platform.model.instruments import Instrument
from regime_platform.model.moments import moment
from regime_platform.model.ratios import parse_ratio
from regime_platform.model.symbols import parse_symbol
from regime_platform.model.timeframes import canonical_timeframe
from regime_platform.model.universe.import_files import file_rows, listings
from regime_platform.model.universe.imports import Defaults, import_rows
from regime_platform.model.universe.text import edited
from regime_platform.model.universe.universe import Universe, parse_universe, universe_findings
from regime_platform.model.watchlist import parse_watchlist
from regime_platform.model.yaml_text import YamlTextError, load_yaml
from regime_platform.orchestration.alerts.rules import parse_rules
from regime_platform.sources.ccxt.candles import bars_of, is_candle, other_labels
from regime_platform.sources.files.mapping import parsed_setting, read_mapping
from regime_platform.sources.server_clock import server_time
from regime_platform.sources.twelvedata.answers import (
    answered_bars,
    answered_earliest,
    answered_market,
    error_of,
    is_error,
    json_object,
)
from regime_platform.validation.overrides import parse_overrides
from regime_platform.validation.policy import parse_policy
from regime_platform_tests.security.parsing import Parser, given, require_shown

_ENTRIES = """\
# ours
instruments:
  - symbol: AAPL
    name: Apple
    asset_class: US_EQUITY
    tier: core
    source: twelvedata
    provider_symbol: AAPL
    mic_code: XNGS
    exchange: NASDAQ
    type: Common Stock
    formerly: [APPL]
  - {symbol: ELM, name: "Elm, Ltd", asset_class: CRYPTO, tier: daily, source: files,
     timeframes: [1day, 4h], files: {1day: [elm.csv]}}
"""
_VALUES = [
    {
        "datetime": "2024-01-03",
        "open": "1.5",
        "high": "2",
        "low": "1",
        "close": "1.7",
        "volume": "10",
    },
    {"datetime": "2024-01-02 09:30:00", "open": "1", "high": "2", "low": "1", "close": "1.5"},
]
_ANSWER = {
    "meta": {
        "symbol": "AAPL",
        "interval": "1day",
        "mic_code": "XNGS",
        "exchange": "NASDAQ",
        "type": "Common Stock",
        "currency": "USD",
    },
    "values": _VALUES,
    "status": "ok",
}
_OVERRIDES = """\
version: 1
symbol: META
decisions:
- {id: 1, kind: exclude, timeframe: 1day, ts: '2013-02-25T00:00:00Z', reason: a test, by: ann,
   at: '2026-11-20T22:30:00Z'}
- {id: 2, kind: accept, timeframe: 1day, ts: '2012-01-09T00:00:00Z', reason: a test, by: ann,
   at: '2026-11-20T22:30:00Z', rule: any}
"""


@cache
def universe() -> Universe:
    """Two instruments, of a vendor and of files."""
    return parse_universe(_ENTRIES, "universe.yaml")


@cache
def _vendor_instrument() -> Instrument:
    return universe().instrument("AAPL")


def _text(parse: Callable[[str], object]) -> Callable[[bytes, Path], object]:
    """Text that was read as UTF-8: what is none is refused before."""
    return lambda data, _folder: parse(data.decode("utf-8", "replace"))


def _universe(text: str) -> None:
    universe_findings(text, "universe.yaml")
    for entry in parse_universe(text, "universe.yaml").instruments:
        edited(text, {entry.symbol: None})


def _imports(name: str) -> Callable[[str], object]:
    return lambda text: import_rows(file_rows(text, name), universe(), Defaults({}))


def _answers(data: bytes, _folder: Path) -> None:
    try:
        body = json_object(data)
    except NestedError:  # the client names the address
        return
    if body is None:
        return
    is_error(body)
    answered_market(body)
    for timeframe in ("1day", "1h"):
        _refusable(answered_bars, body, _vendor_instrument(), timeframe)
        _refusable(answered_earliest, body, timeframe, "AAPL")
    if is_error(body):
        error_of(int(body["code"]) if isinstance(body.get("code"), int) else 0, "x", "AAPL")


def _refusable(parse: Callable[..., object], *parts: Any) -> None:
    """A refusal of one reading leaves the others to be tried."""
    try:
        parse(*parts)
    except SourceError as error:
        require_shown(str(error))


def _candles(data: bytes, _folder: Path) -> None:
    try:
        rows = json.loads(data)
    except (ValueError, RecursionError):  # by the library
        return
    if isinstance(rows, list) and all(map(is_candle, rows)):
        for timeframe in ("1day", "1week", "15min"):
            other_labels(bars_of(rows)["ts"], timeframe)


def _mapping(data: bytes, folder: Path) -> None:
    (folder / "mapping.yaml").write_bytes(data)
    read_mapping(folder).for_series("1day", "AAA")


def _links(text: str) -> object:
    try:
        lines = [json.loads(line) for line in text.splitlines()]
    except (ValueError, RecursionError) as error:
        raise UsageError("no lines of JSON") from error
    return read_adoption_links(lines, "adoptions.jsonl")


def _words(text: str) -> None:
    """The short texts of the command line: each may be refused."""
    parsers: tuple[Callable[[str], object], ...]
    parsers = (parse_symbol, parse_ratio, canonical_timeframe, moment, parsed_setting)
    for parse in parsers:
        try:
            parse(text)
        except RegimeError as error:
            require_shown(str(error))
        except ValueError:  # of ``parse_ratio``, for pydantic
            continue
    server_time([text], text)


def _symbols(symbols: Sequence[str], _watchlist: str | None) -> Sequence[str]:
    return symbols


def _json(document: Any) -> bytes:
    return json.dumps(document).encode()


def _seeds(*texts: str) -> Callable[[], Sequence[bytes]]:
    return given(*(text.encode() for text in texts))


_LEGACY = {
    "assets": [
        {
            "symbol": "AAPL",
            "provider_symbol": "AAPL",
            "asset_class": "US_EQUITY",
            "update_frequency": "15min",
            "active": True,
            "exchange": "NASDAQ",
        }
    ]
}
_CANDLES = [[1704067200000, 1.0, 2.0, 0.5, 1.5, 10.0], [1704153600000, 1, 2, None, 1, 0]]
_ERAS = "asset_class,era_index,start_date,end_date\nEQUITIES_US,1,2000-01-01,2009-03-09\n"
_DIGEST = "c6fb1a8c9df19a89f5d21549ea9815ab9f340879be01962a1ad534788961a1f0"
_ERA_SET = f"""\
version: mine
effective_from: 2020-01-01
digest: {_DIGEST}
parameters: {{}}
classes:
  EQUITIES_US: {{eras: [{{from: null, until: 2013-01-01}}, {{from: 2013-01-01, until: null}}]}}
absent: {{}}
"""


def text_parsers() -> Mapping[str, Parser]:
    """Every one of them by name."""
    parsers = (
        Parser("universe", _text(_universe), _seeds(_ENTRIES)),
        Parser(
            "universe-json", _text(_imports("universe.json")), given(_json(_LEGACY), b'["AAPL"]')
        ),
        Parser(
            "universe-list",
            _text(_imports("list.csv")),
            _seeds(
                "symbol,provider_symbol\nAAPL,AAPL\n",
                "AAPL, MSFT\n# x\nEUR/USD\n",
                'symbol;name;timeframes\nELM;"a;b";1day 1h\n',
            ),
        ),
        Parser(
            "listings",
            _text(lambda text: listings(text, "listings")),
            given(
                _json({"data": [{"symbol": "AAPL", "mic_code": "XNGS", "currency": "USD"}]}),
                b"symbol,mic_code,currency,type\nAAPL,XNGS,USD,Common Stock\n",
            ),
        ),
        Parser(
            "watchlist",
            _text(lambda text: parse_watchlist(text, "list", universe())),
            _seeds("AAPL # ours\nAAPL...ELM\n", "elm, aapl"),
        ),
        Parser(
            "vendor-answer",
            _answers,
            given(
                _json(_ANSWER),
                _json({"code": 400, "message": "x", "status": "error"}),
                _json({"datetime": "1980-12-12", "unix_time": 345459600}),
            ),
        ),
        Parser("candles", _candles, given(_json(_CANDLES))),
        Parser(
            "yaml",
            lambda data, _folder: load_yaml(data),
            _seeds(_ENTRIES, _OVERRIDES, "a: &x {b: [1, 2]}\nc: *x\n"),
            raises=(YamlTextError,),
        ),
        Parser(
            "mapping",
            _mapping,
            _seeds(
                "columns: {ts: Date, close: Last}\ntimeframes: {1day: {label: close}}\nzone: UTC\n",
                "symbols: {AAA: {time_format: '%d.%m.%Y'}}\n",
            ),
        ),
        Parser(
            "overrides",
            lambda data, _: parse_overrides(data, "META", "decisions.yaml"),
            _seeds(_OVERRIDES),
        ),
        Parser(
            "gate-policy",
            _text(lambda text: parse_policy(text, "gate.yaml")),
            _seeds(
                "rules: {price_jump: {US_EQUITY: off}}\nlimits: {most_misfit: 0.2}\n"
                "minimum: {US_EQUITY: {1day: 500}}\n"
            ),
        ),
        Parser(
            "alert-rules",
            _text(lambda text: parse_rules(text, "alerts.yaml", _symbols)),
            _seeds(
                "confirmation: {bars: {1day: 2}, band: 0.1}\nrules:\n- {symbols: [AAPL], "
                "timeframes: [1day], regimes: [SHOCK]}\ndigest: {day: monday, time: 7:00}\n"
            ),
        ),
        Parser("era-file", _text(lambda text: legacy_eras(text, "EQUITIES_US")), _seeds(_ERAS)),
        Parser("era-set", _text(lambda text: read_era_set(text, "mine.yaml")), _seeds(_ERA_SET)),
        Parser(
            "adoptions",
            _text(lambda text: read_adoptions(text, "adopted.yaml")),
            _seeds(
                "in_force: mine\nadoptions:\n- {version: mine, since: '2026-11-20T22:30:00Z', "
                "by: ann,"
                f" reason: a test, digest: {_DIGEST}}}\n"
            ),
        ),
        Parser("adoption-log", _text(_links), _seeds('{"number": 1, "replaces": null}\n')),
        Parser(
            "words",
            _text(_words),
            _seeds(
                "AAPL",
                "EUR/USD",
                "2:1",
                "15min",
                "2024-01-01",
                "2024-01-01T00:00:00+02:00",
                "zone=UTC",
                "Fri, 20 Nov 2026 22:30:00 GMT",
            ),
        ),
        Parser("instants", _text(instant), _seeds("2024-01-01T00:00:00Z"), raises=(ValueError,)),
    )
    return {parser.name: parser for parser in parsers}
