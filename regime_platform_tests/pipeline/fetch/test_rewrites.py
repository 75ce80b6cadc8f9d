"""A source that changes its price basis, or serves other bars: no series of both is promoted."""

import datetime as dt
from collections.abc import Sequence
from contextlib import suppress
from fractions import Fraction
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from regime_platform.audit.as_of import bars_as_of
from regime_platform.audit.verify.verify import verify
from regime_platform.bar_store.basis_files import BASES, basis_records, pending_record
from regime_platform.bar_store.canonical import read_in_force
from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.model.bar_schema import PRICE_COLUMNS
from regime_platform.model.ratios import ratio_text
from regime_platform.operations.overrides import Statement
from regime_platform.operations.repoint import repoint_same
from regime_platform.pipeline.outcomes import STAGES, Stage, Status, SymbolOutcome
from regime_platform.pipeline.run import run_symbol
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.settings import Settings
from regime_platform_tests.kills import Killed, killed_before
from regime_platform_tests.pipeline.vendor_street import catch_up, list_stock, one_stock, stock_bars
from regime_platform_tests.scenario import serve, street
from regime_platform_tests.vendor import LoopbackVendor

UTC = dt.UTC
START = dt.datetime(2025, 3, 3, tzinfo=UTC)
#: Friday evening in New York: after the close, after the second look.
FRIDAY = dt.datetime(2026, 11, 21, 2, tzinfo=UTC)
MONDAY = dt.datetime(2026, 11, 23, 23, tzinfo=UTC)
TUESDAY = MONDAY + dt.timedelta(days=1)
FRAMES = ("1day", "1week")
PRICES = pl.col(PRICE_COLUMNS)


def bars_of(timeframe: str, end: dt.datetime = MONDAY, seed: int = 0) -> pl.DataFrame:
    bars = stock_bars(timeframe, START, TUESDAY, seed)
    return bars.filter(pl.col("ts") <= end)


def divided(bars: pl.DataFrame, factor: float) -> pl.DataFrame:
    return bars.with_columns((PRICES / factor).round(4 if factor < 5 else 6))


def offer(vendor: LoopbackVendor, now: dt.datetime, factor: float = 1.0) -> None:
    """Makes the vendor serve the stock at ``now``, on the basis of the day."""
    vendor.now = lambda: now
    for frame in FRAMES:
        list_stock(vendor, "AAA", frame, divided(bars_of(frame, now), factor))


def run(
    settings: Settings,
    now: dt.datetime,
    stages: Sequence[Stage] = (Stage.RAW_BARS, Stage.VALIDATED_BARS),
) -> SymbolOutcome:
    workspace = RunWorkspace.open(settings)
    return run_symbol(workspace, workspace.universe.instruments[0], now, stages=stages)


def paths_of(settings: Settings) -> SymbolPaths:
    return RunWorkspace.open(settings).root.symbol("AAA")


def canonical(settings: Settings, timeframe: str = "1day") -> pl.DataFrame:
    stored = read_in_force(paths_of(settings), timeframe)
    assert stored is not None
    return stored[1]


def killed_after(settings: Settings, now: dt.datetime, answers: int) -> None:
    """A fetch that is killed when this many answers of it were stored."""
    left = [answers]

    def kill(_cost: int) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise Killed

    with pytest.raises(Killed):
        catch_up(settings, now, on_credits=kill)


@pytest.mark.parametrize(
    ("factor", "text"),
    [
        (4.0, "4:1"),
        (1 / 190, "1:190"),
        (1 / 1.281, "1000:1281"),
        (1.0004, "2501:2500"),
    ],
)
def test_a_followed_series_ends_as_a_fresh_one(
    tmp_path: Path, vendor: LoopbackVendor, factor: float, text: str
) -> None:
    followed = one_stock(tmp_path / "followed", vendor)
    offer(vendor, FRIDAY)
    run(followed, FRIDAY)
    offer(vendor, MONDAY, factor)

    outcome = run(followed, MONDAY)
    fresh = one_stock(tmp_path / "fresh", vendor)
    run(fresh, MONDAY)

    assert outcome.status is Status.DONE, outcome.reason
    records = BASES.read(paths_of(followed))
    assert [(entry.timeframe, ratio_text(entry.ratio or Fraction(1))) for entry in records] == [
        (frame, text) for frame in FRAMES
    ]
    for frame in FRAMES:
        assert pending_record(paths_of(followed), frame) is None
        assert canonical(followed, frame).equals(canonical(fresh, frame))


