"""Parsers whose input reaches a program of others: DuckDB's files and SQL, and HTTP requests."""

import asyncio
import atexit
import tempfile
import warnings
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

import duckdb
from starlette.types import Message, Receive, Scope, Send

from regime_platform.bar_store.layout import DataRoot, SymbolPaths
from regime_platform.compute_db.board import read_board
from regime_platform.compute_db.connection import IN_MEMORY, attached, require_stored_tables
from regime_platform.compute_db.reader import reading
from regime_platform.compute_db.store import _without_rows
from regime_platform.model.result_schema import TABLES
from regime_platform.orchestration.instance.webserver import RequestGuard
from regime_platform.settings import Settings
from regime_platform.sql_views.catalog import read_catalog
from regime_platform.sql_views.run import _reason, _require_query
from regime_platform.sql_views.views import open_views
from regime_platform.workspace import Workspace
from regime_platform_tests.security.parsing import Fault, Parser, given, require_shown

_NAMES = ("localhost", "desk.example")
_REQUEST = (
    b"POST\n/graphql\nquery=%7Bversion%7D\nhost: localhost:3000\norigin: http://localhost:3000\n"
)
_LINK = b"GET\n/graphql\nquery=mutation%20%7B%20setNuxSeen%20%7D\nhost: desk.example\n"
_QUERIES = (
    b"SELECT symbol, count(*) FROM bars GROUP BY ALL ORDER BY 1",
    b"WITH it AS (SELECT * FROM board) FROM it PIVOT (count(*) FOR timeframe IN ('1day'))",
    b"EXPLAIN ANALYZE SELECT * FROM state_history JOIN latest_state USING (symbol)",
    b"FROM query('FROM ' || 'universe')",
    b"FROM read_text('/etc/passwd')",
    b"WITH it AS (COPY (SELECT 1) TO '/tmp/x') FROM it",
)


def _compute_db(data: bytes, folder: Path) -> None:
    """A file of DuckDB from a bundle or a data root; afterwards others are read as before."""
    paths = SymbolPaths(folder / "AAA")
    paths.folder.mkdir(exist_ok=True)
    paths.compute_db.write_bytes(data)
    try:
        require_stored_tables(paths.compute_db)
        with reading(paths.compute_db) as reader:
            for name in TABLES:
                reader.table(name)
    finally:
        with attached(IN_MEMORY, read_only=False) as connection:
            if connection.execute("SELECT 1").fetchall() != [(1,)]:
                raise Fault("the process reads nothing any more")


def _board(data: bytes, folder: Path) -> None:
    (folder / "board.parquet").write_bytes(data)
    read_board(DataRoot(folder))


def _catalog(data: bytes, folder: Path) -> None:
    root = DataRoot(folder)
    root.sql.mkdir(exist_ok=True)
    (root.sql / "catalog.json").write_bytes(data)
    if read_catalog(root).files:
        raise Fault("a catalog is believed that was not written here")


def _query(data: bytes, _folder: Path) -> None:
    """One query as far as its plan, in which no file is named and nothing is written."""
    text = data.decode("utf-8", "replace")
    connection = _views()
    try:
        _require_query(connection, text)
        plan = connection.execute(f"EXPLAIN {text}").fetchall() if text[:1] != "E" else []
    except duckdb.Error as error:
        require_shown(_reason(error).encode("unicode_escape").decode()[:8000] or "none")
        return
    steps = str(plan)
    for word in ("READ_", "COPY", "INSERT", "ATTACH"):
        if word in steps and "READ_PARQUET" not in steps:
            raise Fault(f"a query has the step {word}")


@cache
def _views() -> duckdb.DuckDBPyConnection:
    atexit.register(_views.cache_clear)  # DuckDB reports what is open at the end
    root = Path(tempfile.mkdtemp(prefix="fuzzed-"))
    with warnings.catch_warnings(action="ignore"):
        settings = Settings(_env_file=None, REGIME_DATA_ROOT=root)
        return open_views(Workspace.open(settings))


def _request(data: bytes, _folder: Path) -> None:
    """A request to the guard: method, path, query and headers, a line each."""
    method, path, query, *headers = [*data.split(b"\n"), b"", b"", b""]
    pairs = [line.partition(b":")[::2] for line in headers if line]
    scope: Scope = {
        "type": "http",
        "method": method.decode("latin-1"),
        "path": path.decode("latin-1"),
        "query_string": query,
        "headers": [(name.strip().lower(), text.strip()) for name, text in pairs],
    }
    passed: list[Scope] = []

    async def app(scope: Scope, _receive: Receive, send: Send) -> None:
        passed.append(scope)
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    asyncio.run(RequestGuard(app, frozenset(_NAMES))(scope, receive, send))
    if not any(name.lower() == b"x-frame-options" for name, _ in sent[0]["headers"]):
        raise Fault("an answer without its headers")
    hosts = [text.decode("latin-1") for name, text in scope["headers"] if name == b"host"]
    if passed and not any(name in host.lower() for host in hosts[:1] for name in _NAMES):
        raise Fault(f"a request passed to {hosts!r}")


def open_parsers() -> Mapping[str, Parser]:
    """Every one of them by name."""
    parsers = (
        Parser("duckdb-results", _compute_db, _databases),
        Parser("board", _board, given(b"PAR1")),
        Parser("sql-catalog", _catalog, given(b'{"version": 1, "files": [], "seal": "x"}')),
        Parser("sql", _query, given(*_QUERIES)),
        Parser("http-request", _request, given(_REQUEST, _LINK)),
    )
    return {parser.name: parser for parser in parsers}


def _databases() -> Sequence[bytes]:
    return [_without_rows()]
