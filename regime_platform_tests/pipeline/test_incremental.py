"""A compute.db brought up to date bar by bar is the one that a full run makes."""

import datetime as dt
import shutil
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import polars as pl
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from regime_platform.compute_db.reader import read_table
from regime_platform.pipeline.board_results import shown_symbol
from regime_platform.pipeline.results import make_results
from regime_platform.pipeline.run import run_symbol
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform_tests.builders import make_bars
from regime_platform_tests.compute_db.result_frames import made_from
from regime_platform_tests.examples import examples
from regime_platform_tests.pipeline.updates import (
    DAYS,
    WEEKS,
    assert_as_if_made_at_once,
    inputs_of,
    long_bars,
    made,
    paths_of,
)
from regime_platform_tests.prepared_process import begun_script
from regime_platform_tests.scenario import serve, street, with_value


def test_a_new_bar_continues_from_the_stored_rows(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    bars = long_bars()
    made(folder, {**bars, "1day": bars["1day"].head(DAYS - 1)})

    _, how = made(folder, bars)

    assert how == f"1day: went on from bar {DAYS - 1} of {DAYS}"
    assert_as_if_made_at_once(folder, bars)


def test_a_revised_bar_continues_from_its_block(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    bars = long_bars()
    made(folder, bars)
    revised = {**bars, "1day": with_value(bars["1day"], 2060, volume=7.0)}

    _, how = made(folder, revised)

    assert how == f"1day: went on from bar 2048 of {DAYS}"
    assert_as_if_made_at_once(folder, revised)


@pytest.mark.parametrize("gone", [1030, 2050, DAYS - 1])
def test_a_removed_bar_leaves_no_trace(tmp_path: Path, gone: int) -> None:
    folder = tmp_path / "data"
    bars = long_bars()
    made(folder, bars)
    fewer = {**bars, "1day": bars["1day"].filter(pl.int_range(pl.len()) != gone)}

    made(folder, fewer)

    assert_as_if_made_at_once(folder, fewer)


def test_a_short_series_is_computed_as_a_whole_beside_a_long_one(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "data"
    bars = {"1day": make_bars(DAYS), "1week": make_bars(240, "1week")}
    shorter = {name: bar.head(bar.height - 1) for name, bar in bars.items()}
    made(folder, shorter)

    _, how = made(folder, bars)

    assert how == f"1day: went on from bar {DAYS - 1} of {DAYS}; 1week: computed all 240 bars"
    assert_as_if_made_at_once(folder, bars)


@pytest.mark.slow
def test_a_series_that_becomes_long_enough_gets_its_rows_in_place(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    weekly = make_bars(401, "1week")
    made(folder, {"1day": make_bars(DAYS), "1week": weekly.head(199)})
    for weeks in (200, 399, 400, 401):
        bars = {"1day": make_bars(DAYS), "1week": weekly.head(weeks)}

        made(folder, bars)

        assert_as_if_made_at_once(folder, bars)


def test_many_new_bars_are_computed_as_a_whole(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    made(folder, {"1day": make_bars(1000)})

    _, how = made(folder, {"1day": make_bars(2000)})

    assert "1000 of 2000 bars are new or changed" in how
    assert_as_if_made_at_once(folder, {"1day": make_bars(2000)})


STEP = st.tuples(
    st.sampled_from(["append", "append", "append", "revise", "remove", "late arrival"]),
    st.sampled_from(["1day", "1week"]),
    st.integers(0, 10_000),
)


@pytest.mark.slow
@examples(4, 100, are_fixed=True, unchecked=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEP, min_size=1, max_size=5))
def test_incremental_results_equal_those_of_a_full_run(
    tmp_path: Path, steps: list[tuple[str, str, int]]
) -> None:
    folder = tmp_path / "data"
    shutil.rmtree(folder, ignore_errors=True)
    every = {"1day": make_bars(DAYS), "1week": make_bars(WEEKS, "1week")}
    kept = {"1day": list(range(1500)), "1week": list(range(410))}
    bars = {name: every[name][rows] for name, rows in kept.items()}
    made(folder, bars)
    for change, timeframe, number in steps:
        rows = kept[timeframe]
        if change == "append":
            rows.extend(range(rows[-1] + 1, min(rows[-1] + 2 + number % 40, len(every[timeframe]))))
        elif change == "revise":
            row = rows[number % len(rows)]
            every[timeframe] = with_value(every[timeframe], row, volume=float(number))
        elif change == "remove":
            del rows[number % len(rows)]
        else:
            missing = sorted(set(range(rows[-1])) - set(rows))
            rows.extend(missing[:1])
            rows.sort()
        bars = {name: every[name][rows] for name, rows in kept.items()}
        made(folder, bars)

    assert_as_if_made_at_once(folder, bars)


def test_an_update_beside_an_open_reader_is_made_on_a_copy(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "data"
    bars = long_bars()
    made(folder, {**bars, "1day": bars["1day"].head(DAYS - 1)})
    path = paths_of(folder).compute_db

    with subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as reader:
        assert reader.stdout is not None
        reader.stdout.readline()
        _, how = made(folder, bars)
        seen, _ = reader.communicate("go on\n")

    assert "on a copy" in how
    assert int(seen) == DAYS - 1 + WEEKS
    assert_as_if_made_at_once(folder, bars)


def test_a_reader_waits_for_an_update(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    bars = long_bars()
    made(folder, bars)
    path = paths_of(folder).compute_db

    writer = begun_script(_WRITE, path)
    rows = read_table(path, "latest_state").height
    writer.join()

    assert rows == 2


@pytest.mark.slow
def test_the_next_run_finishes_an_update_killed_anywhere(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    bars = long_bars()
    before = {**bars, "1day": bars["1day"].head(DAYS - 30)}
    made(folder, before)
    start = tmp_path / "start"
    shutil.copytree(folder, start)
    inputs_of(start, bars)  # the new bars are promoted, the results are not made yet
    for delay in (0.02, 0.1, 0.2):
        shutil.rmtree(folder)
        shutil.copytree(start, folder)
        maker = begun_script(_MAKE, folder)
        time.sleep(delay)
        maker.kill()
        maker.join()

        path = paths_of(folder).compute_db
        assert read_table(path, "escalation_history_v3").height in {
            DAYS - 30 + WEEKS,
            DAYS + WEEKS,
        }
        made(folder, bars)
        assert_as_if_made_at_once(folder, bars)


def test_a_file_with_larger_blocks_is_continued(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    bars = long_bars()
    made(folder, {**bars, "1day": bars["1day"].head(DAYS - 1)})
    path, larger = paths_of(folder).compute_db, tmp_path / "larger.db"
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH '{path}' AS ours (READ_ONLY)")
        connection.execute(f"ATTACH '{larger}' AS theirs (BLOCK_SIZE 262144)")
        connection.execute("COPY FROM DATABASE ours TO theirs")
    larger.replace(path)

    _, how = made(folder, bars)

    assert how == f"1day: went on from bar {DAYS - 1} of {DAYS}"
    assert_as_if_made_at_once(folder, bars)


def test_a_new_bar_writes_little(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    bars = {"1day": make_bars(20_000)}
    made(folder, {"1day": bars["1day"].head(19_999)})
    path = paths_of(folder).compute_db

    # the kernel counts what this process hands it
    inputs = inputs_of(folder, bars)
    before = _written()
    make_results(inputs, made_from({}, "one"), force=False)

    assert path.stat().st_size > 5_000_000
    assert _written() - before < 1_000_000


def test_a_run_reports_from_where_results_were_continued(tmp_path: Path) -> None:
    settings = street(tmp_path, ["AAA"])
    now = dt.datetime(2026, 11, 22, tzinfo=dt.UTC)
    bars = make_bars(2000)
    serve(settings, "AAA", "1day", bars.head(1999))
    workspace = RunWorkspace.open(settings)
    run_symbol(workspace, workspace.universe.instrument("AAA"), now)
    serve(settings, "AAA", "1day", bars)

    outcome = run_symbol(workspace, workspace.universe.instrument("AAA"), now)

    assert outcome.compute is not None
    assert outcome.compute.how == "1day: went on from bar 1999 of 2000"
    with duckdb.connect(str(workspace.root.symbol("AAA").compute_db), read_only=True) as connection:
        assert connection.execute("SELECT count(*) FROM state_history").fetchall() == [(1980,)]


def test_an_update_hands_on_what_its_file_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = street(tmp_path, ["AAA"])
    now = dt.datetime(2026, 11, 22, tzinfo=dt.UTC)
    workspace, bars = RunWorkspace.open(settings), make_bars(1500)
    instrument = workspace.universe.instrument("AAA")
    shown = []
    for rows in (1400, 1499, 1500):
        serve(settings, "AAA", "1day", bars.head(rows))
        if rows == 1500:  # what cannot be read there is read from the file
            monkeypatch.setattr("regime_platform.compute_db.update.latest_shown", None)
        outcome = run_symbol(workspace, instrument, now)
        assert outcome.compute is not None
        shown.append((outcome.compute.how, outcome.compute.shown))
        assert outcome.compute.shown == shown_symbol(workspace.root.symbol("AAA"), instrument)
    assert [how for how, _ in shown[1:]] == [
        "1day: went on from bar 1400 of 1499",
        "1day: went on from bar 1499 of 1500",
    ]
    assert shown[0] != shown[1] != shown[2]


def _written() -> int:
    lines = Path("/proc/self/io").read_text(encoding="ascii").splitlines()
    return int(dict(line.split(": ") for line in lines)["wchar"])


_HOLD = """
import sys, duckdb
with duckdb.connect(sys.argv[1], read_only=True) as connection:
    print("ready", flush=True)
    sys.stdin.readline()
    print(connection.execute("SELECT count(*) FROM escalation_history_v3").fetchall()[0][0])
"""

_WRITE = """
import sys, time
from pathlib import Path
from regime_platform.compute_db.connection import attached
with attached(Path(sys.argv[1]), read_only=False) as connection:
    ready()
    time.sleep(0.5)
"""

_MAKE = """
import sys
from pathlib import Path
from regime_platform_tests.examples import examples
from regime_platform_tests.pipeline.updates import long_bars, made
bars = long_bars()
ready()
made(Path(sys.argv[1]), bars)
"""