def test_a_forming_week_of_before_does_not_keep_the_series_from_joining(
    tmp_path: Path, vendor: LoopbackVendor
) -> None:
    settings = one_stock(tmp_path, vendor)
    wednesday, thursday = (FRIDAY - dt.timedelta(days=days) for days in (2, 1))
    offer(vendor, wednesday)
    run(settings, wednesday)
    offer(vendor, thursday, 1 / 190)

    outcome = run(settings, thursday)

    assert outcome.status is Status.DONE, outcome.reason
    weeks = bars_of("1week", FRIDAY - dt.timedelta(days=7))
    assert canonical(settings, "1week").equals(divided(weeks, 1 / 190))


@pytest.mark.parametrize(("factor", "answers"), [(1 / 190, 2), (1.0037, 1)])
def test_until_it_is_read_again_the_history_is_put_on_the_new_basis(
    tmp_path: Path, vendor: LoopbackVendor, factor: float, answers: int
) -> None:
    settings = one_stock(tmp_path, vendor)
    offer(vendor, FRIDAY)
    run(settings, FRIDAY)
    offer(vendor, MONDAY, factor)
    killed_after(settings, MONDAY, answers)

    promoted = run(settings, MONDAY, (Stage.VALIDATED_BARS,))
    meanwhile = canonical(settings)
    after = run(settings, MONDAY)

    assert promoted.status is Status.DONE, promoted.reason
    expected = divided(bars_of("1day"), factor)
    assert np.allclose(meanwhile["close"], expected["close"], rtol=2e-5)
    assert after.status is Status.DONE
    assert canonical(settings).equals(expected)


@pytest.mark.slow
@pytest.mark.parametrize("commit", range(8))
def test_a_kill_before_any_file_leaves_no_series_on_two_bases(
    tmp_path: Path, vendor: LoopbackVendor, monkeypatch: pytest.MonkeyPatch, commit: int
) -> None:
    settings, factor = one_stock(tmp_path, vendor), 1.281
    offer(vendor, FRIDAY)
    run(settings, FRIDAY)
    offer(vendor, MONDAY, factor)
    with killed_before(commit, monkeypatch), suppress(Killed):
        catch_up(settings, MONDAY)

    run(settings, MONDAY, (Stage.VALIDATED_BARS,))
    meanwhile = canonical(settings)
    after = run(settings, MONDAY)

    expected = divided(bars_of("1day"), factor)
    ratios = meanwhile["close"] / expected["close"][: meanwhile.height]
    assert np.allclose(ratios, ratios[0], rtol=1e-4)
    assert after.status is Status.DONE, after.reason
    assert canonical(settings).equals(expected)


@pytest.mark.slow
def test_a_moment_between_has_the_bars_of_then_and_all_is_proven(
    tmp_path: Path, vendor: LoopbackVendor
) -> None:
    settings = one_stock(tmp_path, vendor)
    offer(vendor, FRIDAY)
    run(settings, FRIDAY)
    offer(vendor, MONDAY, 1.281)
    killed_after(settings, MONDAY, 1)
    run(settings, MONDAY, STAGES[1:])
    meanwhile, then = canonical(settings), proof_of(settings)
    offer(vendor, TUESDAY, 1.281)
    assert run(settings, TUESDAY, STAGES).status is Status.DONE

    workspace = RunWorkspace.open(settings)
    instrument = workspace.universe.instruments[0]
    known = bars_as_of(workspace, instrument, "1day", MONDAY + dt.timedelta(hours=1))

    assert (then, proof_of(settings)) == ("proven", "proven")
    assert known.bars.equals(meanwhile)
    assert not canonical(settings)[: meanwhile.height].equals(meanwhile)


