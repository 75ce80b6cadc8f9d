"""A compute.db brought up to date bar by bar is the one that a full run makes."""

import datetime as dt
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from regime_platform.bar_store.canonical import write_parts
from regime_platform.bar_store.layout import DataRoot, SymbolPaths
from regime_platform.compute.eras.eras import FIXED_ERAS
from regime_platform.compute.params import DEFAULT_PARAMS
from regime_platform.compute_db.reader import read_lineage, read_table, reading
from regime_platform.model.instruments import Instrument
from regime_platform.model.result_schema import TABLES
from regime_platform.pipeline.compute.inputs import Inputs
from regime_platform.pipeline.compute.results import make_results
from regime_platform.pipeline.platform import RunWorkspace
from regime_platform.pipeline.run import run_symbol
from regime_platform_tests.builders import make_bars
from regime_platform_tests.scenario import serve, street, with_value

AAA = Instrument("AAA", "Test", "US_EQUITY", "daily", "files")
#: Enough that a day more is far from a quarter of all, and that blocks of 1,024 rows are full.
DAYS, WEEKS = 2100, 460

Bars = Mapping[str, pl.DataFrame]


def made(folder: Path, bars: Bars, *, recipe: str = "one", force: bool = False) -> tuple[Any, str]:
    """Brings the compute.db in ``folder`` up to date with ``bars``."""
    inputs = inputs_of(folder, bars)
    digests = {timeframe: held.digest for timeframe, held in inputs.promoted.items()}
    facts = {"recipe": {"bars": digests, "terms": recipe}, "code": {}}
    return make_results(inputs, facts, force=force)


def inputs_of(folder: Path, bars: Bars) -> Inputs:
    paths = paths_of(folder)
    promoted = {
        timeframe: write_parts(paths.bars(timeframe), timeframe, bar, AAA.symbol)
        for timeframe, bar in bars.items()
    }
    return Inputs(AAA, paths, promoted, FIXED_ERAS, DEFAULT_PARAMS)


def paths_of(folder: Path) -> SymbolPaths:
    return DataRoot(folder).symbol(AAA.symbol)


def assert_as_if_made_at_once(folder: Path, bars: Bars) -> None:
    """Every row, every digest and the lineage are those of a full run in an empty folder."""
    fresh = folder.with_name(f"{folder.name}-fresh")
    shutil.rmtree(fresh, ignore_errors=True)
    made(fresh, bars)
    ours, theirs = paths_of(folder).compute_db, paths_of(fresh).compute_db
    for name in TABLES:
        assert_frame_equal(read_table(ours, name), read_table(theirs, name), check_exact=True)
    assert read_lineage(ours) == read_lineage(theirs)
    with reading(ours) as one, reading(theirs) as other:
        assert one.blocks() == other.blocks()


def long_bars() -> dict[str, pl.DataFrame]:
    return {"1day": make_bars(DAYS), "1week": make_bars(WEEKS, "1week")}


def test_a_bar_more_goes_on_from_the_rows_held(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    bars = long_bars()
    made(folder, {**bars, "1day": bars["1day"].head(DAYS - 1)})

    _, how = made(folder, bars)

    assert how == f"1day: went on from bar {DAYS - 1} of {DAYS}"
    assert_as_if_made_at_once(folder, bars)


def test_a_revised_bar_goes_on_from_the_block_it_is_in(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    bars = long_bars()
    made(folder, bars)
    revised = {**bars, "1day": with_value(bars["1day"], 2060, volume=7.0)}

    _, how = made(folder, revised)

    assert how == f"1day: went on from bar 2048 of {DAYS}"
    assert_as_if_made_at_once(folder, revised)


@pytest.mark.parametrize("gone", [1030, 2050, DAYS - 1])
def test_a_bar_that_is_gone_leaves_no_trace(tmp_path: Path, gone: int) -> None:
    folder = tmp_path / "data"
    bars = long_bars()
    made(folder, bars)
    fewer = {**bars, "1day": bars["1day"].filter(pl.int_range(pl.len()) != gone)}

    made(folder, fewer)

    assert_as_if_made_at_once(folder, fewer)


def test_a_short_series_is_computed_as_a_whole_beside_a_long_one_that_is_not(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "data"
    bars = {"1day": make_bars(DAYS), "1week": make_bars(240, "1week")}
    shorter = {name: bar.head(bar.height - 1) for name, bar in bars.items()}
    made(folder, shorter)

    _, how = made(folder, bars)

    assert how == f"1day: went on from bar {DAYS - 1} of {DAYS}; 1week: computed all 240 bars"
    assert_as_if_made_at_once(folder, bars)


def test_a_series_that_comes_of_age_gets_its_rows_in_place(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    weekly = make_bars(401, "1week")
    made(folder, {"1day": make_bars(DAYS), "1week": weekly.head(199)})
    for weeks in (200, 399, 400, 401):
        bars = {"1day": make_bars(DAYS), "1week": weekly.head(weeks)}

        made(folder, bars)

        assert_as_if_made_at_once(folder, bars)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"recipe": "two"}, "parameters, eras, code or libraries are others"),
        ({"force": True}, "as asked for"),
    ],
)
def test_results_on_other_terms_are_computed_as_a_whole(
    tmp_path: Path, change: dict[str, Any], reason: str
) -> None:
    folder = tmp_path / "data"
    bars = long_bars()
    made(folder, {**bars, "1day": bars["1day"].head(DAYS - 1)})

    stored, how = made(folder, bars, **change)

    assert reason in how
    assert read_lineage(paths_of(folder).compute_db) == stored


