"""Runs one query over the views: for `regime sql` and the Python API alike."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import takewhile
from typing import Any, NamedTuple

import duckdb
import polars as pl
import pyarrow as pa

from regime_platform.errors import UsageError
from regime_platform.json_text import load_json
from regime_platform.sql_views.freshness import Watch
from regime_platform.sql_views.relations import VIEWS
from regime_platform.sql_views.views import open_views, require_intact, warned
from regime_platform.workspace import Where, Workspace

_QUERIES = {"SELECT", "MULTI"}  # PIVOT is several
_EXPLAINING = re.compile(r"\s*EXPLAIN\s+(?:ANALYZE\s+|\([^()]*\)\s*)?", re.IGNORECASE)
#: Steps of a plan that write, as a COPY within WITH does; DuckDB takes such a text for a query.
_WRITING = re.compile("COPY|INSERT|DELETE|UPDATE|MERGE|CREATE|ALTER|DROP|EXPORT|ATTACH")
_BATCH = 50_000  # rows
_HINTS = ("LINE ", "Candidate functions", "Candidate macros")


class Answer(NamedTuple):
    """The first rows of an answer, and how many it has."""

    rows: pl.DataFrame
    total: int


def run(query: str, *, where: Where = None) -> pl.DataFrame:
    """The rows of one query over the views of ``sql.relations.VIEWS``; instants are in UTC.

    What is older than the store or left out is reported as a UserWarning.

    Raises:
        UsageError: it is no query, or DuckDB refuses it.
        ResultsError: the files of the views are damaged, or cannot be written.
    """
    return answer(Workspace.open(where), query).rows


def answer(
    workspace: Workspace,
    query: str,
    *,
    most: int | None = None,
    watch: Watch = iter,
    report: Callable[[str], object] = warned,
) -> Answer:
    """The same with at most ``most`` rows, and their total; more are counted, not kept.

    ``watch`` and ``report`` as in `open_views`.
    """
    with open_views(workspace, watch=watch, report=report) as connection:
        try:
            _require_query(connection, query)
            batches = connection.sql(query).to_arrow_reader(_BATCH)
            kept, total = [], 0
            for batch in batches:
                left = batch.num_rows if most is None else max(0, most - total)
                kept.append(batch.slice(0, left))
                total += batch.num_rows
            rows = pl.DataFrame(pa.Table.from_batches(kept, batches.schema))
        except (duckdb.Error, pa.ArrowException, OSError) as error:  # OSError: between batches
            require_intact(workspace, error)
            views = ", ".join(VIEWS)
            raise UsageError(
                f"{_reason(error)}; the views are {views}; `regime sql` lists their columns",
                code="bad-query",
            ) from error
        except pl.exceptions.DuplicateError as error:
            raise UsageError(
                "two columns of the answer have one name; rename one: `column AS name`",
                code="same-columns",
            ) from error
        except pl.exceptions.PolarsError as error:
            raise UsageError(
                f"a column has a type that no frame has ({str(error).split('. ')[0]}); cast it: "
                "`column::VARCHAR`",
                code="no-frame-type",
            ) from error
    return Answer(_plain(rows), total)


def _require_query(connection: duckdb.DuckDBPyConnection, text: str) -> None:
    """Refuses what is no query, or one that writes.

    The settings of the connection let it write where it may read: to the files of the views, and
    to the folder for what does not fit into memory.
    """
    kinds = _kinds(connection, text)
    if kinds == ["EXPLAIN"]:  # with ANALYZE it runs what it explains
        explaining = _EXPLAINING.match(text)
        text = text[explaining.end() :] if explaining else ""
        kinds = _kinds(connection, text)
    if len(kinds) != 1 or kinds[0] not in _QUERIES:
        given = " and ".join(kinds) or "nothing"
        raise UsageError(
            f"expected one query, a SELECT, was given {given}: SQL reads and changes nothing",
            code="no-query",
        )
    if kinds == ["MULTI"] and (word := _WRITING.search(text.upper())):  # a plan would run parts
        raise UsageError(
            f"a PIVOT without IN cannot have the word {word[0]}; list its columns: ON x IN (...)",
            code="no-query",
        )
    plan = connection.execute(f"EXPLAIN (FORMAT json) {text}").fetchall()
    writing = {step for _name, tree in plan for step in _steps(load_json(tree))}
    if named := sorted(step for step in writing if _WRITING.search(step)):
        raise UsageError(
            f"the query would write ({', '.join(named)}): SQL reads and changes nothing",
            code="no-query",
        )


def _kinds(connection: duckdb.DuckDBPyConnection, text: str) -> list[str]:
    return [statement.type.name for statement in connection.extract_statements(text)]


def _steps(nodes: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """The names of all steps of a plan."""
    for node in nodes:
        yield str(node["name"])
        yield from _steps(node.get("children", ()))


def _plain(rows: pl.DataFrame) -> pl.DataFrame:
    """Instants in UTC, and numbers without the types of sums and literals."""
    columns = []
    for column in rows.iter_columns():
        dtype = column.dtype
        if isinstance(dtype, pl.Datetime):
            is_naive = dtype.time_zone is None
            utc = column.dt.replace_time_zone if is_naive else column.dt.convert_time_zone
            columns.append(utc("UTC"))
        elif isinstance(dtype, pl.Decimal):
            whole = dtype.scale == 0 and column.cast(pl.Int64, strict=False).equals(column)
            columns.append(column.cast(pl.Int64 if whole else pl.Float64))
        else:
            columns.append(column)
    return pl.DataFrame(columns)


def _reason(error: Exception) -> str:
    """The first lines of an error, which name what is unknown and what is near it."""
    lines = takewhile(lambda line: line and not line.startswith(_HINTS), _lines(error))
    return " ".join([*lines][:2]).removesuffix(".")


def _lines(error: Exception) -> list[str]:
    return [line.strip() for line in str(error).splitlines()]
