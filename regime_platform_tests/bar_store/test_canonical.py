"""Canonical bars are those promoted, bit for bit, or an error; readers never wait."""

import datetime as dt
from itertools import accumulate
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regime_platform.bar_store.canonical import (
    pointer,
    read_bars,
    read_in_force,
    read_rejected,
    rejected_fault,
    sweep,
    write_parts,
    write_rejected,
)
from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.verdicts import write_verdict
from regime_platform.errors import BarsError
from regime_platform.model.bar_schema import PromotedBars, empty_bars
from regime_platform.model.digests import frame_digest
from regime_platform.model.markets import MARKETS
from regime_platform.validation.gate import gate
from regime_platform.validation.policy import DEFAULT_CONTEXT
from regime_platform.validation.verdict import SeriesVerdict, Verdict, input_digest
from regime_platform_tests.builders import fetched, make_bars
from regime_platform_tests.error_codes import raises
from regime_platform_tests.prepared_process import PREPARED


def _put_in_force(paths: SymbolPaths, bars: pl.DataFrame) -> PromotedBars:
    promoted = write_parts(paths.bars("1day"), "1day", bars, "AAPL")
    rows = fetched(bars)
    series = SeriesVerdict.of(
        gate(rows, timeframe="1day", market=MARKETS["US_EQUITY"]),
        timeframe="1day",
        input_digest=input_digest(rows),
        promoted=promoted,
    )
    write_verdict(paths, Verdict.of("AAPL", [series], DEFAULT_CONTEXT, ""))
    sweep(paths.bars("1day"), promoted)
    return promoted


def test_a_short_series_is_one_part_named_by_its_contents(tmp_path: Path) -> None:
    bars = make_bars(300)

    promoted = write_parts(tmp_path, "1day", bars, "AAPL")

    assert [file.name for file in promoted.files] == [f"2012-{frame_digest(bars)[:12]}.parquet"]
    assert (promoted.rows, promoted.min_ts) == (300, "2012-01-02T00:00:00Z")
    assert read_bars(tmp_path, promoted)[0].equals(bars)


@pytest.mark.parametrize(
    ("timeframe", "count", "first_opens"),
    [
        ("1day", 2_100, ["2012-09-03", "2020-01-01"]),
        ("4h", 2_500, ["2012-09-03", "2013-01-01", "2014-01-01", "2014-04-01"]),
    ],
)
def test_a_new_bar_replaces_the_last_part_only(
    tmp_path: Path, timeframe: str, count: int, first_opens: list[str]
) -> None:
    bars = make_bars(count, timeframe, start=dt.datetime(2012, 9, 3, tzinfo=dt.UTC))
    before = write_parts(tmp_path, timeframe, bars[:-1], "AAPL")

    after = write_parts(tmp_path, timeframe, bars, "AAPL", before)

    assert read_bars(tmp_path, after)[0].equals(bars)
    assert after.files[:-1] == before.files[:-1]
    assert after.files[-1] != before.files[-1]
    starts = accumulate((file.rows for file in after.files[:-1]), initial=0)
    assert [f"{bars['ts'][row]:%Y-%m-%d}" for row in starts] == first_opens


def test_bars_in_force_stay_as_they_were_divided(tmp_path: Path) -> None:
    bars = make_bars(20)
    halves = [write_parts(tmp_path, "1day", half, "AAPL").files for half in (bars[:9], bars[9:])]
    whole = write_parts(tmp_path, "1day", bars, "AAPL")
    divided = whole.model_copy(update={"files": (*halves[0], *halves[1])})
    (tmp_path / divided.files[1].name).unlink()

    again = write_parts(tmp_path, "1day", bars, "AAPL", divided)

    assert again == divided
    assert read_bars(tmp_path, again)[0].equals(bars)


def test_promoting_twice_is_promoting_once(tmp_path: Path) -> None:
    once = write_parts(tmp_path, "1day", make_bars(300), "AAPL")
    before = {path: path.stat().st_mtime_ns for path in [tmp_path, *tmp_path.iterdir()]}

    assert write_parts(tmp_path, "1day", make_bars(300), "AAPL") == once
    assert {path: path.stat().st_mtime_ns for path in [tmp_path, *tmp_path.iterdir()]} == before


@pytest.mark.parametrize("is_known", [False, True], ids=["unknown", "in force"])
@pytest.mark.parametrize("damage", [b"nothing of use", None], ids=["overwritten", "removed"])
def test_a_damaged_part_is_written_again(
    tmp_path: Path, damage: bytes | None, is_known: bool
) -> None:
    once = write_parts(tmp_path, "1day", make_bars(300), "AAPL")
    path = tmp_path / once.files[0].name
    path.unlink() if damage is None else path.write_bytes(damage)

    again = write_parts(tmp_path, "1day", make_bars(300), "AAPL", once if is_known else None)

    assert again == once
    assert read_bars(tmp_path, again)[0].equals(make_bars(300))


def test_promoting_no_bars_is_an_error(tmp_path: Path) -> None:
    with raises(BarsError, "no-bars", match="no bars to promote"):
        write_parts(tmp_path, "1day", empty_bars(), "AAPL")


def test_sweeping_leaves_what_the_pointer_names(tmp_path: Path) -> None:
    write_parts(tmp_path, "1day", make_bars(300), "AAPL")
    promoted = write_parts(tmp_path, "1day", make_bars(301), "AAPL")

    sweep(tmp_path, promoted)

    assert [path.name for path in tmp_path.iterdir()] == [promoted.files[0].name]


