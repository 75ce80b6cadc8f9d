"""The one text form of an instant in documents, file names and JSON output."""

import datetime as dt


def iso(instant: dt.datetime) -> str:
    """ISO 8601 in UTC with a Z."""
    return instant.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")


def instant(text: str) -> dt.datetime:
    """The inverse of ``iso``.

    Raises:
        ValueError: the text is no ISO 8601.
    """
    return dt.datetime.fromisoformat(text)
