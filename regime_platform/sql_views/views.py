"""A DuckDB connection with a view for everything that is stored of all symbols."""

import warnings
from collections.abc import Callable

import duckdb

from regime_platform.errors import ResultsError, about
from regime_platform.sql_views.catalog import Catalog, folder_of, read_catalog
from regime_platform.sql_views.freshness import Watch, differing
from regime_platform.sql_views.relations import VIEWS
from regime_platform.sql_views.small_tables import universe_rows
from regime_platform.sql_views.statements import statements
from regime_platform.temporary_files import spill_folder
from regime_platform.workspace import Workspace

_MOST_NAMED = 10
#: Nothing that a query says can open a file, load code or change what is here.
_CLOSED = (
    "SET TimeZone = 'UTC'",
    "SET enable_external_access = false",
    "SET lock_configuration = true",
)


def warned(text: str) -> None:
    """Reports what is older or left out as a warning."""
    warnings.warn(text, UserWarning, stacklevel=5)


def open_views(
    workspace: Workspace,
    *,
    watch: Watch = iter,
    report: Callable[[str], object] = warned,
) -> duckdb.DuckDBPyConnection:
    """A connection with the views of ``sql.relations.VIEWS``, and nothing else to read.

    What changed since the last call is read first. ``watch`` yields the symbols to be read, and
    may show how far that is. ``report`` receives a sentence about what is older or left out.

    Raises:
        ResultsError: there is nothing to show yet, and it cannot be written, or it is damaged.
    """
    catalog = _current(workspace, watch, report)
    for symbol, source in catalog.sources.items():
        if source.reason:
            report(about(symbol, source.reason))
    if not any(source.results or source.bars for source in catalog.sources.values()):
        report(f"nothing is stored in {workspace.root.path}; `regime run --all` fills the views")
    return _opened(workspace, catalog)


def require_intact(workspace: Workspace, error: Exception) -> None:
    """Raises ResultsError where an error is one of a file of the views, not of a query."""
    folder = folder_of(workspace.root)
    is_refused = isinstance(error, duckdb.PermissionException | duckdb.CatalogException)
    if str(folder) in str(error) and not is_refused:
        raise ResultsError(
            f"a file that SQL reads is damaged ({str(error).splitlines()[0]}); remove the folder "
            f"{folder}, which the next call makes again",
            code="sql-damaged",
        ) from error


def _current(workspace: Workspace, watch: Watch, report: Callable[[str], object]) -> Catalog:
    if not workspace.root.path.exists():  # a question about a mistyped root must not make it
        return Catalog()
    catalog = read_catalog(workspace.root)
    if not differing(workspace, catalog):
        return catalog
    # brings the kernels of compute, half a second
    from regime_platform.sql_views.refresh import refreshed  # noqa: PLC0415

    try:
        return refreshed(workspace, watch)
    except (ResultsError, OSError) as error:
        folder, catalog = folder_of(workspace.root), read_catalog(workspace.root)
        if not catalog.files or None in {file.verified(folder) for file in catalog.files}:
            raise ResultsError(
                f"the files of SQL in {folder} cannot be written ({error})",
                code="sql-not-written",
            ) from error
        names = differing(workspace, catalog)
        more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
        report(f"older than what is stored: {', '.join(names[:_MOST_NAMED])}{more} ({error})")
        return catalog


def _opened(workspace: Workspace, catalog: Catalog) -> duckdb.DuckDBPyConnection:
    folder = folder_of(workspace.root)
    connection = duckdb.connect(
        ":memory:",
        config={
            "python_enable_replacements": False,  # else a query reads variables of this process
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "allow_community_extensions": False,
            "temp_directory": spill_folder(),
        },
    )
    try:
        if not catalog.files:
            own = {"universe": universe_rows(workspace.universe)}
            for view, schema in VIEWS.items():
                connection.register(view, own.get(view, schema.to_frame()).to_arrow())
        for statement in statements(folder, catalog) if catalog.files else ():
            connection.execute(statement)
    except duckdb.Error as error:
        require_intact(workspace, error)
        raise
    paths = [str(folder / file.name) for file in catalog.files]
    connection.execute("SET allowed_paths = ?", [paths])
    for statement in _CLOSED:
        connection.execute(statement)
    return connection
