"""A compacted log reads as before, as of every moment, also after a kill at any step."""

import datetime as dt
import json
import shutil
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from regime_platform.bar_store.raw import compaction
from regime_platform.bar_store.raw.compaction import MOST_FILES, compact, is_compact, locate
from regime_platform.bar_store.raw.page_update import FetchOrigin
from regime_platform.bar_store.raw.raw_log import append, compare, extent, read_origins, read_raw
from regime_platform.bar_store.raw.raw_names import list_raw
from regime_platform.errors import BarsError
from regime_platform.model.bar_schema import BAR_SCHEMA
from regime_platform.model.markets import MARKETS
from regime_platform.revisions.fold import fold
from regime_platform_tests.builders import LONG_AFTER, make_bars
from regime_platform_tests.error_codes import raises
from regime_platform_tests.prepared_process import ended_script
from regime_platform_tests.scenario import fingerprint, with_value


def _at(day: int, source: str = "sample") -> FetchOrigin:
    moment = LONG_AFTER + dt.timedelta(days=day)
    window = (LONG_AFTER, moment + dt.timedelta(days=1))
    return FetchOrigin(moment, source, "1day", MARKETS["US_EQUITY"], "as_served", "0" * 64, window)


def _log(folder: Path, days: int = 6, start: int = 0) -> None:
    """A first page of 20 bars, then a day and a revision of the bar before at a time."""
    bars = make_bars(20 + start + days)
    for day in range(start, start + days):
        page = bars[: 20 + day] if day == 0 else bars[18 + day : 20 + day]
        append(folder, with_value(page, page.height - 1, close=1.0 + day), _at(day))


def _everything(folder: Path) -> tuple[object, ...]:
    """All that a reader can learn of a log, but in which files it lies."""
    raw = read_raw(folder)
    moments = [None, *raw["fetched_at"].unique().sort()]
    folded = [
        fold(read_raw(folder, moment), "1day", MARKETS["US_EQUITY"]).rows() for moment in moments
    ]
    diff = compare(folder, make_bars(40), _at(99)).diff
    return (
        raw.rows(),
        folded,
        read_origins(folder).rows(),
        extent(folder),
        list_raw(folder).digest,
        (diff.new, diff.revised, diff.same, diff.in_force.rows()),
    )


def test_a_compacted_log_reads_as_before_in_one_file(tmp_path: Path) -> None:
    _log(tmp_path)
    before, old = _everything(tmp_path), list_raw(tmp_path).names

    done = compact(tmp_path)

    assert _everything(tmp_path) == before
    (now,) = list_raw(tmp_path).names
    assert now.startswith("000001-000006-")
    assert done.replaced == tuple((name, now) for name in old)
    assert (done.files, done.bytes_after) == (1, (tmp_path / now).stat().st_size)
    assert done.bytes_after < done.bytes_before


def test_compacting_twice_writes_once(tmp_path: Path) -> None:
    _log(tmp_path)
    compact(tmp_path)
    before = fingerprint(tmp_path)

    again = compact(tmp_path)

    assert is_compact(tmp_path)
    assert (again.replaced, again.files) == ((), 1)
    assert fingerprint(tmp_path) == before


def test_an_empty_log_is_compact(tmp_path: Path) -> None:
    assert is_compact(tmp_path / "none")
    assert compact(tmp_path / "none").files == 0


def test_later_batches_are_appended_and_merged_with_the_others(tmp_path: Path) -> None:
    first, second = tmp_path / "one", tmp_path / "two"
    for folder in (first, second):
        _log(folder, 4)
    compact(first)
    for folder in (first, second):
        _log(folder, 3, start=4)

    assert list_raw(first).names[1:] == list_raw(second).names[4:]
    assert _everything(first) == _everything(second)
    compact(first)
    assert _everything(first) == _everything(second)
    assert len(list_raw(first).names) == 1