def proof_of(settings: Settings) -> str:
    workspace = RunWorkspace.open(settings)
    return verify(workspace, workspace.universe.instruments[0], recompute=True).result


@pytest.mark.slow
def test_a_dividend_at_every_update_is_followed(tmp_path: Path, vendor: LoopbackVendor) -> None:
    settings, factor = one_stock(tmp_path, vendor), 1.0
    for day in range(4):
        now = MONDAY - dt.timedelta(days=21 - 7 * day)
        offer(vendor, now, factor)
        assert run(settings, now).status is Status.DONE
        factor *= 1.0011

    assert canonical(settings).equals(divided(bars_of("1day", now), factor / 1.0011))
    assert len(basis_records(paths_of(settings), "1day")) == 3


def unlike(bars: pl.DataFrame, last: int) -> pl.DataFrame:
    """``bars`` with other prices in the last of them, which no factor explains."""
    other = make_other(bars.height)
    place = pl.int_range(pl.len())
    return bars.with_columns(
        pl.when(place >= pl.len() - last).then(PRICES * other).otherwise(PRICES).name.keep()
    )


def make_other(height: int) -> pl.Series:
    return pl.Series([1.01 + 0.002 * (place % 7) for place in range(height)])


def test_bars_that_no_factor_explains_are_read_again_once_in_full(
    tmp_path: Path, vendor: LoopbackVendor
) -> None:
    settings = one_stock(tmp_path, vendor)
    offer(vendor, FRIDAY)
    run(settings, FRIDAY)
    revised = unlike(bars_of("1day"), 5)
    offer(vendor, MONDAY)
    list_stock(vendor, "AAA", "1day", revised)
    before = canonical(settings)
    killed_after(settings, MONDAY, 1)

    waiting = run(settings, MONDAY, (Stage.VALIDATED_BARS,))
    meanwhile = canonical(settings)
    done = run(settings, MONDAY)
    asked = len(vendor.questions)
    later = run(settings, MONDAY + dt.timedelta(hours=1))

    assert waiting.status is Status.BLOCKED
    assert "being read again since 2026-11-23" in waiting.reason
    assert meanwhile.equals(before)
    assert done.status is Status.DONE, done.reason
    assert canonical(settings).equals(revised)
    assert later.status is Status.UNCHANGED
    assert len(vendor.questions) == asked


@pytest.mark.slow
@pytest.mark.parametrize("commit", [1, 3, 5])
def test_a_kill_while_bars_disagree_promotes_none_of_them(
    tmp_path: Path, vendor: LoopbackVendor, monkeypatch: pytest.MonkeyPatch, commit: int
) -> None:
    settings = one_stock(tmp_path, vendor)
    offer(vendor, FRIDAY)
    run(settings, FRIDAY)
    before, revised = canonical(settings), unlike(bars_of("1day"), 5)
    offer(vendor, MONDAY)
    list_stock(vendor, "AAA", "1day", revised)
    with killed_before(commit, monkeypatch), suppress(Killed):
        catch_up(settings, MONDAY)

    run(settings, MONDAY, (Stage.VALIDATED_BARS,))
    meanwhile = canonical(settings)
    after = run(settings, MONDAY)

    assert meanwhile.equals(before) or meanwhile.equals(revised)
    assert after.status is Status.DONE, after.reason
    assert canonical(settings).equals(revised)


def test_a_series_whose_old_bars_do_not_come_back_does_not_join(
    tmp_path: Path, vendor: LoopbackVendor
) -> None:
    settings = one_stock(tmp_path, vendor)
    offer(vendor, FRIDAY)
    run(settings, FRIDAY)
    before = canonical(settings)
    offer(vendor, MONDAY)
    # nearly the same prices in some bars, but the series begins in September now
    often = pl.int_range(pl.len()) % 4 > 0
    stored, other = bars_of("1day"), unlike(bars_of("1day"), 50)
    bars = other.with_columns(
        pl.when(often).then(name).otherwise(stored[name]).alias(name) for name in PRICE_COLUMNS
    )
    list_stock(vendor, "AAA", "1day", bars.tail(50))

    outcome = run(settings, MONDAY)

    assert outcome.status is Status.BLOCKED
    assert "overlap_contradiction" in outcome.reason
    assert "`regime universe repoint AAA --reason TEXT`" in outcome.reason
    assert canonical(settings).equals(before)