def test_many_new_bars_are_cheaper_computed_as_a_whole(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    made(folder, {"1day": make_bars(1000)})

    _, how = made(folder, {"1day": make_bars(2000)})

    assert "1000 of 2000 bars are new or changed" in how
    assert_as_if_made_at_once(folder, {"1day": make_bars(2000)})


def test_a_damaged_compute_db_is_made_anew(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    bars = long_bars()
    made(folder, {**bars, "1day": bars["1day"].head(DAYS - 1)})
    paths_of(folder).compute_db.write_bytes(b"no database" * 1000)

    _, how = made(folder, bars)

    assert "damaged" in how
    assert_as_if_made_at_once(folder, bars)


STEP = st.tuples(
    st.sampled_from(["append", "append", "append", "revise", "remove", "late arrival"]),
    st.sampled_from(["1day", "1week"]),
    st.integers(0, 10_000),
)


@settings(
    max_examples=8,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(steps=st.lists(STEP, min_size=1, max_size=5))
def test_whatever_happens_to_the_bars_the_results_are_those_of_a_full_run(
    tmp_path: Path, steps: list[tuple[str, str, int]]
) -> None:
    folder = tmp_path / "data"
    shutil.rmtree(folder, ignore_errors=True)
    every = {"1day": make_bars(DAYS), "1week": make_bars(WEEKS, "1week")}
    held = {"1day": list(range(1500)), "1week": list(range(410))}
    bars = {name: every[name][rows] for name, rows in held.items()}
    made(folder, bars)
    for change, timeframe, number in steps:
        rows = held[timeframe]
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
        bars = {name: every[name][rows] for name, rows in held.items()}
        made(folder, bars)

    assert_as_if_made_at_once(folder, bars)


def test_a_reader_that_holds_the_file_is_left_alone_and_the_update_made_on_a_copy(
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


def test_a_reader_that_meets_an_update_waits_for_it(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    bars = long_bars()
    made(folder, bars)
    path = paths_of(folder).compute_db

    with subprocess.Popen(
        [sys.executable, "-c", _WRITE, str(path)], stdout=subprocess.PIPE, text=True
    ) as writer:
        assert writer.stdout is not None
        writer.stdout.readline()
        rows = read_table(path, "latest_state").height

    assert rows == 2


def test_killed_anywhere_the_next_run_finishes(tmp_path: Path) -> None:
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
        with subprocess.Popen(
            [sys.executable, "-c", _MAKE, str(folder)], stdout=subprocess.PIPE, text=True
        ) as maker:
            assert maker.stdout is not None
            maker.stdout.readline()
            time.sleep(delay)
            maker.send_signal(signal.SIGKILL)

        path = paths_of(folder).compute_db
        assert read_table(path, "escalation_history_v3").height in {
            DAYS - 30 + WEEKS,
            DAYS + WEEKS,
        }
        made(folder, bars)
        assert_as_if_made_at_once(folder, bars)


def test_a_file_of_larger_blocks_is_gone_on_from(tmp_path: Path) -> None:
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


def test_a_bar_more_writes_little(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    bars = {"1day": make_bars(20_000)}
    made(folder, {"1day": bars["1day"].head(19_999)})
    path = paths_of(folder).compute_db

    # the kernel counts what this process hands it
    inputs = inputs_of(folder, bars)
    facts = {"recipe": {"bars": {}, "terms": "one"}, "code": {}}
    before = _written()
    make_results(inputs, facts, force=False)

    assert path.stat().st_size > 5_000_000
    assert _written() - before < 1_000_000


def test_the_walk_goes_on_from_what_it_holds_and_says_so(tmp_path: Path) -> None:
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
    print("ready", flush=True)
    time.sleep(0.5)
"""

_MAKE = """
import sys
from pathlib import Path
from regime_platform.compute.warming import warm_up
from regime_platform_tests.pipeline.compute.test_incremental import long_bars, made
bars = long_bars()
warm_up()
print("ready", flush=True)
made(Path(sys.argv[1]), bars)
"""
