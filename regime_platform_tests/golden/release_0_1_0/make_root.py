"""Makes the reference data root of release 0.1.0; README.md says how it is called.

It calls nothing but the command line and the UI's GraphQL of that release: bars, results, manifests
and overrides are written at the times named here, Dagster's runs at the time of the machine.
"""

import datetime as dt
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tarfile
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import exchange_calendars as calendars
import numpy as np
import polars as pl
import yaml

PORT = 3977
_CLI = [sys.executable, "-c", "from regime_platform.cli.main import main; main()"]
_SYMBOLS = {
    "EURUSD": ("FX", "core"),
    "ALDER": ("US_EQUITY", "daily"),
    "BIRCH": ("US_EQUITY", "daily"),
    "CEDAR": ("US_EQUITY", "daily"),
    "OLDELM": ("US_EQUITY", "daily"),
}
_FIRST = dt.datetime(2025, 3, 3, 12, tzinfo=dt.UTC)
_SECOND = dt.datetime(2025, 4, 7, 12, tzinfo=dt.UTC)
_THIRD = dt.datetime(2025, 5, 5, 12, tzinfo=dt.UTC)
_LAST = dt.datetime(2025, 5, 6, 12, tzinfo=dt.UTC)
_LOCATION = {"repositoryName": "__repository__", "repositoryLocationName": "regime_platform"}


def main(folder: Path, archive: Path) -> None:
    """Makes everything in ``folder`` and packs it."""
    shutil.rmtree(folder, ignore_errors=True)
    root = Root(folder)
    root.write_universe()
    root.fill()
    root.run_dagster()
    root.regime("snapshot", "--date", "2025-05-06", "--name", "last", *at(_LAST))
    root.regime("backup", str(folder / "backup"), *at(_LAST))
    with tarfile.open(archive, "w:xz", preset=9) as packed:
        packed.add(folder, arcname=".", filter=_neutral)


