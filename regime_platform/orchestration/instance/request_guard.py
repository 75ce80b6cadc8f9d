"""Middleware of the webserver: refuses requests that pages of other sites can send.

Dagster's webserver has no passwords and answers every request. A page of another site that is open
in the operator's browser can send requests too: by a link with a GraphQL mutation, by a form, by a
websocket, or by a name of its own that resolves to this machine (DNS rebinding). So the name in the
request (Host) must be a name of this server, a requesting page (Origin) must have the same name,
and mutations are accepted only in a form that pages of other sites cannot send without permission.
"""

from collections.abc import Collection, Iterable
from urllib.parse import parse_qs, urlsplit

from graphql import GraphQLError, OperationDefinitionNode, OperationType, parse
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_ANY_ADDRESS = frozenset({"", "0.0.0.0", "::"})  # noqa: S104 - recognised, not listened on
_POLICY_VIOLATION = 1008  # of websockets


def host_names(listening_on: str, configured: Iterable[str]) -> frozenset[str]:
    """The accepted names of this server, in lower case and without ports.

    Args:
        listening_on: the address that it binds; 0.0.0.0 and :: are not names.
        configured: further names, such as that of a reverse proxy.
    """
    names = {listening_on.strip("[]"), *configured} - _ANY_ADDRESS
    return LOOPBACK | {name.lower() for name in names}


class RequestGuard:
    """Middleware that refuses requests before Dagster receives them.

    Args:
        app: answers the accepted requests.
        names: see `host_names`.
    """

    def __init__(self, app: ASGIApp, names: Collection[str]) -> None:
        self._app = app
        self._names = names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers a refused request, and passes others to the app."""
        if scope["type"] not in {"http", "websocket"}:
            return await self._app(scope, receive, send)
        refusal = self._foreign_sender(Headers(scope=scope)) or _foreign_form(scope)
        if refusal is None:
            return await self._app(scope, receive, send)
        if scope["type"] == "http":
            return await refusal(scope, receive, send)
        await send(_closed())
        return None

    def _foreign_sender(self, headers: Headers) -> PlainTextResponse | None:
        host = headers.get("host", "")
        name = _name_of(f"//{host}")
        if name not in self._names:
            return _refused(
                403,
                f"This server does not answer to the name {name!r}, but to "
                f"{', '.join(sorted(self._names))} and the names in REGIME_ALLOWED_HOSTS.",
            )
        for origin in headers.getlist("origin"):
            if urlsplit(origin).netloc.lower() != host.lower():
                return _refused(
                    403,
                    f"A page of {origin} may not use this server. Open it by its own address; "
                    "a reverse proxy must pass the Host header on as it came.",
                )
        return None


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


def _name_of(address: str) -> str:
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""


def _refused(status: int, text: str, headers: dict[str, str] | None = None) -> PlainTextResponse:
    return PlainTextResponse(f"{text}\n", status, headers)


def _closed() -> Message:
    # before the handshake is accepted, the server answers it with 403
    return {"type": "websocket.close", "code": _POLICY_VIOLATION, "reason": "see Host and Origin"}
