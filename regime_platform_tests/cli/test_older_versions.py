"""Commands on files of version 1: they answer with a note, and refuse unknown versions."""

import datetime as dt
import json
import sqlite3
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq
import pytest

from regime_platform.model.bar_schema import BAR_SCHEMA
from regime_platform.query.states import state
from regime_platform.settings import Settings
from regime_platform_tests.cli.conftest import Ended, Regime
from regime_platform_tests.legacy.stores import write_legacy_days, write_legacy_results
from regime_platform_tests.scenario import serve, street

GOLDEN = Path(__file__).parent.parent / "golden"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return street(tmp_path, ["MSFT"], tier="core")


def _old(settings: Settings, change: str = "") -> Path:
    path = settings.data_root / "assets/MSFT/compute.db"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)

    def shorten(connection: sqlite3.Connection) -> None:
        connection.execute("DELETE FROM state_history WHERE asof < '2013-02'")
        if change:
            connection.execute(change)

    return write_legacy_results(path, shorten)


def test_history_and_state_answer_with_a_note(settings: Settings, regime: Regime) -> None:
    _old(settings)

    rows = regime("history", "MSFT", "1day", "--last", "2", "--json", settings=settings)
    now = regime("state", "MSFT", settings=settings)
    exported = regime("export", "MSFT", "--output", "v1.db", settings=settings)

    assert (rows.code, now.code, exported.code) == (0, 0, 0)
    assert [row["price"] for row in json.loads(rows.out)] == [27.8, 27.95]
    for output in (rows.err, now.out, exported.err):
        assert "compute.db is of version 1" in output
    assert rows.err.count("is of version 1") == 1


def test_state_with_missing_parts_is_shown_without_them(settings: Settings, regime: Regime) -> None:
    less = "json_remove(state_json, '$.liquidity', '$.metrics.lq')"
    change = f"UPDATE state_history SET state_json = {less}"  # noqa: S608 - a constant
    _old(settings, change)

    ended = regime("state", "MSFT", settings=settings)

    assert ended.code == 0
    (line,) = [line for line in ended.out.splitlines() if "liquidity  " in line]
    assert line.count("·") == 2


def test_proofs_and_explanations_refuse_version_1_and_a_run_replaces_it(
    settings: Settings, regime: Regime
) -> None:
    serve(settings, "MSFT", "1day", pl.read_parquet(GOLDEN / "msft_1day.bars.parquet"))
    path = _old(settings)
    run = ("run", "MSFT", "--now", "2026-11-20T22:30Z")
    explain = ("explain", "MSFT", "1day", "2013-03-01")

    ran = regime(*run, settings=settings)
    recomputed = state("MSFT", "1day", where=settings)["1day"]
    old = _old(settings).read_bytes()
    refused = [
        regime(*words, settings=settings)
        for words in (("verify", "MSFT"), explain, ("charts", "MSFT"))
    ]
    kept = path.read_bytes()
    again = [regime(*words, settings=settings).code for words in (run, explain)]

    assert (ran.code, recomputed.read_as) == (0, "")
    assert [result.code for result in refused] == [1, 1, 1]
    assert kept == old
    for result in refused[1:]:
        message = " ".join(result.err.split())
        assert "version 1, expected version 2; `regime run MSFT` replaces it" in message
        assert "no symbol has results" not in message
    assert again == [0, 0]


def _bars() -> pl.DataFrame:
    """15-minute bars of 20 New York sessions, over a change of the clocks, in UTC."""
    opens = [
        dt.datetime(2024, 2, 26, 9, 30) + dt.timedelta(days=day, minutes=15 * slot)  # noqa: DTZ001
        for day in range(28)
        if day % 7 < 5
        for slot in range(24)
    ]
    ts = pl.Series(opens).dt.replace_time_zone("America/New_York").dt.convert_time_zone("UTC")
    price = pl.Series([100 + (7 * k % 31) / 10 for k in range(len(opens))])
    values = {"open": price, "high": price + 1, "low": price - 1, "close": price + 0.5}
    volume = pl.Series([1000 + k % 9 for k in range(len(opens))])
    return pl.DataFrame({"ts": ts.cast(pl.Datetime("us", "UTC")), **values, "volume": volume}).cast(
        BAR_SCHEMA
    )


