"""The clock of this machine compared with the vendor's."""

from email.utils import formatdate
from pathlib import Path

import httpx
import pytest

from regime_platform.errors import ClockError
from regime_platform.sources.credits import CreditBudget, Limits
from regime_platform.sources.twelvedata.answers import note_clock
from regime_platform_tests.error_codes import raises
from regime_platform_tests.sources.conftest import FakeClock

NOW = 1_795_000_000.0


@pytest.fixture
def budget(tmp_path: Path) -> CreditBudget:
    """A budget without counts."""
    clock = FakeClock()
    return CreditBudget(tmp_path / "credits.sqlite", Limits(8), clock, clock.sleep)


def dated(seconds: float, **others: str) -> httpx.Headers:
    return httpx.Headers({"date": formatdate(seconds, usegmt=True), **others})


@pytest.mark.parametrize(
    ("ahead", "is_behind"), [(-3600, True), (-60, False), (0, False), (60, False)]
)
def test_the_offset_is_stored_and_a_clock_behind_is_reported(
    budget: CreditBudget, ahead: float, is_behind: bool
) -> None:
    assert note_clock(budget, dated(NOW - ahead), (NOW, NOW)) is is_behind
    assert budget.reported("clock_offset") == f"{ahead}"


def test_a_clock_far_ahead_ends_the_run(budget: CreditBudget) -> None:
    with raises(ClockError, "clock", match=r"60 minutes ahead.*timedatectl"):
        note_clock(budget, dated(NOW - 3600), (NOW, NOW))


def test_a_slow_answer_is_no_offset(budget: CreditBudget) -> None:
    assert not note_clock(budget, dated(NOW + 60), (NOW, NOW + 120))
    assert float(budget.reported("clock_offset") or "") == 0


def test_an_answer_of_a_cache_was_dated_earlier(budget: CreditBudget) -> None:
    assert not note_clock(budget, dated(NOW - 7200, age="7200"), (NOW, NOW))


@pytest.mark.parametrize("headers", [{}, {"date": "yesterday"}])
def test_without_a_date_nothing_is_compared(budget: CreditBudget, headers: dict[str, str]) -> None:
    assert not note_clock(budget, httpx.Headers(headers), (NOW, NOW))
    assert budget.reported("clock_offset") is None
