"""What a failed run says of itself: who was held back by the gate, who failed, or that it died."""

import dagster as dg

from regime_platform.pipeline.outcomes import Status


def failure_lines(context: dg.RunFailureSensorContext) -> list[str]:
    """One line for every symbol that is not through, the failed before the blocked.

    A run without such a list crashed: then the error of its steps, or of the run itself.
    """
    rows = _rows(context)
    if rows:
        rows.sort(key=lambda row: row["status"] == Status.BLOCKED)
        return [_line(row) for row in rows]
    errors = [str(event.message) for event in context.get_step_failure_events()]
    return ["the run crashed:", *(errors or [context.failure_event.message or "it says nothing"])]


def is_blocked_only(context: dg.RunFailureSensorContext) -> bool:
    """True where the gate held symbols back and nothing else went wrong."""
    rows = _rows(context)
    return bool(rows) and all(row["status"] == Status.BLOCKED for row in rows)


def _line(row: dict[str, str]) -> str:
    return f"{row['symbol']} {row['status']} at {row['stage']}: {row['reason and remedy']}"


def _rows(context: dg.RunFailureSensorContext) -> list[dict[str, str]]:
    rows = []
    for event in context.get_step_failure_events():
        told = event.step_failure_data.user_failure_data
        symbols = told.metadata.get("symbols") if told is not None else None
        if isinstance(symbols, dg.TableMetadataValue):
            rows += [
                {name: str(cell) for name, cell in record.data.items()}
                for record in symbols.records
            ]
    return rows
