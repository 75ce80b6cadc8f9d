"""Some weeks with a vendor whose answers go wrong, and what has to be true all the time and then.

The commands are those of an operator, run in this process by a clock that only waits move.
"""

import datetime as dt
import logging
import random
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Self
from unittest import mock

import polars as pl
import time_machine
import yaml
from pytest_httpserver import HTTPServer

from regime_platform.bar_store.canonical import read_in_force
from regime_platform.bar_store.layout import DataRoot
from regime_platform.bar_store.raw.raw_log import read_current
from regime_platform.json_text import load_json
from regime_platform.model.bar_schema import BAR_COLUMNS
from regime_platform.model.calendar.due import last_finished
from regime_platform.model.markets import MARKETS
from regime_platform.revisions.fold import fold
from regime_platform.sources.twelvedata import source as twelvedata
from regime_platform.sources.twelvedata.http import TwelveDataClient
from regime_platform.validation.rules.bar import finished_when_fetched
from regime_platform_tests.chaos.command import Ended, clock_at, command, environment
from regime_platform_tests.chaos.trials import Trial
from regime_platform_tests.chaos.vendor.lies import MOST_ROWS
from regime_platform_tests.chaos.vendor.loopback import (
    FaultyVendor,
    answer_of_the_other_host,
    utc_now,
)
from regime_platform_tests.end_to_end.market import resampled
from regime_platform_tests.pipeline.vendor_street import MIC, stock_bars
from regime_platform_tests.vendor import KEY, Plan

STOCK = MARKETS["US_EQUITY"]
FRAMES: Mapping[str, tuple[str, ...]] = {
    "ACE": ("1day", "1week"),
    "BAY": ("1day", "1week"),
    "HUB": ("1h", "1day", "1week"),
}
_BEGAN = dt.datetime(2026, 2, 2, tzinfo=dt.UTC)
_HOURS_BEGAN = dt.datetime(2026, 5, 4, tzinfo=dt.UTC)
_ENDS = dt.datetime(2026, 9, 30, tzinfo=dt.UTC)
_STARTS = dt.datetime(2026, 7, 1, 15, 7, tzinfo=dt.UTC)
_META = {"mic_code": MIC, "exchange": "NASDAQ", "type": "Common Stock", "currency": "USD"}
_PER_MINUTE, _PER_DAY = 8, 300
#: What a client may wait for an answer; faults of a second are slow.
_DEADLINE = 1.5
_COMMANDS = (
    ("update", "--all"),
    ("update", "--all", "--raw-only"),
    ("update", "HUB"),
    ("backfill", "--all"),
    ("run", "--all"),
)


