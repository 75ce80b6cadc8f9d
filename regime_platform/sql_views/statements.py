"""The statements that create the views over the files of a catalog, for any DuckDB client."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from regime_platform.sql_views.catalog import CachedFile, Catalog
from regime_platform.sql_views.relations import VIEWS


def statements(folder: Path, catalog: Catalog) -> Iterator[str]:
    """A statement for each view."""
    for view in VIEWS:
        yield f'CREATE OR REPLACE VIEW "{view}" AS {_query(folder, catalog.of_view(view))}'


def script(folder: Path, catalog: Catalog) -> str:
    """The same as a file, which a client executes as it is."""
    about = (
        "-- The views of regime_platform: docs/sql.md. Times are UTC.",
        "-- `regime sql` makes this file again where anything changed; it is a cache.",
    )
    return "\n".join([*about, *(f"{text};" for text in statements(folder, catalog)), ""])


def _query(folder: Path, files: Sequence[CachedFile]) -> str:
    whole = [file.name for file in files if not file.gone]
    queries = [_scan(folder, whole)] if whole else []
    queries += [
        f"{_scan(folder, [file.name])} WHERE symbol NOT IN ({_listed(file.gone)})"
        for file in files
        if file.gone
    ]
    return " UNION ALL ".join(queries)


def _scan(folder: Path, names: Sequence[str]) -> str:
    paths = _listed(str(folder / name) for name in names)
    return f"SELECT * FROM read_parquet([{paths}], hive_partitioning = false)"  # noqa: S608


def _listed(texts: Iterable[str]) -> str:
    return ", ".join("'" + text.replace("'", "''") + "'" for text in texts)
