"""``dagster dev`` with the guarded webserver: what `regime ui` turns into.

Run as a module it takes the options of ``dagster dev``, and ``--read-only`` for its webserver.
``dagster dev`` always starts Dagster's own webserver, so the function that starts its processes is
replaced here.
"""

import sys
from collections.abc import Sequence
from typing import Any

import dagster._cli.dev

dev: Any = dagster._cli.dev  # one of its names is replaced below
READ_ONLY = "--read-only"
_start = dev.open_ipc_subprocess
_OWN = ["-m", "dagster_webserver"]
_GUARDED = ["-m", "regime_platform.orchestration.webserver"]


def main(arguments: Sequence[str]) -> None:
    """Serves until it is interrupted."""
    more = [READ_ONLY] if READ_ONLY in arguments else []

    def start(command: list[str], **options: Any) -> Any:
        program, *rest = command[1:3], *command[3:]
        return _start(
            [command[0], *_GUARDED, *more, *rest] if program == _OWN else command, **options
        )

    dev.open_ipc_subprocess = start
    dev.dev_command(args=[word for word in arguments if word != READ_ONLY], prog_name="regime ui")


if __name__ == "__main__":
    main(sys.argv[1:])