def _evaluated(
    regime: Regime, settings: Settings, bars: Path, symbol: str = "MSFT", timeframe: str = "15min"
) -> Ended:
    asked = ["--symbol", symbol, "--timeframe", timeframe, "--output", f"{bars}.out"]
    return regime("evaluate", str(bars), *asked, "--json", settings=settings)


def test_evaluate_reads_a_file_and_a_folder_of_version_1_as_it_reads_the_instants(
    settings: Settings, tmp_path: Path, regime: Regime
) -> None:
    bars = _bars()
    current, folder, file = (tmp_path / name for name in ("utc.parquet", "old", "old.parquet"))
    bars.write_parquet(current)
    write_legacy_days(folder, "15min", bars)
    pl.read_parquet(f"{folder}/**/*.parquet", hive_partitioning=False).write_parquet(file)

    evaluated = [
        (place, json.loads(_evaluated(regime, settings, place).out))
        for place in (current, folder, file)
    ]

    states = [pl.read_parquet(f"{place}.out/state_history.parquet") for place, _ in evaluated]
    assert states[0].height == bars.height - 20
    assert all(frame.equals(states[0]) for frame in states)
    assert evaluated[0][1]["read_as"] == ""
    for place, facts in evaluated[1:]:
        read_as = "bars of version 1, times read as America/New_York (US_EQUITY)"
        assert facts["read_as"] == f"{place}: {read_as}"
    unknown = json.loads(_evaluated(regime, settings, file, "NOBODY").out)
    assert "times are read as UTC" in unknown["read_as"]


def test_evaluate_refuses_unknown_versions(
    settings: Settings, tmp_path: Path, regime: Regime
) -> None:
    bars, newer, folder = _bars(), tmp_path / "newer.parquet", tmp_path / "1h"
    facts = {"bars_schema_version": "3"}
    pq.write_table(bars.to_arrow().replace_schema_metadata(facts), newer)
    write_legacy_days(folder, "15min", bars)
    skipped = tmp_path / "skipped.parquet"
    night = pl.Series([dt.datetime(2024, 3, 10, 2, 30)])  # noqa: DTZ001 - as it stands there
    whole = pl.col("volume").cast(pl.Int64)
    bars.head(1).with_columns(night.alias("ts"), whole).write_parquet(skipped)
    (tmp_path / "empty").mkdir()

    refused = {
        name: _evaluated(regime, settings, tmp_path / name)
        for name in ("newer.parquet", "1h", "skipped.parquet", "empty")
    }

    assert all(result.code != 0 for result in refused.values())
    assert "bars of version 3; readable are version 1 and version 2" in refused["newer.parquet"].err
    assert "a folder of 1h bars, asked for are 15min" in refused["1h"].err
    assert "2024-03-10 02:30:00 in America/New_York: skipped_time" in refused["skipped.parquet"].err
    assert "has no bars of version 1" in refused["empty"].err


def test_bars_of_a_folder_of_version_1_are_shown_as_instants(
    settings: Settings, regime: Regime
) -> None:
    bars = _bars()
    write_legacy_days(settings.data_root / "assets/MSFT/bars/15min", "15min", bars)
    write_legacy_days(settings.data_root / "assets/MSFT/bars/1d", "1day", bars[::24])

    shown = regime("bars", "MSFT", "15min", "--output", "bars.parquet", settings=settings)
    dates = regime("bars", "MSFT", "1day", "--last", "1", settings=settings)

    assert (shown.code, dates.code) == (0, 0)
    assert pl.read_parquet("bars.parquet").equals(bars)
    assert "bars of version 1, times read as America/New_York (US_EQUITY)" in shown.err
    assert "bars of version 1, dates as stored" in dates.err
    assert regime("bars", "MSFT", "1h", settings=settings).code != 0