def test_any_flipped_bit_is_caught_before_use(tmp_path: Path) -> None:
    promoted = write_parts(tmp_path, "1day", make_bars(100), "AAPL")
    path = tmp_path / promoted.files[0].name
    sound = path.read_bytes()

    for position in range(0, len(sound), 61):
        damaged = bytearray(sound)
        damaged[position] ^= 1 << (position % 8)
        path.write_bytes(damaged)
        with raises(BarsError, "bars-damaged", match=rf"{path.name}.*`regime repair .* --yes`"):
            read_bars(tmp_path, promoted)[0]


def test_truncated_and_missing_parts_are_named(tmp_path: Path) -> None:
    promoted = write_parts(tmp_path, "1day", make_bars(100), "AAPL")
    path = tmp_path / promoted.files[0].name
    path.write_bytes(path.read_bytes()[:-1])

    with raises(BarsError, "bars-damaged", match=path.name):
        read_bars(tmp_path, promoted)[0]
    path.unlink()
    with raises(BarsError, "missing-bars", match=path.name):
        read_bars(tmp_path, promoted)[0]


def test_bars_other_than_those_promoted_are_refused(tmp_path: Path) -> None:
    promoted = write_parts(tmp_path, "1day", make_bars(100), "AAPL")

    with raises(BarsError, "bars-altered"):
        read_bars(tmp_path, promoted.model_copy(update={"digest": "0" * 64}))


def test_where_nothing_was_promoted_nothing_is_in_force(tmp_path: Path) -> None:
    assert pointer(SymbolPaths(tmp_path / "AAPL"), "1day") is None
    assert read_in_force(SymbolPaths(tmp_path / "AAPL"), "1day") is None


def test_damage_in_force_is_an_error_and_not_an_endless_search(tmp_path: Path) -> None:
    paths = SymbolPaths(tmp_path / "AAPL")
    promoted = _put_in_force(paths, make_bars(10))
    (paths.bars("1day") / promoted.files[0].name).write_bytes(b"")

    with raises(BarsError, "bars-damaged"):
        read_in_force(paths, "1day")


def _keep_promoting(folder: Path, rounds: int) -> None:
    for extra in range(rounds):
        _put_in_force(SymbolPaths(folder), make_bars(200 + extra))


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_a_reader_sees_old_or_new_bars_while_a_writer_replaces_them(tmp_path: Path) -> None:
    paths = SymbolPaths(tmp_path / "AAPL")
    _put_in_force(paths, make_bars(200))
    writer = PREPARED.Process(target=_keep_promoting, args=(tmp_path / "AAPL", 60))
    writer.start()
    seen = []

    while writer.is_alive():
        in_force = read_in_force(paths, "1day")
        assert in_force is not None
        promoted, bars = in_force
        assert bars.height == promoted.rows
        seen.append(bars.height)
    writer.join()

    assert writer.exitcode == 0
    assert seen == sorted(seen)
    assert seen[0] >= 200
    last = read_in_force(paths, "1day")
    assert last is not None
    assert last[1].equals(make_bars(259))


@settings(deadline=None, max_examples=25)
@given(
    n=st.integers(1, 60),
    timeframe=st.sampled_from(["15min", "1h", "4h", "1day", "1week"]),
    seed=st.integers(0, 9),
)
def test_written_bars_are_read_unchanged(
    n: int, timeframe: str, seed: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("bars")
    bars = make_bars(n, timeframe, dt.datetime(2012, 12, 31, tzinfo=dt.UTC), seed)

    promoted = write_parts(folder, timeframe, bars, "AAPL")

    assert read_bars(folder, promoted)[0].equals(bars)
    assert PromotedBars.model_validate(promoted.model_dump(mode="json")) == promoted
    assert promoted.digest == frame_digest(bars)


ROWS = fetched(make_bars(3)).with_columns(
    disposition=pl.lit("rejected"), rule=pl.lit("high_low"), reason=pl.lit("low above high")
)


def test_rows_are_read_as_written_and_match_their_record(tmp_path: Path) -> None:
    paths = SymbolPaths(tmp_path / "AAPL")

    file = write_rejected(paths, "1day", ROWS, None)

    assert file is not None
    assert (file.name, file.rows) == ("1day.parquet", 3)
    assert read_rejected(paths, "1day").equals(ROWS)
    assert rejected_fault(paths, "1day", file) == ""


def test_a_file_with_the_same_rows_stays(tmp_path: Path) -> None:
    paths = SymbolPaths(tmp_path / "AAPL")
    before = write_rejected(paths, "1day", ROWS, None)
    inode = paths.rejected("1day").stat().st_ino

    assert write_rejected(paths, "1day", ROWS, before) == before
    assert paths.rejected("1day").stat().st_ino == inode


def test_without_rows_there_is_no_file(tmp_path: Path) -> None:
    paths = SymbolPaths(tmp_path / "AAPL")
    write_rejected(paths, "1day", ROWS, None)

    assert write_rejected(paths, "1day", ROWS.clear(), None) is None
    assert not paths.rejected("1day").exists()
    assert read_rejected(paths, "1day").is_empty()
    assert rejected_fault(paths, "1day", None) == ""


def test_every_difference_from_the_verdict_has_a_reason(tmp_path: Path) -> None:
    paths = SymbolPaths(tmp_path / "AAPL")
    file = write_rejected(paths, "1day", ROWS, None)

    unnamed = rejected_fault(paths, "1day", None)
    paths.rejected("1day").write_bytes(b"PAR1")
    changed = rejected_fault(paths, "1day", file)
    with raises(BarsError, "file-damaged", match=r"1day\.parquet"):
        read_rejected(paths, "1day")
    paths.rejected("1day").unlink()
    missing = rejected_fault(paths, "1day", file)

    assert all((unnamed, changed, missing))
    assert len({unnamed, changed, missing}) == 3
    assert write_rejected(paths, "1day", ROWS, file) == file  # written again
    assert rejected_fault(paths, "1day", file) == ""
