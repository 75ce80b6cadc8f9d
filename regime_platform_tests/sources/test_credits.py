"""The credit budget: never exceeded, shared by processes, corrected by the vendor's counts."""

import datetime as dt
import multiprocessing
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regime_platform.errors import QuotaError, SourceError
from regime_platform.sources.credits import SMALLEST_PLAN, CreditBudget, Limits
from regime_platform_tests.error_codes import raises
from regime_platform_tests.prepared_process import PREPARED
from regime_platform_tests.sources.conftest import FakeClock

TODAY = dt.date(2026, 11, 20)
Maker = Callable[..., CreditBudget]


@pytest.fixture
def make_budget(tmp_path: Path) -> Maker:
    def make(
        clock: FakeClock, per_minute: int | None = None, per_day: int | None = None
    ) -> CreditBudget:
        limits = Limits(per_minute, per_day)
        return CreditBudget(tmp_path / "credits.sqlite", limits, clock, clock.sleep)

    return make


def test_a_minute_that_is_spent_is_waited_out(make_budget: Maker) -> None:
    clock = FakeClock(600.0 + 10.0)
    budget = make_budget(clock, 3)

    for _ in range(4):
        budget.reserve(1, TODAY)

    assert clock.waits == [51.0]
    assert budget.spent(TODAY).minute_used == 1


def test_credits_counted_by_a_clock_ahead_are_dropped(make_budget: Maker) -> None:
    right = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC).timestamp()
    tomorrow = TODAY + dt.timedelta(days=1)
    make_budget(FakeClock(right + 86_400), 10, 10).reserve(10, tomorrow)
    make_budget(FakeClock(right), 10, 10).reserve(1, TODAY)

    next_day = make_budget(FakeClock(right + 86_400), 10, 10)
    next_day.reserve(10, tomorrow)

    assert next_day.spent(tomorrow).day_used == next_day.spent(tomorrow).minute_used == 10


@settings(max_examples=40, deadline=None)
@given(
    limit=st.integers(1, 60),
    asks=st.lists(st.tuples(st.integers(1, 60), st.floats(0, 7)), max_size=60),
)
def test_no_minute_exceeds_its_limit(
    tmp_path_factory: pytest.TempPathFactory, limit: int, asks: list[tuple[int, float]]
) -> None:
    clock = FakeClock(6000.0)
    file = tmp_path_factory.mktemp("credits") / "credits.sqlite"
    budget = CreditBudget(file, Limits(limit), clock, clock.sleep)
    spent: Counter[int] = Counter()

    for cost, passing in asks:
        clock.now += passing
        if cost > limit:
            with raises(SourceError, "minute-too-small", match="REGIME_CREDITS_PER_MINUTE"):
                budget.reserve(cost, TODAY)
            continue
        budget.reserve(cost, TODAY)
        spent[int(clock.now // 60)] += cost

    assert all(used <= limit for used in spent.values())


def test_credits_of_the_day_end_the_run_and_come_back_the_next_day(make_budget: Maker) -> None:
    budget = make_budget(FakeClock(), 10, 2)
    for _ in range(2):
        budget.reserve(1, TODAY)

    with raises(
        QuotaError, "own-budget-spent", match=r"2 of the 2 .*2026-11-20.*REGIME_CREDITS_PER_DAY"
    ):
        budget.reserve(1, TODAY)
    budget.reserve(1, TODAY + dt.timedelta(days=1))


def test_what_is_spent_after_midnight_is_of_the_day_that_began(make_budget: Maker) -> None:
    clock = FakeClock(dt.datetime(2026, 11, 20, 23, 59, 30, tzinfo=dt.UTC).timestamp())
    budget, tomorrow = make_budget(clock, 4, 6), TODAY + dt.timedelta(days=1)

    for _ in range(10):  # four before midnight, six after it
        budget.reserve(1, TODAY)

    assert [budget.spent(day).day_used for day in (TODAY, tomorrow)] == [4, 6]
    with raises(QuotaError, "own-budget-spent", match="2026-11-21"):
        budget.reserve(1, tomorrow)


def test_the_smallest_plan_is_the_default_until_the_vendor_reports_a_limit(
    make_budget: Maker,
) -> None:
    budget = make_budget(FakeClock())
    before = budget.minute_limit()

    budget.correct(used=1, left=54)

    assert (before, budget.minute_limit()) == (SMALLEST_PLAN, 55)


def test_the_lower_of_setting_and_plan_is_the_limit(make_budget: Maker) -> None:
    frugal, hopeful = make_budget(FakeClock(), 5), make_budget(FakeClock(), 500)

    frugal.correct(used=0, left=55)

    assert (frugal.minute_limit(), hopeful.minute_limit()) == (5, 55)


def test_credits_spent_by_other_devices_count(make_budget: Maker) -> None:
    clock = FakeClock()
    budget = make_budget(clock, 8)
    budget.reserve(1, TODAY)

    budget.correct(used=8, left=0)
    budget.reserve(1, TODAY)

    assert len(clock.waits) == 1


def test_a_count_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    file = tmp_path / "credits.sqlite"
    file.write_bytes(b"no database at all" * 100)
    clock = FakeClock()

    with raises(SourceError, "credit-count-unusable", match=r"credits\.sqlite.*remove it"):
        CreditBudget(file, Limits(8), clock, clock.sleep).reserve(1, TODAY)


def _spend(file: Path, start: float, times: int, queue: "multiprocessing.Queue[list[int]]") -> None:
    clock = FakeClock(start)
    budget = CreditBudget(file, Limits(50), clock, clock.sleep)
    minutes = []
    for _ in range(times):
        budget.reserve(1, TODAY)
        minutes.append(int(clock.now // 60))
    queue.put(minutes)


@pytest.mark.slow
def test_processes_spend_from_one_budget(tmp_path: Path) -> None:
    queue: multiprocessing.Queue[list[int]] = PREPARED.Queue()
    arguments = (tmp_path / "credits.sqlite", 6002.0, 120, queue)
    processes = [PREPARED.Process(target=_spend, args=arguments) for _ in range(2)]
    for process in processes:
        process.start()

    minutes = [*queue.get(timeout=60), *queue.get(timeout=60)]

    for process in processes:
        process.join()
    assert len(minutes) == 240
    assert max(Counter(minutes).values()) <= 50
