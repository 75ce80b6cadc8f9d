"""The symbols that failed in a run: reported by its step, read by the sensor that sends alerts."""

from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from typing import Any, Self

import dagster as dg

from regime_platform.orchestration.events.tables import table
from regime_platform.pipeline.outcomes import Status

_SYMBOLS = "symbols"  # the metadata of a failure that holds the table
_COLUMNS = ("symbol", "status", "stage", "reason and remedy", "detail")  # of the table
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
    return dg.Failure(
        f"{title}: {'; '.join([*names, *more, *problems])}",
        metadata={**(metadata or {}), _SYMBOLS: table([row.row() for row in failed])},
        allow_retries=False,
    )


def failure_lines(context: dg.RunFailureSensorContext) -> tuple[list[str], bool]:
    """One line for every failed and then every blocked symbol, and whether all are blocked.

    A run that lists no symbols crashed: then the errors of its steps, or that of the run.
    """
    failed = _failed_symbols(context)
    if failed:
        failed.sort(key=lambda row: row.status == Status.BLOCKED)
        return [row.line for row in failed], failed[0].status == Status.BLOCKED
    errors = [str(event.message) for event in context.get_step_failure_events()]
    message = context.failure_event.message or "without a message"
    return ["the run crashed:", *(errors or [message])], False


def _failed_symbols(context: dg.RunFailureSensorContext) -> list[FailedSymbol]:
    failures = (
        event.step_failure_data.user_failure_data for event in context.get_step_failure_events()
    )
    tables = (failure.metadata.get(_SYMBOLS) for failure in failures if failure is not None)
    return [
        FailedSymbol.of_row(record.data)
        for value in tables
        if isinstance(value, dg.TableMetadataValue)
        for record in value.records
    ]