def test_older_bars_stay_where_those_read_again_join_them(
    tmp_path: Path, vendor: LoopbackVendor
) -> None:
    settings = one_stock(tmp_path, vendor)
    offer(vendor, FRIDAY)
    run(settings, FRIDAY)
    revised = unlike(bars_of("1day"), 5)
    offer(vendor, MONDAY)
    list_stock(vendor, "AAA", "1day", revised.tail(50))

    outcome = run(settings, MONDAY)

    assert outcome.status is Status.DONE, outcome.reason
    assert canonical(settings).equals(revised)


def test_later_bars_without_the_stored_ones_are_refused(
    tmp_path: Path, vendor: LoopbackVendor
) -> None:
    settings = one_stock(tmp_path, vendor)
    offer(vendor, FRIDAY)
    run(settings, FRIDAY)
    before = canonical(settings)
    later = MONDAY + dt.timedelta(days=140)
    reused = stock_bars("1day", MONDAY, later, seed=5)
    list_stock(vendor, "AAA", "1day", reused)
    vendor.now = lambda: later

    refused = run(settings, later)
    workspace = RunWorkspace.open(settings)
    statement = Statement("one company, halted for a week", "ann", later)
    instrument = workspace.universe.instruments[0]
    assert repoint_same(workspace.root, instrument, statement).is_written
    accepted = run(settings, later)

    assert refused.status is Status.FAILED
    assert "is served any more" in refused.reason
    assert "regime universe repoint AAA" in refused.reason
    assert accepted.status is Status.DONE, accepted.reason
    assert canonical(settings).height == before.height + reused.height


def test_stored_bars_that_come_back_end_the_refusal(tmp_path: Path, vendor: LoopbackVendor) -> None:
    settings = one_stock(tmp_path, vendor)
    offer(vendor, FRIDAY)
    run(settings, FRIDAY)
    list_stock(vendor, "AAA", "1day", bars_of("1day").tail(1))
    vendor.now = lambda: MONDAY
    assert run(settings, MONDAY).status is Status.FAILED

    offer(vendor, MONDAY)

    assert run(settings, MONDAY).status is Status.DONE
    assert canonical(settings).equals(bars_of("1day"))


@pytest.mark.parametrize("factor", [1.281, 1.0037])
def test_a_rolling_export_keeps_its_older_bars_on_the_new_basis(
    tmp_path: Path, factor: float
) -> None:
    settings = street(tmp_path, ["AAA"])
    bars = bars_of("1day")
    serve(settings, "AAA", "1day", bars[:-1])
    run(settings, FRIDAY)
    serve(settings, "AAA", "1day", divided(bars, factor)[100:])

    outcome = run(settings, MONDAY)
    again = run(settings, MONDAY + dt.timedelta(hours=1))

    assert outcome.status is Status.DONE, outcome.reason
    assert again.status is Status.UNCHANGED
    expected = divided(bars, factor)
    assert np.allclose(canonical(settings)["close"], expected["close"], rtol=2e-5)
    assert canonical(settings)[100:].equals(expected[100:])


@pytest.mark.parametrize("kept", [0, 100])
def test_a_file_of_another_company_is_blocked(tmp_path: Path, kept: int) -> None:
    settings = street(tmp_path, ["AAA"])
    serve(settings, "AAA", "1day", bars_of("1day", FRIDAY))
    run(settings, FRIDAY)
    before = canonical(settings)
    serve(settings, "AAA", "1day", bars_of("1day", seed=3)[kept:])

    outcome = run(settings, MONDAY)

    assert outcome.status is Status.BLOCKED
    assert "overlap_contradiction" in outcome.reason
    assert canonical(settings).equals(before)