def test_migrated_files_are_never_merged(tmp_path: Path) -> None:
    bars = make_bars(60)
    sources = ["legacy:live.db", "legacy:live.db", "sample", "sample", "legacy:frozen", "sample"]
    for day, source in enumerate(sources):
        append(tmp_path, bars[10 * day : 10 * day + 10], _at(day, source))
    before, old = _everything(tmp_path), list_raw(tmp_path).names

    done = compact(tmp_path)

    assert _everything(tmp_path) == before
    assert tuple(name for name, _ in done.replaced) == old[2:4]
    left = [name for name in list_raw(tmp_path).names if name in old]
    assert left == [old[0], old[1], old[4], old[5]]
    assert is_compact(tmp_path)


@pytest.mark.slow
def test_a_log_compacts_itself_past_a_number_of_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = tmp_path / "one", tmp_path / "two"
    _log(second, 30)
    monkeypatch.setattr(compaction, "MOST_FILES", 4)
    counts = []
    for day in range(30):
        _log(first, 1, start=day)
        counts.append(len(list_raw(first).names))

    assert MOST_FILES == 8
    assert (max(counts), counts[-1]) == (4, 2)
    assert _everything(first) == _everything(second)


def test_by_itself_a_log_merges_its_small_files_and_leaves_a_large_one_alone(
    tmp_path: Path,
) -> None:
    bars = make_bars(12_000 + 3 * MOST_FILES, start=dt.datetime(1973, 1, 1, tzinfo=dt.UTC))
    append(tmp_path, bars[:12_000], _at(0))
    (large,) = list_raw(tmp_path).names
    for day in range(1, 3 * MOST_FILES):
        append(tmp_path, bars[11_998 + day : 12_000 + day], _at(day))
        assert len(list_raw(tmp_path).names) <= MOST_FILES

    assert list_raw(tmp_path).names[0] == large
    assert read_raw(tmp_path).height == 11_999 + 3 * MOST_FILES
    compact(tmp_path)
    assert len(list_raw(tmp_path).names) == 1


def test_every_earlier_name_leads_to_the_file_with_its_rows(tmp_path: Path) -> None:
    _log(tmp_path, 3)
    old = list_raw(tmp_path).names
    compact(tmp_path)
    between = list_raw(tmp_path).names
    _log(tmp_path, 2, start=3)
    new = list_raw(tmp_path).names[1:]
    compact(tmp_path)

    (now,) = list_raw(tmp_path).names

    assert {locate(tmp_path, name) for name in [*old, *between, *new, now]} == {now}
    replaces = pl.read_parquet_metadata(tmp_path / now)["replaces"]
    assert json.loads(replaces) == [*between, *new]


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("000002-20261123T031500Z-00000000.parquet", "raw-file-lost"),
        ("000001-000002-0000000000000000-00000000.parquet", "raw-file-lost"),
        ("000009-20261123T031500Z-00000000.parquet", "raw-file-lost"),
        ("bars.parquet", "no-raw-file-name"),
    ],
)
def test_a_name_that_no_file_ever_had_is_an_error(tmp_path: Path, name: str, code: str) -> None:
    _log(tmp_path, 3)
    compact(tmp_path)

    with raises(BarsError, code, match=name):
        locate(tmp_path, name)


def test_damage_stops_a_compaction_before_anything_is_removed(tmp_path: Path) -> None:
    _log(tmp_path, 5)
    old = list_raw(tmp_path).names
    (tmp_path / old[2]).write_bytes((tmp_path / old[2]).read_bytes()[:-1])

    with raises(BarsError, "file-damaged", match=old[2]):
        compact(tmp_path)

    assert list_raw(tmp_path).names == old


def test_any_flipped_bit_of_a_compacted_file_is_caught(tmp_path: Path) -> None:
    _log(tmp_path)
    compact(tmp_path)
    path = tmp_path / list_raw(tmp_path).names[0]
    sound = path.read_bytes()

    for position in range(0, len(sound), 131):
        damaged = bytearray(sound)
        damaged[position] ^= 1 << (position % 8)
        path.write_bytes(damaged)
        with raises(BarsError, "file-damaged", match=path.name):
            read_raw(tmp_path)


