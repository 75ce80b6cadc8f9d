"""Every source serves, fails and recovers alike; `docs/sources.md` shows how to add one."""

import datetime as dt
import re
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import polars as pl
import pytest
from pytest_httpserver import HTTPServer

from regime_platform.model.bar_schema import BAR_SCHEMA
from regime_platform.model.instruments import SOURCE_FIELDS
from regime_platform.pipeline.outcomes import STAGES, Status
from regime_platform.query.states import state
from regime_platform.sources.protocol import NotOfferedError
from regime_platform_tests.scenario import fingerprint, with_value
from regime_platform_tests.sources.conformance import DAY, NOW, SYMBOLS, Supply, served
from regime_platform_tests.sources.supplies import (
    CcxtSupply,
    FilesSupply,
    SampleSupply,
    TwelveDataSupply,
    documented_supply,
)

_HOUR = DAY / 24
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_FOREIGN = ("REGIME_FILES_ROOT", "REGIME_TWELVEDATA_URL", "REGIME_CCXT_URL", "TWELVEDATA_API_KEY")

_SUPPLIES: dict[str, Callable[[Path, HTTPServer], Supply]] = {
    "sample": lambda folder, _: SampleSupply(folder),
    "files": lambda folder, _: FilesSupply(folder),
    "twelvedata": TwelveDataSupply,
    "ccxt": CcxtSupply,
    "documented": lambda folder, _: documented_supply(folder),
}


@pytest.fixture(params=_SUPPLIES)
def supply(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    httpserver: HTTPServer,
    monkeypatch: pytest.MonkeyPatch,
) -> Supply:
    """A source that has the bars of two symbols until Wednesday."""
    if request.param == "ccxt":
        monkeypatch.setattr("ccxt.Exchange.throttle", lambda *_: None)
    # the entry that `docs/sources.md` asks for
    monkeypatch.setitem(cast("dict[str, object]", SOURCE_FIELDS), "jsonl", ())
    made = _SUPPLIES[request.param](tmp_path, httpserver)
    for seed, symbol in enumerate(SYMBOLS):
        made.offer(symbol, made.days(NOW - DAY, seed))
    return made


@pytest.fixture(autouse=True)
def _only_what_is_passed_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """A source that looks at the environment, the network or another clock gets nonsense."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        assert address[0] in _LOOPBACK, f"a source connects to {address}"
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)
    monkeypatch.setattr(time, "time", dt.datetime(2099, 1, 1, tzinfo=dt.UTC).timestamp)
    for name in _FOREIGN:
        monkeypatch.setenv(name, "http://nowhere.invalid")


def test_bars_arrive_as_the_source_has_them_and_always_the_same(supply: Supply) -> None:
    first, second = (served(supply.open(NOW), "AAA", "1day", NOW) for _ in range(2))

    assert first.schema == BAR_SCHEMA
    assert first.equals(supply.bars["AAA"])  # oldest first
    assert first.write_ipc(None).getvalue() == second.write_ipc(None).getvalue()


def test_a_timeframe_that_the_source_lacks_is_not_offered(supply: Supply) -> None:
    with pytest.raises(NotOfferedError, match=supply.lacking):
        served(supply.open(NOW), "AAA", supply.lacking, NOW)


def test_a_run_ends_in_a_state_and_writes_nothing_until_something_changes(supply: Supply) -> None:
    outcomes = supply.run(NOW, "AAA", stages=STAGES)
    settings = supply.open(NOW).settings
    before = fingerprint(supply.data_root)

    again = supply.run(NOW, "AAA", stages=STAGES)

    assert {outcome.status for outcome in outcomes.values()} == {Status.DONE}, outcomes
    assert state("AAA", "1day", where=settings)["1day"].as_of == supply.bars["AAA"]["ts"][-1]
    assert {outcome.status for outcome in again.values()} == {Status.UNCHANGED}
    assert fingerprint(supply.data_root) == before


def test_a_new_bar_is_added_and_a_revised_one_kept_beside_the_first(supply: Supply) -> None:
    supply.run(NOW, "AAA")
    before = supply.bars["AAA"]
    longer = supply.days(NOW)
    last = before.height - 1
    supply.offer("AAA", with_value(longer, last, close=round(before["open"][last], 4)))

    ingest = supply.run(NOW + DAY, "AAA")["AAA"].ingest

    assert ingest is not None
    assert [(series.new, series.revised) for series in ingest.series] == [(1, 1)]
    assert supply.in_force().equals(supply.bars["AAA"])
    versions = supply.raw().filter(pl.col("ts") == before["ts"][last]).sort("fetched_at")
    assert versions["close"].to_list() == [before["close"][last], before["open"][last]]
    assert versions["fetched_at"].to_list() == [NOW, NOW + DAY]  # by the clock that is passed in
    assert supply.raw().height == longer.height + 1


def test_an_unfinished_bar_is_never_canonical(supply: Supply) -> None:
    afternoon = NOW + 15 * _HOUR
    supply.offer("AAA", supply.days(NOW))

    outcome = supply.run(afternoon, "AAA")["AAA"]

    assert outcome.status is Status.DONE
    assert supply.in_force().equals(supply.days(NOW - DAY))
    supply.run(NOW + DAY, "AAA")
    assert supply.in_force().equals(supply.days(NOW))


def test_a_bar_that_the_source_takes_back_is_out_of_force_and_stays_in_the_log(
    supply: Supply,
) -> None:
    supply.run(NOW, "AAA")
    longer = supply.days(NOW)
    gone = longer["ts"][-3]
    supply.offer("AAA", longer.filter(pl.col("ts") != gone))

    for hours in (24, 26):  # a vendor has to lack it twice
        supply.run(NOW + hours * _HOUR, "AAA")

    assert supply.in_force().equals(supply.bars["AAA"])
    assert gone in supply.raw()["ts"].to_list()


def test_a_symbol_that_the_source_fails_for_fails_alone_with_a_remedy(supply: Supply) -> None:
    supply.spoil("AAA")

    outcomes = supply.run(NOW)

    assert outcomes["AAA"].status is Status.FAILED
    assert re.search("AAA.*; ", outcomes["AAA"].reason), outcomes["AAA"].reason
    assert outcomes["BBB"].status is Status.DONE
    assert supply.in_force("BBB").equals(supply.bars["BBB"])


def test_an_outage_keeps_the_last_good_state_and_the_next_run_finishes(supply: Supply) -> None:
    supply.run(NOW)
    before = supply.in_force()
    for seed, symbol in enumerate(SYMBOLS):
        supply.offer(symbol, supply.days(NOW, seed))
    supply.go_down()

    down = supply.run(NOW + DAY)

    assert not any(outcome.status.is_good for outcome in down.values())
    assert all(outcome.reason for outcome in down.values())
    assert supply.in_force().equals(before)
    supply.come_back()
    up = supply.run(NOW + DAY + _HOUR)
    assert {outcome.status for outcome in up.values()} == {Status.DONE}
    assert all(supply.in_force(symbol).equals(supply.bars[symbol]) for symbol in SYMBOLS)