def _neutral(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
    if "/proven" in entry.name or entry.name.endswith(".lock"):
        return None
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = "root"
    return entry


class Root:
    """A data root, the files of its source and a backup."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.data, self.files = folder, folder / "data", folder / "files"
        self.data.mkdir(parents=True)
        self.environment = {
            **os.environ,
            "REGIME_DATA_ROOT": str(self.data),
            "REGIME_FILES_ROOT": str(self.files),
            "USER": "operator",
            "LOGNAME": "operator",
            "REGIME_WORKERS": "1",
        }

    def regime(self, *words: str, codes: tuple[int, ...] = (0,)) -> None:
        """Runs one command of the release."""
        print("regime", *words, flush=True)
        done = subprocess.run([*_CLI, *words], env=self.environment, check=False)
        if done.returncode not in codes:
            raise SystemExit(f"exit code {done.returncode}")

    def write_universe(self) -> None:
        """Five symbols, all from files."""
        entries = [
            {
                "symbol": symbol,
                "name": f"Test symbol {symbol}",
                "asset_class": asset_class,
                "tier": tier,
                "source": "files",
            }
            for symbol, (asset_class, tier) in _SYMBOLS.items()
        ]
        text = yaml.safe_dump({"instruments": entries}, sort_keys=False)
        (self.data / "universe.yaml").write_text(text)

    def fill(self) -> None:
        """Three fetches, overrides, a migration, a rename, a compaction, two snapshots."""
        self.write_legacy()
        self.regime("migrate", "live", "CEDAR", "--from", str(self.folder / "legacy"), *at(_FIRST))
        self.serve(_FIRST)
        self.regime("run", "--all", *at(_FIRST))
        self.regime("universe", "rename", "OLDELM", "ELM")
        (self.files / "OLDELM").rename(self.files / "ELM")
        self.regime("snapshot", "--date", "2025-03-03", *at(_FIRST))
        self.serve(_SECOND)
        self.regime("run", "--all", *at(_SECOND))
        detect = ("--from", "EURUSD=FX_MAJORS", "--class", "FX_MAJORS", "--version", "spring")
        self.regime("eras", "detect", *detect)
        decided = ("--reason", "volatility doubled", "--by", "operator", *at(_SECOND))
        self.regime("eras", "adopt", "spring", *decided)
        self.regime(
            "bars",
            "exclude",
            "ALDER",
            "1day",
            "2025-01-15",
            "--reason",
            "a test print",
            "--by",
            "operator",
            *at(_SECOND),
        )
        self.regime(
            "bars",
            "accept",
            "ELM",
            "1day",
            "2025-02-04",
            "--reason",
            "seen elsewhere",
            "--by",
            "operator",
            *at(_SECOND),
        )
        self.regime("compact", "EURUSD", "ALDER")
        self.serve(_THIRD, broken="BIRCH")
        self.regime("run", "--all", *at(_THIRD), codes=(3,))
        self.regime("snapshot", "--date", "2025-05-05", "--name", "spring", *at(_THIRD))
        self.regime("universe", "delist", "ELM", "--since", "2025-05-02")

    def write_legacy(self) -> None:
        """The database of the engine before, with the first bars of CEDAR."""
        path = self.folder / "legacy" / "live.db"
        path.parent.mkdir()
        database = sqlite3.connect(path)
        database.execute(
            "CREATE TABLE bars (symbol TEXT, timeframe TEXT, ts TEXT, open REAL, high REAL, low "
            "REAL, close REAL, volume REAL, source TEXT, PRIMARY KEY (symbol, timeframe, ts))"
        )
        bars = series("CEDAR", "1day").filter(pl.col("ts") < dt.date(2024, 6, 3))
        rows = [("CEDAR", "1day", str(ts), *row, "vendor") for ts, *row in bars.iter_rows()]
        database.executemany("INSERT INTO bars VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
        database.commit()
        database.close()
        os.utime(path, (_FIRST.timestamp(), _FIRST.timestamp()))

    def serve(self, now: dt.datetime, broken: str = "") -> None:
        """What the source has by ``now``; a bar of ``broken`` has its high below its low."""
        for symbol, (asset_class, tier) in _SYMBOLS.items():
            name = "ELM" if symbol == "OLDELM" and now > _FIRST else symbol
            for timeframe in ("1h", "1day", "1week") if tier == "core" else ("1day", "1week"):
                bars = series(symbol, timeframe, asset_class)
                bars = bars.filter(pl.col("ts").cast(pl.Datetime) < now.replace(tzinfo=None))
                if symbol == broken and timeframe == "1day":
                    last = pl.int_range(pl.len()) == pl.len() - 3
                    bars = bars.with_columns(high=pl.when(last).then(1.0).otherwise("high"))
                target = self.files / name / f"{timeframe}.csv"
                target.parent.mkdir(parents=True, exist_ok=True)
                bars.write_csv(target)

    def run_dagster(self) -> None:
        """Runs, a backfill of assets and one of a job; switches of schedules and sensors."""
        ui = subprocess.Popen(
            [*_CLI, "ui", "--port", str(PORT)],
            env=self.environment,
            start_new_session=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # noqa: PLW1509
        )
        try:
            _awaited(lambda: _ask("{version}"))
            self.switch()
            self.launch()
        finally:
            os.killpg(ui.pid, signal.SIGINT)
            ui.wait(timeout=60)

    def switch(self) -> None:
        """Two schedules and a sensor off, and one schedule off and on again."""
        for name in ("after_close_daily", "verify_nightly", "prune_runs_weekly", "intraday_core"):
            _switch_schedule(name, on=False)
        _switch_schedule("prune_runs_weekly", on=True)
        selector = {**_LOCATION, "sensorName": "regime_changes"}
        state = _ask(
            "query($s:SensorSelector!){sensorOrError(sensorSelector:$s){...on Sensor{id}}}",
            s=selector,
        )["sensorOrError"]
        _ask("mutation($i:String!){stopSensor(id:$i){__typename}}", i=state["id"])

    def launch(self) -> None:
        """A ranged run of all assets, a listed run, two backfills."""
        assets = [
            {"path": [name]} for name in ("raw_bars", "validated_bars", "compute_db", "manifests")
        ]
        _backfill({"assetSelection": assets, "partitionNames": ["ALDER", "BIRCH", "CEDAR"]})
        selector = {"partitionSetName": "walk_group_partition_set", "repositorySelector": _LOCATION}
        _backfill({"selector": selector, "partitionNames": ["core"]})
        config = {"ops": {"walk_listed_step": {"config": {"symbols": ["ELM"], "force": True}}}}
        launched = _ask(
            "mutation($p:ExecutionParams!){launchRun(executionParams:$p){__typename"
            "...on PythonError{message}...on RunConfigValidationInvalid{errors{message}}}}",
            p={"selector": {**_LOCATION, "jobName": "walk_listed"}, "runConfigData": config},
        )
        print(launched, flush=True)
        _awaited(_is_idle)


def series(symbol: str, timeframe: str, asset_class: str = "US_EQUITY") -> pl.DataFrame:
    """A seeded random walk on the calendar of the class, until the middle of 2025."""
    opens = _opens(timeframe, asset_class)
    seed = sum(map(ord, symbol + timeframe))
    draws = np.random.default_rng(seed).standard_normal((len(opens), 5)).T
    scale = np.where(np.arange(len(opens)) < 560, 0.005, 0.01)  # an era's end in the longest series
    close = 100.0 * np.exp(np.cumsum(scale * draws[0]))
    start = close * np.exp(0.004 * draws[1])
    high = np.maximum(start, close) * np.exp(0.004 * np.abs(draws[2]))
    low = np.minimum(start, close) * np.exp(-0.004 * np.abs(draws[3]))
    volume = np.round(np.exp(15.0 + 0.5 * draws[4]))
    return pl.DataFrame(
        {
            "ts": opens,
            "open": np.round(start, 4),
            "high": np.round(high, 4),
            "low": np.round(low, 4),
            "close": np.round(close, 4),
            "volume": volume if asset_class == "US_EQUITY" else None,
        }
    ).with_columns(pl.col("volume").cast(pl.Float64))


def _opens(timeframe: str, asset_class: str) -> list[dt.date] | list[dt.datetime]:
    if timeframe == "1week":
        return [dt.date(2022, 1, 3) + dt.timedelta(weeks=week) for week in range(180)]
    if timeframe == "1h":
        hours = [dt.datetime(2025, 2, 3) + dt.timedelta(hours=hour) for hour in range(24 * 150)]  # noqa: DTZ001
        return [hour for hour in hours if hour.weekday() < 4]
    if asset_class == "FX":
        days = [dt.date(2020, 6, 1) + dt.timedelta(days=day) for day in range(1850)]
        return [day for day in days if day.weekday() < 5]
    sessions = calendars.get_calendar("XNYS").sessions_in_range("2023-01-03", "2025-06-20")
    return [session.date() for session in sessions]


def at(now: dt.datetime) -> tuple[str, str]:
    """The option that sets a command's time."""
    return "--now", now.isoformat()


def _ask(query: str, **variables: object) -> dict[str, Any]:
    body = json.dumps({"query": query, "variables": variables}).encode()
    request = urllib.request.Request(
        f"http://127.0.0.1:{PORT}/graphql", body, {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
        reply: dict[str, dict[str, Any]] = json.load(answer)
    if reply.get("errors"):
        raise SystemExit(json.dumps(reply["errors"])[:2000])
    return reply["data"]


def _awaited(look: Callable[[], object], seconds: float = 300) -> None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            if look():
                return
        except OSError:
            pass
        if time.monotonic() > deadline:
            raise SystemExit(f"nothing came of {look}")
        time.sleep(1)


def _switch_schedule(name: str, *, on: bool) -> None:
    selector = {**_LOCATION, "scheduleName": name}
    if on:
        answer = _ask(
            "mutation($s:ScheduleSelector!){startSchedule(scheduleSelector:$s){__typename}}",
            s=selector,
        )
    else:
        schedule = _ask(
            "query($s:ScheduleSelector!){scheduleOrError(scheduleSelector:$s){...on Schedule{id}}}",
            s=selector,
        )["scheduleOrError"]
        answer = _ask(
            "mutation($i:String!){stopRunningSchedule(id:$i){__typename}}", i=schedule["id"]
        )
    print(name, answer, flush=True)


def _backfill(parameters: dict[str, Any]) -> None:
    answer = _ask(
        "mutation($p:LaunchBackfillParams!){launchPartitionBackfill(backfillParams:$p){__typename"
        "...on LaunchBackfillSuccess{backfillId}...on PythonError{message}}}",
        p=parameters,
    )["launchPartitionBackfill"]
    print(answer, flush=True)
    query = (
        "query($i:String!){partitionBackfillOrError(backfillId:$i)"
        "{...on PartitionBackfill{status}}}"
    )
    busy = ("REQUESTED", "CANCELING")
    _awaited(
        lambda: (
            _ask(query, i=answer["backfillId"])["partitionBackfillOrError"]["status"] not in busy
        )
    )


def _is_idle() -> bool:
    statuses = ["QUEUED", "NOT_STARTED", "STARTING", "STARTED", "CANCELING"]
    query = "query($f:RunsFilter!){runsOrError(filter:$f){...on Runs{count}}}"
    return bool(_ask(query, f={"statuses": statuses})["runsOrError"]["count"] == 0)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
