"""A failure is sent once for as long as it lasts."""

import datetime as dt

import pytest

from regime_platform.orchestration.alerts.open_failures import (
    FailureNews,
    OpenFailures,
    read_failures,
    with_failure,
    write_failures,
)
from regime_platform.orchestration.events.failures import FailedSymbol, RunFailure
from regime_platform.settings import Settings
from regime_platform_tests.conftest import NOW

GONE = FailedSymbol("GONE", "failed", "raw_bars", "the vendor does not know it (code 404)")
OAK = FailedSymbol("OAK", "blocked", "validated_bars", "high_low_order rejected 1 bar")


class Record:
    """The failures on disk, read and written by each failed run."""

    def __init__(self, settings: Settings) -> None:
        self.settings, self.runs = settings, 0

    def fail(self, failure: RunFailure, job: str = "update_daily") -> FailureNews:
        """What is news of a run, an hour after the last."""
        self.runs += 1
        now = NOW + dt.timedelta(hours=self.runs)
        after, news = with_failure(self.read(), job, failure, now)
        write_failures(self.settings, after)
        return news

    def read(self) -> OpenFailures:
        """Those of now."""
        return read_failures(self.settings)


@pytest.fixture
def failures(settings: Settings) -> Record:
    return Record(settings)


def test_the_same_cause_of_a_symbol_is_sent_once_and_another_one_is_news(failures: Record) -> None:
    first = failures.fail(RunFailure("failed", [], [GONE]))
    again = failures.fail(RunFailure("failed", [], [GONE]), "recompute")
    both = failures.fail(RunFailure("failed", [], [OAK, GONE]))
    counted = FailedSymbol("OAK", "blocked", "validated_bars", "high_low_order rejected 12 bars")
    more = failures.fail(RunFailure("failed", [], [counted]))
    other = FailedSymbol("OAK", "failed", "raw_bars", "the file cannot be read")
    changed = failures.fail(RunFailure("failed", [], [other]))

    assert first.lines == [GONE.line]
    assert again.lines == []
    assert both.lines == [
        OAK.line,
        "sent before and still failing: 1; `regime status` shows all",
    ]
    assert changed.lines == [other.line]
    assert more.lines == []
    assert failures.read().lines({"GONE": "unused", "ELM": "failed: by a command"}) == [
        "GONE since 2026-11-20, 3 times: failed at raw_bars: " + GONE.reason,
        "ELM failed: by a command",
    ]


def test_a_symbol_that_was_good_again_fails_anew(failures: Record) -> None:
    failures.fail(RunFailure("failed", [], [GONE, OAK]))
    write_failures(failures.settings, failures.read().without_good({"OAK"}))

    news = failures.fail(RunFailure("failed", [], [GONE, OAK]))

    assert [row.symbol for row in news.failed] == ["GONE"]


def test_a_problem_of_a_job_lasts_until_a_run_without_it(failures: Record) -> None:
    refused = RunFailure("failed", ["the run ended early, 12 not reached: the key is refused"])
    later = RunFailure("failed", ["the run ended early, 7 not reached: the key is refused"])

    assert failures.fail(refused).lines == list(refused.problems)
    assert failures.fail(later).lines == []
    assert failures.read().lines({}) == [
        f"update_daily since 2026-11-20, 2 times: {later.problems[0]}"
    ]
    assert failures.fail(refused, "update_core").lines == list(refused.problems)
    failures.fail(RunFailure("failed", [], [GONE]))
    assert failures.fail(refused).lines == list(refused.problems)
    write_failures(failures.settings, failures.read().without_job("update_daily"))
    assert failures.read().last_of("update_daily") is None
    assert failures.fail(refused).lines == list(refused.problems)


def test_every_crash_is_sent(failures: Record) -> None:
    crash = RunFailure("crashed", ["the run crashed:", "gone"], has_crashed=True)

    assert [failures.fail(crash).lines for _ in range(2)] == [["the run crashed:", "gone"]] * 2


def test_a_damaged_record_sends_all_again(failures: Record) -> None:
    failures.fail(RunFailure("failed", [], [GONE]))
    (failures.settings.dagster_folder / "open_failures.json").write_text("{")

    assert failures.fail(RunFailure("failed", [], [GONE])).lines == [GONE.line]
