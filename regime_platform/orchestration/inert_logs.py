"""What the processes of Dagster log, without what would act on a terminal that shows it.

Messages of a run name symbols, reasons and answers of vendors. They reach the log of the daemon,
the logs of steps and a terminal through Python's logging, whichever logger they come from; so that
is where control characters become visible. Colours that a formatter adds come later and stay.
"""

import logging

from regime_platform.inert_text import inert_lines


class InertRecord(logging.LogRecord):
    """A record whose message has no control characters but ends of lines."""

    def getMessage(self) -> str:  # noqa: N802 - logging's name
        """The message with its arguments."""
        return inert_lines(super().getMessage())


def keep_logs_inert() -> None:
    """From now on in this process, for every logger."""
    logging.setLogRecordFactory(InertRecord)