class Story:
    """A data root, its vendor and what is wrong so far."""

    def __init__(self, folder: Path, vendor: FaultyVendor, seed: int) -> None:
        self.folder, self.vendor, self.random = folder, vendor, random.Random(seed)
        self.problems: list[str] = []
        self.log: list[str] = []

    @classmethod
    @contextmanager
    def begun(cls, folder: Path, seed: int, *, is_slow: bool = False) -> Iterator[Self]:
        """A vendor with three stocks, and a data root that tracks them."""
        seen: list[str] = []
        with ExitStack() as stack:
            clock = stack.enter_context(clock_at(_STARTS))
            server, other = (stack.enter_context(HTTPServer(threaded=True)) for _ in range(2))
            other.expect_request("").respond_with_handler(answer_of_the_other_host(seen))
            vendor = FaultyVendor(
                server,
                most_rows=MOST_ROWS,
                now=utc_now,
                asset_class="US_EQUITY",
                plan=Plan(_PER_MINUTE, _PER_DAY, clock=lambda: utc_now().timestamp()),
                random=random.Random(seed + 1),
                is_slow=is_slow,
                other_host=other.url_for("/"),
            )
            for names in (
                mock.patch.object(twelvedata, "MOST_ROWS", MOST_ROWS),
                mock.patch.object(twelvedata.TwelveDataSource, "most_rows", MOST_ROWS),
                mock.patch.object(
                    twelvedata,
                    "TwelveDataClient",
                    partial(TwelveDataClient, deadline=_DEADLINE if is_slow else 60.0),
                ),
                _logged(folder / "log.txt"),
            ):
                stack.enter_context(names)
            story = cls(folder, vendor, seed)
            story.clock, story.seen = clock, seen
            _list_stocks(vendor)
            yield story

    clock: time_machine.Traveller
    seen: list[str]  # by the other host

    def played(self, chapters: int = 0) -> Iterator[Trial]:
        """Does faults for some weeks, then none; yields each answer, and what was wrong."""
        with environment(**self.ready()):
            for _ in range(chapters or self.random.randint(8, 16)):
                self._chapter()
                yield from self._answers()
            self.end()
        yield from self._answers()
        problems = [*self.problems, *self.vendor.problems, *self.seen]
        yield Trial("weeks that ended in the vendor's truth", "; ".join(problems))

    def ready(self) -> Mapping[str, object]:
        """Makes the data root; the environment of its commands."""
        _write_universe(self.folder / "data")
        return self._settings(self.folder / "data")

    def end(self) -> None:
        """Days of true answers, and what has to be true after them."""
        self._heal()
        self._compare()

    def _chapter(self) -> None:
        """Some time, some changes at the vendor, and a command while answers go wrong."""
        self.clock.shift(self.random.choice([600, 3600, 5 * 3600, 86400, 3 * 86400]))
        for _ in range(self.random.randint(0, 2)):
            self._change()
        self.vendor.share = self.random.choice([0, 0.1, 0.3, 0.3, 0.6, 0.95])
        self.vendor.lies = self.random.random() < 0.7
        self.run(*self.random.choice(_COMMANDS))

    def run(self, *words: str) -> Ended:
        """Runs a command, and notes what is wrong with how it ended."""
        before, sent = self._opens(), dict(self.vendor.sent)
        ended = command(*words, "--json")
        self.log.append(f"{utc_now():%m-%d %H:%M} {' '.join(words)}: {ended.code}")
        self._check(ended, {name: n - sent.get(name, 0) for name, n in self.vendor.sent.items()})
        if words[0] != "run":
            gained = sum(map(len, self._opens().values())) - sum(map(len, before.values()))
            total = ended.document["total"]
            if total["new"] - total["withdrawn"] != gained:
                self.problems.append(f"{self.log[-1]}: {total}, but {gained} more bars are stored")
        return ended

    def _check(self, ended: Ended, sent: Mapping[str, int]) -> None:
        """Whether exit code, summary and counts are those of what happened."""
        where = self.log[-1]
        try:
            facts = ended.document
        except (TypeError, ValueError):
            self.problems.append(f"{where}: no document: {ended.shown[-500:]}")
            return
        rows = [
            {**series, "symbol": row["symbol"]}
            for row in facts.get("symbols", [])
            for series in row["fetched"]
        ]
        rows = rows or list(facts.get("series", []))
        named = [(row["symbol"], row["timeframe"]) for row in rows]
        if len(set(named)) != len(named):
            self.problems.append(f"{where}: series are listed more than once: {named}")
        for name, number in sent.items():
            counted = sum(row[name] for row in rows)
            if counted != number:
                self.problems.append(f"{where}: {counted} {name} are shown of {number}")
        bad = [row for row in rows if row["status"] not in {"ok", "not_offered"}]
        bad += [row for row in facts.get("symbols", []) if not _is_good(row["status"])]
        bad += facts.get("gate", [])
        is_bad = bool(bad or facts["ended_early"])
        if ended.code not in {0, 1, 3} or ended.code != facts["exit_code"]:
            self.problems.append(f"{where}: exit code {ended.code}")
        if (ended.code == 0) == is_bad:
            self.problems.append(f"{where}: exit code {ended.code} where {bad or 'all is good'}")
        if KEY in ended.shown or "Traceback" in ended.shown:
            self.problems.append(f"{where}: key or traceback: {ended.shown[-500:]}")

    def _change(self) -> None:
        """The vendor's truth changes."""
        symbol = self.random.choice(sorted(FRAMES))
        kind = self.random.choice(["revise", "revise", "withdraw", "split"])
        if kind == "split":
            self._split(symbol)
            return
        interval = self.random.choice(FRAMES[symbol])
        bars = self.vendor.listed(symbol, interval)
        place = self.random.randrange(1, bars.filter(pl.col("ts") < utc_now()).height - 1)
        here = pl.int_range(pl.len()) == place
        if kind == "withdraw":
            bars = bars.filter(~here)
        else:
            column = self.random.choice(["high", "volume"])
            more = self.random.uniform(1.001, 1.02)
            changed = pl.when(here).then(pl.col(column) * more).otherwise(column)
            bars = bars.with_columns(changed.alias(column))
        self.vendor.relist(symbol, interval, bars)
        self.log.append(f"{utc_now():%m-%d %H:%M} {kind} {symbol} {interval} row {place}")

    def _split(self, symbol: str) -> None:
        """Days and weeks are rewritten as a whole, hours from now on."""
        # hours are adjusted for no step below two in a hundred, which dividends make
        factor = self.random.choice([2.0, 3.0, 0.1, 2.0 if symbol == "HUB" else 1.0037])
        for interval in FRAMES[symbol]:
            bars = self.vendor.listed(symbol, interval)
            moved = pl.col("ts") >= utc_now() if interval == "1h" else pl.lit(value=True)
            prices = [
                pl.when(moved).then(pl.col(name) / factor).otherwise(name).alias(name)
                for name in ("open", "high", "low", "close")
            ]
            self.vendor.relist(symbol, interval, bars.with_columns(prices))
        self.log.append(f"{utc_now():%m-%d %H:%M} split {symbol} by {factor}")

    def _heal(self) -> None:
        """Days of true answers, over which everything that was refused is asked for again."""
        self.vendor.share, self.vendor.lies = 0.0, False
        self._move_to(utc_now() + dt.timedelta(days=31))
        self.run("backfill", "--all")
        for command_ in ("update", "update", "run", "run"):
            self._move_to(utc_now() + dt.timedelta(days=1))
            ended = self.run(command_, "--all")
            self._obey(ended)
        if ended.code != 0:
            self.problems.append(f"still not good: {_reasons(ended)}")
        requests = len(self.vendor.questions)
        self.run("run", "--all")
        if again := self.vendor.questions[requests:]:
            self.problems.append(f"what is stored is requested again: {again}")

    def _obey(self, ended: Ended) -> None:
        """Settles, as the reasons ask for, what an operator alone can decide."""
        for symbol in FRAMES:
            words = f"regime universe repoint {symbol} --reason TEXT"
            if any(words in reason for reason in _reasons(ended)):
                done = command(
                    "universe", "repoint", symbol, "--same", "--reason", "lies", "--json"
                )
                if done.code != 0:
                    self.problems.append(f"the remedy failed: {done.shown}")

    def _move_to(self, moment: dt.datetime) -> None:
        self.clock.move_to(moment.replace(hour=2, minute=0, second=0, microsecond=0))

    def _compare(self) -> None:
        """Bars, results and proofs against the vendor's bars and a root that saw no fault."""
        ended = command("verify", "--all", "--json")
        if ended.code != 0:
            self.problems.append(f"verify: {ended.shown[-1000:]}")
        leaks = [str(file) for file in self.folder.rglob("*") if file.is_file() and _has_key(file)]
        if leaks:
            self.problems.append(f"the key is in {leaks}")
        fresh = self.folder / "fresh"
        _write_universe(fresh)
        with environment(**self._settings(fresh)):
            command("run", "--all")
        for symbol, frames in FRAMES.items():
            for interval in frames:
                self._compare_series(fresh, symbol, interval)
            ours, theirs = (_tables(root, symbol) for root in (self.folder / "data", fresh))
            if ours != theirs:
                self.problems.append(f"{symbol}: other results than those of a fresh root")

    def _compare_series(self, fresh: Path, symbol: str, interval: str) -> None:
        true = self.vendor.listed(symbol, interval)
        true = true.filter(pl.col("ts") < last_finished(utc_now(), interval, STOCK))
        stored = _bars_in_force(self.folder / "data", symbol, interval)
        if not stored.select(BAR_COLUMNS).equals(true.select(BAR_COLUMNS)):
            self.problems.append(
                f"{symbol} {interval}: {stored.height} bars, true are {true.height}; "
                f"differing: {_difference(stored, true)}"
            )
        ours, theirs = (
            read_in_force(DataRoot(root).symbol(symbol), interval)
            for root in (self.folder / "data", fresh)
        )
        if ours is None or theirs is None or not ours[1].equals(theirs[1]):
            self.problems.append(f"{symbol} {interval}: other canonical bars than a fresh root has")

    def _opens(self) -> Mapping[tuple[str, str], frozenset[dt.datetime]]:
        """The bars in force of each series that were finished when they were fetched."""
        opens = {}
        for symbol, frames in FRAMES.items():
            for interval in frames:
                bars = _bars_in_force(self.folder / "data", symbol, interval)
                opens[symbol, interval] = frozenset(bars["ts"])
        return opens

    def _answers(self) -> Iterator[Trial]:
        for name, number in sorted(self.vendor.done.items()):
            yield from [Trial(name)] * number
        self.vendor.done.clear()

    def _settings(self, root: Path) -> Mapping[str, object]:
        return {
            "REGIME_DATA_ROOT": root,
            "REGIME_TWELVEDATA_URL": self.vendor.url,
            "TWELVEDATA_API_KEY": KEY,
            "REGIME_CREDITS_FOLDER": self.folder / "credits",
            "REGIME_CREDITS_PER_MINUTE": _PER_MINUTE,
            "REGIME_CREDITS_PER_DAY": _PER_DAY,
            "REGIME_REREAD_SHARE": 1,
            "REGIME_WORKERS": 1,
        }


