"""The symbols that failed in a run: reported by its step, read by the sensor that sends alerts."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass
from functools import wraps
from inspect import isgeneratorfunction
from typing import Any, Self, TypeVar, cast

import dagster as dg

from regime_platform.errors import RegimeError
from regime_platform.orchestration.events.tables import table
from regime_platform.pipeline.outcomes import Status

Body = TypeVar("Body", bound=Callable[..., Any])
_SYMBOLS = "symbols"  # the metadata of a failure that holds the table
_PROBLEMS = "problems"  # of the whole run, in the same metadata
_COLUMNS = ("symbol", "status", "stage", "reason and remedy", "detail")  # of the table
#: Status of a failed symbol -> how several are counted.
_WORDS = {
    Status.FAILED.value: "failed",
    Status.NO_BARS.value: "without bars",
    Status.BLOCKED.value: "blocked",
}
#: Words of Dagster's messages on runs that run monitoring ended.
_TIMEOUTS = ("maximum runtime", "Run timed out")
_INTERRUPTED = "Execution was interrupted unexpectedly"
_EXIT = "unexpectedly exited"
_EXIT_AT_START = "terminated unexpectedly"
_NAMED = 5  # symbols in the one-line description; the table lists all


@dataclass(frozen=True)
class FailedSymbol:
    """One row of the table of a failure."""

    symbol: str
    status: str  # of ``Status``, or the result of a verification
    stage: str
    reason: str  # with the remedy
    detail: str = ""  # the traceback of a defect

    @property
    def line(self) -> str:
        """The symbol in an alert."""
        return f"{self.symbol} {self.status} at {self.stage}: {self.reason}"

    def row(self) -> dict[str, str]:
        """The symbol as a row of the table."""
        return dict(zip(_COLUMNS, astuple(self), strict=True))

    @classmethod
    def of_row(cls, row: Mapping[str, Any]) -> Self:
        """The symbol that a row of the table describes; rows of 0.1.0 have no detail."""
        return cls(*(str(row.get(name, "")) for name in _COLUMNS))


def run_failure(
    title: str,
    failed: Sequence[FailedSymbol],
    problems: Sequence[str] = (),
    metadata: Mapping[str, Any] | None = None,
) -> dg.Failure:
    """The failure that ends a step, with the table of symbols and ``problems`` of the whole run.

    It is never retried, since a retry would fail the same way.
    """
    names = [f"{row.symbol} ({row.status} at {row.stage}: {row.reason})" for row in failed[:_NAMED]]
    more = [f"and {len(failed) - _NAMED} more"] if len(failed) > _NAMED else []
    head = f"{title}{_in_brackets(failed)}: " if failed else ""
    return dg.Failure(
        f"{head}{'; '.join([*names, *more, *problems])}",
        metadata={
            **(metadata or {}),
            **({_PROBLEMS: list(problems)} if problems else {}),
            _SYMBOLS: table([row.row() for row in failed]),
        },
        allow_retries=False,
    )


@dataclass(frozen=True)
class RunFailure:
    """What a failed run came to: in a few words, its errors, and the symbols that failed."""

    summary: str
    problems: Sequence[str]
    failed: Sequence[FailedSymbol] = ()
    has_crashed: bool = False  # ended without a message of its own

    @property
    def lines(self) -> list[str]:
        """A line for each error and symbol."""
        return [*self.problems, *(row.line for row in self.failed)]


def run_failure_of(context: dg.RunFailureSensorContext) -> RunFailure:
    """The problems of a failed run and its symbols, blocked ones last, or the message of its error.

    Only a run without any of these crashed: its process ended.
    """
    metadata = _metadata(context)
    failed, problems = _failed_symbols(metadata), _problems(metadata)
    if failed:
        failed.sort(key=lambda row: row.status == Status.BLOCKED)
        is_blocked_only = failed[0].status == Status.BLOCKED and not problems
        summary = "blocked symbols" if is_blocked_only else f"failed{_in_brackets(failed)}"
        return RunFailure(summary, problems, failed)
    messages = _messages(context)
    ends = [message for message in messages if _EXIT_AT_START in message]
    if messages and not ends:
        return RunFailure("failed", messages)
    message = context.failure_event.message or "without a message"
    if any(words in message for words in _TIMEOUTS):
        return RunFailure("took too long", [message], has_crashed=True)
    texts = [event.message or "" for event in _engine_events(context)]
    ends += [text for text in texts if _EXIT in text]
    return RunFailure("crashed", ["the run crashed:", message, *ends], has_crashed=True)


def without_traceback(body: Body) -> Body:
    """The function of a step whose error, where a user can correct it, is the failure of its run.

    Dagster shows the message of such a failure first, and those of other errors below its own words
    and the calls of the platform.
    """

    @wraps(body)
    def yielding(*arguments: Any, **options: Any) -> Iterator[Any]:
        try:
            yield from body(*arguments, **options)
        except RegimeError as error:
            raise dg.Failure(str(error), allow_retries=False) from error

    @wraps(body)
    def returning(*arguments: Any, **options: Any) -> Any:
        try:
            return body(*arguments, **options)
        except RegimeError as error:
            raise dg.Failure(str(error), allow_retries=False) from error

    return cast("Body", yielding if isgeneratorfunction(body) else returning)


def _messages(context: dg.RunFailureSensorContext) -> list[str]:
    """The messages of errors that the process of the run reported before it ended."""
    steps = [event.step_failure_data for event in context.get_step_failure_events()]
    messages = [
        step.user_failure_data.description or ""
        if step.user_failure_data is not None
        else _message(step.error)
        for step in steps
    ]
    if any(messages) or _is_interrupted(context.failure_event):
        return [message for message in messages if message]
    errors = [event.engine_event_data.error for event in _engine_events(context)]
    if context.failure_event.event_specific_data is not None:
        errors.append(context.failure_event.job_failure_data.error)
    return list(dict.fromkeys(_message(error) for error in errors if error is not None))


def _engine_events(context: dg.RunFailureSensorContext) -> list[dg.DagsterEvent]:
    entries = context.instance.all_logs(
        context.dagster_run.run_id, {dg.DagsterEventType.ENGINE_EVENT}
    )
    return [entry.dagster_event for entry in entries if entry.dagster_event is not None]


def _is_interrupted(event: dg.DagsterEvent) -> bool:
    return _INTERRUPTED in (event.message or "")


def _message(error: Any) -> str:
    """The message of the first cause, without the name of its class where a user can correct it."""
    if error is None:
        return ""
    while error.cause is not None:
        error = error.cause
    text: str = error.message.strip()
    name, _, message = text.partition(": ")
    return message if name.startswith("regime_platform.") else text


def _in_brackets(failed: Sequence[FailedSymbol]) -> str:
    counts = Counter(row.status for row in failed)
    if not counts.keys() <= _WORDS.keys() or counts.keys() <= {Status.FAILED}:
        return ""
    return (
        f" ({', '.join(f'{counts[name]} {word}' for name, word in _WORDS.items() if counts[name])})"
    )


def _metadata(context: dg.RunFailureSensorContext) -> list[Mapping[str, dg.MetadataValue[Any]]]:
    """What the steps of a run said of their failures."""
    failures = (
        event.step_failure_data.user_failure_data for event in context.get_step_failure_events()
    )
    return [failure.metadata for failure in failures if failure is not None]


def _failed_symbols(metadata: Sequence[Mapping[str, Any]]) -> list[FailedSymbol]:
    tables = (each.get(_SYMBOLS) for each in metadata)
    return [
        FailedSymbol.of_row(record.data)
        for value in tables
        if isinstance(value, dg.TableMetadataValue)
        for record in value.records
    ]


def _problems(metadata: Sequence[Mapping[str, Any]]) -> list[str]:
    lists = (each.get(_PROBLEMS) for each in metadata)
    return [
        str(line)
        for value in lists
        if isinstance(value, dg.JsonMetadataValue) and isinstance(value.value, list)
        for line in value.value
    ]
