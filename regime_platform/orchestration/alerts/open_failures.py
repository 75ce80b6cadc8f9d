"""The failures that were sent and last: each cause is sent once, then it is in the digest.

A symbol that its vendor does not know fails in every update, several times a day.
"""

import datetime as dt
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from pydantic import Field

from regime_platform.bar_store.layout import DataRoot
from regime_platform.compute_db.board import readable_board
from regime_platform.errors import RegimeError
from regime_platform.model.document import Document, Instant
from regime_platform.orchestration.alerts.looks import failing
from regime_platform.orchestration.alerts.reported import read_record, write_record
from regime_platform.orchestration.events.failures import FailedSymbol, RunFailure
from regime_platform.settings import Settings

#: Counts and dates, which differ from run to run where the cause does not.
_NUMBER = re.compile(r"\d[\d,]*( \w+?(?=s?\b))?s?")


class OpenFailure(Document):
    """A failure of a symbol or a job, and how often it came."""

    reason: str
    since: Instant
    last: Instant
    times: int

    def again(self, reason: str, now: dt.datetime) -> "OpenFailure":
        """The same after it came once more."""
        return self.model_copy(update={"reason": reason, "last": now, "times": self.times + 1})

    def __str__(self) -> str:
        times = "once" if self.times == 1 else f"{self.times:,} times"
        return f"since {self.since:%Y-%m-%d}, {times}: {self.reason}"


class OpenFailures(Document):
    """Those of symbols, by symbol, and those of whole runs, by job and cause."""

    symbols: dict[str, OpenFailure] = Field(default_factory=dict)
    jobs: dict[str, dict[str, OpenFailure]] = Field(default_factory=dict)

    def without_good(self, failing: Collection[str]) -> "OpenFailures":
        """Only the symbols that still fail."""
        left = {name: each for name, each in self.symbols.items() if name in failing}
        return self.model_copy(update={"symbols": left})

    def last_of(self, job: str) -> dt.datetime | None:
        """When a problem of the job came last; None where it has none."""
        return max((each.last for each in self.jobs.get(job, {}).values()), default=None)

    def without_job(self, job: str) -> "OpenFailures":
        """After a run of the job that succeeded."""
        left = {name: each for name, each in self.jobs.items() if name != job}
        return self.model_copy(update={"jobs": left})

    def lines(self, failing: Mapping[str, str]) -> list[str]:
        """A line for every failing symbol, whose reason the board has, and every open problem."""
        lines = [f"{symbol} {self.symbols.get(symbol, why)}" for symbol, why in failing.items()]
        problems = ((job, each) for job, causes in self.jobs.items() for each in causes.values())
        return [*lines, *(f"{job} {each}" for job, each in problems)]


@dataclass(frozen=True)
class FailureNews:
    """What of a failed run was not sent before."""

    failed: Sequence[FailedSymbol]
    problems: Sequence[str]
    known: int  # failures that were sent before

    @property
    def lines(self) -> list[str]:
        """A line for each; none where all was sent before."""
        lines = [*self.problems, *(row.line for row in self.failed)]
        if lines and self.known:
            lines.append(
                f"sent before and still failing: {self.known:,}; `regime status` shows all"
            )
        return lines


def with_failure(
    failures: OpenFailures, job: str, failure: RunFailure, now: dt.datetime
) -> tuple[OpenFailures, FailureNews]:
    """The open failures after a failed run of ``job``, and what of it is news.

    A problem of the whole run that did not come again is over. A crash is always news.
    """
    if failure.has_crashed:
        return failures, FailureNews(failure.failed, failure.problems, 0)
    before = failures.jobs.get(job, {})
    problems = {_cause(text): text for text in failure.problems}
    lasting = {cause: _next(before.get(cause), text, now) for cause, text in problems.items()}
    symbols, news = dict(failures.symbols), []
    for row in failure.failed:
        known = symbols.get(row.symbol)
        if known is None or _cause(known.reason) != _cause(_reason(row)):
            known = None
            news.append(row)
        symbols[row.symbol] = _next(known, _reason(row), now)
    new_problems = [text for cause, text in problems.items() if cause not in before]
    count = len(failure.failed) + len(problems) - len(news) - len(new_problems)
    jobs = {name: each for name, each in {**failures.jobs, job: lasting}.items() if each}
    return OpenFailures(symbols=symbols, jobs=jobs), FailureNews(news, new_problems, count)


def read_failures(settings: Settings) -> OpenFailures:
    """The open failures; none where there is no record that can be read, so that all are sent."""
    try:
        stored = read_record(settings.dagster_folder / _FILE, OpenFailures)
    except RegimeError:
        stored = None
    return stored or OpenFailures()


def open_failures(settings: Settings) -> OpenFailures:
    """Those of symbols that still fail by the board, and those of jobs."""
    board = readable_board(DataRoot(settings.root_folder))
    return read_failures(settings).without_good(failing(board))


def write_failures(settings: Settings, failures: OpenFailures) -> None:
    """Replaces the open failures."""
    write_record(settings.dagster_folder / _FILE, failures)


_FILE = "open_failures.json"


def _next(known: OpenFailure | None, reason: str, now: dt.datetime) -> OpenFailure:
    if known is None:
        return OpenFailure(reason=reason, since=now, last=now, times=1)
    return known.again(reason, now)


def _reason(row: FailedSymbol) -> str:
    return f"{row.status} at {row.stage}: {row.reason}"


def _cause(reason: str) -> str:
    return _NUMBER.sub(r"#\1", reason)
