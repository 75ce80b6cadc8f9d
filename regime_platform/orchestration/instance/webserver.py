"""Dagster's webserver, with its options, behind `RequestGuard`; it also serves the report.

It has no place for a middleware, so the functions that make and serve its app are replaced.
"""

import logging
import re
import sys
from collections.abc import Collection, Iterable
from typing import Any
from urllib.parse import parse_qs

import dagster_webserver.app
import dagster_webserver.cli
from dagster_webserver.webserver import DagsterWebserver
from graphql import GraphQLError, OperationDefinitionNode, OperationType, parse
from starlette.applications import Starlette
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from regime_platform.bar_store.layout import DataRoot
from regime_platform.orchestration.instance.interrupts import run_command
from regime_platform.orchestration.instance.report_files import report_routes
from regime_platform.settings import Settings

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_ANY_ADDRESS = frozenset({"", "0.0.0.0", "::"})  # noqa: S104 - recognised, not listened on
_HOST = re.compile(r"(?P<name>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::[0-9]*)?")
_POLICY_VIOLATION = 1008  # of websockets
#: No page of another site shows these pages within itself, nor learns their addresses.
_HEADERS = {
    "X-Frame-Options": "SAMEORIGIN",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}


def host_names(listening_on: str, configured: Iterable[str]) -> frozenset[str]:
    """The accepted names of a server ``listening_on`` an address, in lower case and without ports.

    ``configured`` are further ones, such as that of a reverse proxy.
    """
    names = {listening_on.strip("[]"), *configured} - _ANY_ADDRESS
    return LOOPBACK | {name.lower() for name in names}


class ReadOnlyWebserver(DagsterWebserver[Any, Any]):
    """A webserver whose GraphQL has no mutations.

    With ``--read-only`` Dagster's own refuses most of them one by one, after some of their work.
    """

    def build_graphql_schema(self) -> Any:
        """Dagster's schema without its type of mutations."""
        schema: Any = super().build_graphql_schema()
        schema.graphql_schema.mutation_type = None
        return schema


class RequestGuard:
    """Middleware that refuses requests before ``app`` receives them; ``names``: `host_names`."""

    def __init__(self, app: ASGIApp, names: Collection[str]) -> None:
        self._app = app
        self._names = names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers a refused request, and passes others to the app."""
        if scope["type"] not in {"http", "websocket"}:
            return await self._app(scope, receive, send)
        refusal = self._foreign_sender(Headers(scope=scope)) or _foreign_form(scope)
        answer = _protecting(send) if scope["type"] == "http" else send
        if refusal is None:
            return await self._app(scope, receive, answer)
        if scope["type"] == "http":
            return await refusal(scope, receive, answer)
        await send(_closed())
        return None

    def _foreign_sender(self, headers: Headers) -> PlainTextResponse | None:
        host = headers.get("host", "")
        name = _name_of(host)
        if name not in self._names:
            return _refused(
                403,
                f"This server does not answer to the name {name or host!r}, but to "
                f"{', '.join(sorted(self._names))} and the names in REGIME_ALLOWED_HOSTS.",
            )
        for origin in headers.getlist("origin"):
            if origin.partition("://")[2].lower() != host.lower():
                return _refused(
                    403,
                    f"A page of {origin} may not use this server. Open it by its own address; "
                    "a reverse proxy must pass the Host header on as it came.",
                )
        return None


def _protecting(send: Send) -> Send:
    """Sends what ``send`` does, with headers that all answers have: pages, files and refusals."""

    async def protecting(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in _HEADERS.items():
                headers[name] = value
            if "frame-ancestors" not in headers.get("content-security-policy", ""):
                headers.append("Content-Security-Policy", "frame-ancestors 'self'")
        await send(message)

    return protecting


def _foreign_form(scope: Scope) -> PlainTextResponse | None:
    """Refuses GraphQL in a form that pages of other sites can send: links and plain forms."""
    if scope["type"] != "http" or not scope["path"].rstrip("/").endswith("/graphql"):
        return None
    if scope["method"] != "POST":
        return _mutation_by_link(parse_qs(scope["query_string"].decode("latin-1")))
    media_type = Headers(scope=scope).get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        return _refused(415, f"GraphQL is read as application/json, not as {media_type!r}.")
    return None


def _mutation_by_link(parameters: dict[str, list[str]]) -> PlainTextResponse | None:
    if all(_has_only_queries(query) for query in parameters.get("query", [])):
        return None
    return _refused(
        405, "A GraphQL mutation is sent by POST as application/json.", {"Allow": "POST"}
    )


def _has_only_queries(query: str) -> bool:
    try:
        definitions = parse(query).definitions
    except (GraphQLError, RecursionError):
        return True  # Dagster reports the error and executes nothing
    return all(
        definition.operation is OperationType.QUERY
        for definition in definitions
        if isinstance(definition, OperationDefinitionNode)
    )


def _name_of(host: str) -> str:
    """The name in a Host header, without port; empty where the header is no name and port."""
    match = _HOST.fullmatch(host)
    return match["name"].strip("[]").lower() if match else ""


def _refused(status: int, text: str, headers: dict[str, str] | None = None) -> PlainTextResponse:
    return PlainTextResponse(f"{text}\n", status, headers)


def _closed() -> Message:
    # before the handshake is accepted, the server answers it with 403
    return {"type": "websocket.close", "code": _POLICY_VIOLATION, "reason": "see Host and Origin"}


# untyped in part; names of both are replaced below
app_module: Any = dagster_webserver.app
cli: Any = dagster_webserver.cli
_LOG = logging.getLogger("dagster-webserver")
_serve = cli.host_dagster_ui_with_workspace_process_context
_make_app = cli.create_app_from_workspace_process_context


def main() -> None:
    """Serves until it is interrupted."""
    cli.host_dagster_ui_with_workspace_process_context = _serve_guarded
    run_command(cli.cli, sys.argv[1:], auto_envvar_prefix="DAGSTER_WEBSERVER")


def _serve_guarded(context: Any, host: str | None, *options: Any) -> None:
    settings = Settings()
    if context.read_only:
        app_module.DagsterWebserver = ReadOnlyWebserver
    names = host_names(host or "127.0.0.1", settings.allowed_host_names())
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
        # before Dagster's own, the last of which answers every path
        app.router.routes[:0] = report_routes(DataRoot(settings.root_folder))
        return app

    cli.create_app_from_workspace_process_context = guarded_app
    _serve(context, host, *options)


if __name__ == "__main__":
    main()
