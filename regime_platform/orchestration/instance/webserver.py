"""Dagster's webserver behind `RequestGuard`.

``python -m regime_platform.orchestration.instance.webserver`` takes the options of
``dagster-webserver``. That program offers no place for a middleware, so the two functions that it
calls to make and to serve its application are replaced in this process.
"""

import logging
from typing import Any

import dagster_webserver.cli
from starlette.applications import Starlette

from regime_platform.orchestration.instance.request_guard import LOOPBACK, RequestGuard, host_names
from regime_platform.settings import Settings

cli: Any = dagster_webserver.cli  # untyped in part; two of its names are replaced below
_LOG = logging.getLogger("dagster-webserver")
_serve = cli.host_dagster_ui_with_workspace_process_context
_make_app = cli.create_app_from_workspace_process_context


def main() -> None:
    """Serves until it is interrupted."""
    cli.host_dagster_ui_with_workspace_process_context = _serve_guarded
    cli.main()


def _serve_guarded(context: Any, host: str | None, *options: Any) -> None:
    names = host_names(host or "127.0.0.1", Settings().allowed_host_names())
    if host not in LOOPBACK | {None}:
        _LOG.warning(
            "%s can be reached from other machines and has no passwords: any client can "
            "start runs. Put an authenticating proxy before it; it answers to %s",
            host,
            ", ".join(sorted(names)),
        )

    def guarded_app(*arguments: Any, **keywords: Any) -> Starlette:
        app: Starlette = _make_app(*arguments, **keywords)
        app.add_middleware(RequestGuard, names=names)
        return app

    cli.create_app_from_workspace_process_context = guarded_app
    _serve(context, host, *options)


if __name__ == "__main__":
    main()
