"""`regime metrics`: the figures of `regime status` for Prometheus, once or from a server."""

import datetime as dt
import signal
import threading
from collections.abc import Sequence
from typing import Annotated

import dagster as dg
import typer
from prometheus_client import CollectorRegistry, generate_latest, start_http_server

from regime_platform.cli.console.clock import Clock
from regime_platform.cli.console.output import ALL_GOOD, Output
from regime_platform.cli.console.screen import messages, results
from regime_platform.errors import ConfigError, RegimeError
from regime_platform.orchestration.instance.home import open_instance
from regime_platform.orchestration.status.check import Check
from regime_platform.orchestration.status.metrics import StatusCollector
from regime_platform.orchestration.status.rows import status_rows
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.settings import Settings


def metrics(
    *,
    serve: Annotated[
        int | None,
        typer.Option(
            "--serve",
            help="Serve them on this port until Ctrl-C; 0 takes a free one.",
            min=0,
            max=65535,
        ),
    ] = None,
    host: Annotated[str, typer.Option("--host", help="Address to listen on.")] = "127.0.0.1",
    clock: Clock,
    out: Output,
) -> int:
    settings = Settings()
    if not settings.root_folder.is_dir():
        raise ConfigError(
            f"{settings.root_folder} is no folder; mount it or set REGIME_DATA_ROOT",
            code="no-data-root",
        )
    registry = CollectorRegistry()
    with open_instance(settings) as instance:  # stays open: every opening costs memory
        registry.register(StatusCollector(lambda: _checks(settings, clock.moment(), instance)))
        if serve is None:
            text = generate_latest(registry).decode()
            out.document({"metrics": text})
            if not out.as_json:
                results().out(text, highlight=False, end="")
            return ALL_GOOD
        _serve(registry, host, serve)
    return ALL_GOOD


def _checks(settings: Settings, now: dt.datetime, instance: dg.DagsterInstance) -> Sequence[Check]:
    try:
        return status_rows(RunWorkspace.open(settings), now, opened=instance)
    except RegimeError as error:  # the universe or a setting: what is served says so
        return [Check("universe", "error", str(error), is_fatal=True)]


def _serve(registry: CollectorRegistry, host: str, port: int) -> None:
    try:
        server, thread = start_http_server(port, host, registry)
    except OSError as error:
        raise ConfigError(
            f"http://{host}:{port} cannot be served: {error.strerror}; choose another --serve or "
            "--host",
            code="port-in-use",
        ) from error
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):  # a background shell may ignore the first
        signal.signal(number, lambda *_: stop.set())
    messages().print(f"http://{host}:{server.server_port}/metrics; stop with Ctrl-C")
    stop.wait()
    server.shutdown()
    thread.join()
