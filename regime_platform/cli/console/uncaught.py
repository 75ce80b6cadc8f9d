"""The traceback of an error that nothing caught, without secrets."""

import traceback
from types import TracebackType

from regime_platform.cli.console.screen import messages
from regime_platform.redaction import redact


def show_uncaught(
    kind: type[BaseException], error: BaseException, at: TracebackType | None
) -> None:
    """Prints it; for ``sys.excepthook``."""
    messages().out(redact("".join(traceback.format_exception(kind, error, at))), end="")
