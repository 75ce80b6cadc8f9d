"""Which requests the webserver answers: those of its own pages and of programs, no other page's.

Dagster's webserver has no passwords and trusts whatever reaches it. A page of another site that is
open in the operator's browser reaches it too: by a link that carries a GraphQL mutation, by a form,
by a websocket, or by a name of its own that it lets point to this machine (DNS rebinding). So the
name in the request (Host) must be a name of this server, a page that asks (Origin) must come from
that very name, and mutations come only in a form that no other site's page can send unasked.
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
    """The names this server answers to, in lower case and without ports.

    Args:
        listening_on: the address it binds; one that stands for all addresses is no name.
        configured: further names, such as that of a reverse proxy.
    """
    names = {listening_on.strip("[]"), *configured} - _ANY_ADDRESS
    return LOOPBACK | {name.lower() for name in names}


class RequestGuard:
    """Middleware that refuses a request before Dagster sees it.

    Args:
        app: what answers the others.
        names: see `host_names`.
    """

    def __init__(self, app: ASGIApp, names: Collection[str]) -> None:
        self._app = app
        self._names = names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers a refused request, passes any other on."""
        if scope["type"] not in {"http", "websocket"}:
            return await self._app(scope, receive, send)
        refusal = self._strange_sender(Headers(scope=scope)) or _strange_form(scope)
        if refusal is None:
            return await self._app(scope, receive, send)
        if scope["type"] == "http":
            return await refusal(scope, receive, send)
        await send(_closed())
        return None

    def _strange_sender(self, headers: Headers) -> PlainTextResponse | None:
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


def _strange_form(scope: Scope) -> PlainTextResponse | None:
    """Refuses GraphQL in a form that other sites' pages can send: links and plain forms."""
    if scope["type"] != "http" or not scope["path"].rstrip("/").endswith("/graphql"):
        return None
    if scope["method"] != "POST":
        return _mutation_by_link(parse_qs(scope["query_string"].decode("latin-1")))
    media_type = Headers(scope=scope).get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        return _refused(415, f"GraphQL is read as application/json, not as {media_type!r}.")
    return None


def _mutation_by_link(parameters: dict[str, list[str]]) -> PlainTextResponse | None:
    if all(_only_asks(query) for query in parameters.get("query", [])):
        return None
    return _refused(
        405, "A GraphQL mutation is sent by POST as application/json.", {"Allow": "POST"}
    )


def _only_asks(query: str) -> bool:
    try:
        definitions = parse(query).definitions
    except (GraphQLError, RecursionError):
        return True  # not executed either: Dagster reports the error
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
