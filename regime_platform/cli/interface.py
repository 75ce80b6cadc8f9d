"""`regime ui`: Dagster's UI and daemon on the current data root."""

from typing import Annotated

import typer


def ui(
    port: Annotated[int, typer.Option("--port", help="Port to listen on.")] = 3000,
    host: Annotated[str, typer.Option("--host", help="Address to listen on.")] = "127.0.0.1",
    read_only: Annotated[
        bool, typer.Option("--read-only", help="Allow viewing only, no changes.")
    ] = False,
) -> None:
    """Start the Dagster UI with its schedules and sensors; stop it with Ctrl-C."""
    import os
    import signal
    import sys

    from regime_platform.cli.console.screen import messages
    from regime_platform.cli.operations.daemon_lock import hold_daemon_lock
    from regime_platform.orchestration.instance.history import require_sound_history
    from regime_platform.orchestration.instance.home import prepare_home
    from regime_platform.settings import PROJECT_ROOT, Settings

    settings = Settings()
    home = prepare_home(settings)
    require_sound_history(settings)
    hold_daemon_lock(settings)
    messages().print(f"http://{host}:{port} in a few seconds; stop with Ctrl-C", markup=False)
    program = [sys.executable, "-m", "regime_platform.orchestration.instance.dev_server"]
    served = ["-w", str(PROJECT_ROOT / "workspace.yaml"), "--host", host, "--port", str(port)]
    more = ["--read-only"] if read_only else []
    for number in (signal.SIGINT, signal.SIGTERM):
        # a background shell may ignore both, and then nothing could stop the process
        signal.signal(number, signal.SIG_DFL)
    # `env` adds the variable; only settings read the environment
    os.execvp("env", ["env", f"DAGSTER_HOME={home}", *program, *served, *more])  # noqa: S606, S607
