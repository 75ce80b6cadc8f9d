"""``dagster dev`` with the guarded webserver and ``--read-only``; `regime ui` runs this module.

The command always starts Dagster's own webserver, so the function that starts its processes is
replaced here. ``dg dev`` calls the same function and is in an extra package.
"""

import logging
import sys
import warnings
from collections.abc import Sequence
from typing import Any

import dagster._cli.dev

from regime_platform.orchestration.instance.interrupts import run_command

dev: Any = dagster._cli.dev  # one of its names is replaced below
READ_ONLY = "--read-only"
_start = dev.open_ipc_subprocess
_OWN, _GUARDED = "dagster_webserver", "regime_platform.orchestration.instance.webserver"
_DAEMON = "dagster._daemon"


def main(arguments: Sequence[str]) -> None:
    """Serves until it is interrupted."""
    more = [READ_ONLY] if READ_ONLY in arguments else []

    def start(command: Sequence[str], **options: Any) -> Any:
        return _start(guarded(command, more), **options)

    dev.open_ipc_subprocess = start
    logging.getLogger("dagster").addFilter(_is_no_hint)
    warnings.filterwarnings("ignore", "Function `dev_command` is superseded")
    words = [word for word in arguments if word != READ_ONLY]
    run_command(dev.dev_command, words, prog_name="regime ui")


def _is_no_hint(record: logging.LogRecord) -> bool:
    """False of the hint that DAGSTER_HOME is another folder than the project's: see ``home``."""
    return not record.getMessage().startswith("Found a dagster instance configuration value")


def guarded(command: Sequence[str], more: Sequence[str]) -> list[str]:
    """A command that ``dagster dev`` starts, with the guarded webserver and its ``more`` options.

    Raises:
        RuntimeError: the command is neither webserver nor daemon, so it would not be guarded.
    """
    if _OWN in command:
        return [*(_GUARDED if word == _OWN else word for word in command), *more]
    if _DAEMON not in command:
        raise RuntimeError(f"dagster dev starts an unknown process: {' '.join(command[:4])}")
    return list(command)


if __name__ == "__main__":
    main(sys.argv[1:])
