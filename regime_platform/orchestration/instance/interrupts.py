"""Runs commands of Dagster so that Ctrl-C ends them without a message.

A terminal sends it to all processes of `regime ui`, and each would print that it was aborted.
"""

import sys
from collections.abc import Sequence
from typing import Any

import dagster._cli.dev

_dev: Any = dagster._cli.dev
_click = _dev.click
_INTERRUPTED = 130


def run_command(command: Any, arguments: Sequence[str], **options: Any) -> None:
    """Runs a command; exits where it fails, is interrupted or cannot read its arguments."""
    try:
        code = command.main(list(arguments), standalone_mode=False, **options)
    except (_click.Abort, KeyboardInterrupt):
        sys.exit(_INTERRUPTED)
    except _click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    if code:
        sys.exit(code)