def test_a_bar_without_open_does_not_hide_others(tmp_path: Path) -> None:
    bars = make_bars(10)
    nameless = bars[3:4].with_columns(ts=pl.lit(None, dtype=BAR_SCHEMA["ts"]))
    append(tmp_path, bars, _at(0))
    append(tmp_path, nameless, _at(1))
    before = _everything(tmp_path)

    compact(tmp_path)

    assert _everything(tmp_path) == before
    assert compare(tmp_path, pl.concat([bars, nameless]), _at(2)).diff.is_empty


#: Compacts a log and is killed just before the n-th thing it does to the disk.
_KILLED = """
import os, signal, sys
from pathlib import Path
from regime_platform.bar_store.raw.compaction import compact
left = int(sys.argv[2])
def step(event, arguments):
    global left
    writes = event == "open" and isinstance(arguments[2], int) and arguments[2] & os.O_ACCMODE
    if writes or event in ("os.rename", "os.remove"):
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        left -= 1
sys.addaudithook(step)
compact(Path(sys.argv[1]))
"""


@pytest.mark.slow
def test_killed_at_any_step_the_log_is_whole_and_a_rerun_finishes(tmp_path: Path) -> None:
    whole = tmp_path / "whole"
    _log(whole, 4)
    before = _everything(whole)
    steps = 0
    while True:
        folder = tmp_path / f"killed-{steps}"
        shutil.copytree(whole, folder)
        ended = ended_script(_KILLED, folder, steps)
        assert _everything(folder) == before
        _log(folder, 1, start=4)  # who appends next neither loses nor repeats anything
        assert read_raw(folder)[:-2].rows() == before[0]
        compact(folder)
        assert len([path for path in folder.iterdir() if not path.name.startswith(".")]) == 1
        steps += 1
        if ended.returncode == 0:
            break
        assert ended.returncode == -9

    assert steps >= 7  # open, fill, rename, four removals


def _compact_over_and_over(folder: str, rounds: int) -> None:
    for day in range(1, rounds):
        _log(Path(folder), 1, start=day)
        compact(Path(folder))


@pytest.mark.slow
def test_a_reader_without_lock_sees_every_batch_once_while_files_are_merged(
    tmp_path: Path,
) -> None:
    _log(tmp_path, 1)
    program = (
        "import sys; "
        "from regime_platform_tests.bar_store.raw.test_compaction import _compact_over_and_over; "
        "_compact_over_and_over(sys.argv[1], 20)"
    )
    writer = subprocess.Popen([sys.executable, "-c", program, str(tmp_path)])
    seen = []
    while writer.poll() is None:
        raw = read_raw(tmp_path)
        sequences = [int(name[:6]) for name in raw["batch"].unique().sort()]
        assert sequences == list(range(1, len(sequences) + 1))
        seen.append(len(sequences))

    assert writer.returncode == 0
    assert seen == sorted(seen)
    assert read_raw(tmp_path)["batch"].n_unique() == 20


_page = st.tuples(st.integers(0, 20), st.integers(1, 8), st.integers(0, 2), st.booleans())


@pytest.mark.slow
@settings(deadline=None, max_examples=12)
@given(pages=st.lists(_page, min_size=1, max_size=9), every=st.integers(1, 4))
@example(pages=[(0, 3, 0, False), (0, 3, 1, False)], every=1)  # only a part of no rows before one
def test_compaction_changes_no_reading_as_of_any_moment(
    pages: list[tuple[int, int, int, bool]], every: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    plain, often = tmp_path_factory.mktemp("plain"), tmp_path_factory.mktemp("often")
    for day, (start, size, seed, is_legacy) in enumerate(pages):
        page = make_bars(30, seed=seed)[start : start + size]
        facts = _at(day - 5000 if seed else day, "legacy:x" if is_legacy else "sample")
        updates = [append(folder, page, facts) for folder in (plain, often)]
        assert updates[0].file == updates[1].file
        if day % every == 0:
            compact(often)

    assert _everything(often) == _everything(plain)
    for name in list_raw(plain).names:
        assert locate(often, name) in list_raw(often).names