def _list_stocks(vendor: FaultyVendor) -> None:
    for seed, (symbol, frames) in enumerate(FRAMES.items()):
        began = _HOURS_BEGAN if "1h" in frames else _BEGAN
        shortest = stock_bars(frames[0], began, _ENDS, seed)
        for interval in frames:
            bars = shortest if interval == frames[0] else resampled(shortest, interval, began)
            vendor.list_series(symbol, interval, bars, **_META)


def _write_universe(root: Path) -> None:
    root.mkdir(parents=True, exist_ok=True)
    named = {name: _META[name] for name in ("mic_code", "exchange", "type")}
    entries = [
        {
            "symbol": symbol,
            "name": f"Stock {symbol}",
            "asset_class": "US_EQUITY",
            "tier": "daily",
            "timeframes": list(frames),
            "source": "twelvedata",
            "provider_symbol": symbol,
            **named,
        }
        for symbol, frames in FRAMES.items()
    ]
    (root / "universe.yaml").write_text(yaml.safe_dump({"instruments": entries}))


def _bars_in_force(root: Path, symbol: str, interval: str) -> pl.DataFrame:
    """As its source served them, without those of the future and the one that was forming."""
    raw = read_current(DataRoot(root).symbol(symbol).raw(interval)).rows
    bars = fold(raw, interval, STOCK)
    return bars.filter(finished_when_fetched(bars, interval, STOCK))


def _difference(stored: pl.DataFrame, true: pl.DataFrame) -> Any:
    names = list(BAR_COLUMNS)
    rows = pl.concat([stored.select(names), true.select(names)])
    return rows.filter(~rows.is_duplicated()).sort("ts").head(6).rows()


def _tables(root: Path, symbol: str) -> Any:
    path = root / "assets" / symbol / "compute_manifest.json"
    return load_json(path.read_bytes())["manifest"]["tables"] if path.exists() else None


def _is_good(status: str) -> bool:
    return status in {"done", "unchanged"}


def _reasons(ended: Ended) -> list[str]:
    facts = ended.document
    rows = [row for row in facts.get("symbols", []) if not _is_good(row["status"])]
    return [row["reason"] for row in (*rows, *facts.get("gate", []))]


def _has_key(file: Path) -> bool:
    return KEY.encode() in file.read_bytes()


@contextmanager
def _logged(file: Path) -> Iterator[None]:
    """All that any library logs."""
    handler, logger = logging.FileHandler(file), logging.getLogger()
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
        handler.close()
