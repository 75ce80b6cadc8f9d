"""`regime status`: runs, passes, blocked symbols and space, for operators and monitors."""

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from regime_platform.cli.console.options import Json, Now
from regime_platform.cli.exits import ALL_GOOD, NOTHING_SUCCEEDED, SOME_FAILED

if TYPE_CHECKING:
    from regime_platform.cli.pipeline.status_rows import Row
    from regime_platform.settings import Settings

_SHOWN = 10  # symbols per row; `--json` has all
_COLUMNS = ("check", "status", "detail")


def status(
    stale_code: Annotated[
        bool,
        typer.Option(
            "--stale-code", help="Also show symbols whose results were computed by other code."
        ),
    ] = False,
    check: Annotated[
        bool,
        typer.Option(
            "--check",
            help="For a monitor: one line per problem; exit code 0 healthy, 3 something failed or "
            "is late, 1 no daemon or unreadable state.",
        ),
    ] = False,
    now: Now = None,
    as_json: Json = False,
) -> None:
    """Show active runs, the last passes, blocked symbols and what is left to do."""
    from regime_platform.cli.console.clock import moment
    from regime_platform.cli.console.screen import print_json, print_table, styled
    from regime_platform.settings import Settings

    settings, at = Settings(), moment(now)
    if check:
        _print_problems(_monitor_rows(settings, at), as_json=as_json)
    rows = _all_rows(settings, at, with_stale_code=stale_code)
    is_well = all(row.status != "wrong" for row in rows)
    if as_json:
        documents = [
            {"what": _json_name(row), "status": row.status, "found": row.detail} for row in rows
        ]
        print_json({"is_well": is_well, "rows": documents})
    else:
        cells = [(row.name, styled(row.status), _shown(row)) for row in rows]
        print_table(_COLUMNS, cells, folding=("detail",))
    raise typer.Exit(ALL_GOOD if is_well else NOTHING_SUCCEEDED)


def _all_rows(settings: "Settings", now: dt.datetime, *, with_stale_code: bool) -> list["Row"]:
    from regime_platform.cli.pipeline import status_rows as part
    from regime_platform.pipeline.platform import RunWorkspace

    workspace = RunWorkspace.open(settings)
    code = [("stale code", lambda: part.stale_code(workspace))] if with_stale_code else []
    return [
        *(row for name, check in code for row in part.checked(name, check)),
        *part.checked("daemon", lambda: part.daemon_rows(settings, now)),
        *part.checked("board", lambda: part.symbol_rows(workspace, now)),
        *part.checked("disk", lambda: part.means_rows(settings, workspace, now)),
    ]


def _monitor_rows(settings: "Settings", now: dt.datetime) -> list["Row"]:
    """The rows that need no look at every file; creates no folder."""
    from regime_platform.cli.pipeline import status_rows as part
    from regime_platform.pipeline.platform import RunWorkspace

    root = settings.root_folder
    if not root.is_dir():
        text = f"{root} is no folder; mount it or set REGIME_DATA_ROOT"
        return [part.Row("data root", "wrong", text, is_fatal=True)]

    def symbols() -> Sequence["Row"]:
        workspace = RunWorkspace.open(settings)
        return [*part.symbol_rows(workspace, now), *part.space_rows(workspace)]

    def daemon() -> Sequence["Row"]:
        if not (root / "dagster" / "storage").exists():  # opening it would create it
            return [part.NO_DAEMON]
        return part.daemon_rows(settings, now)

    return [*part.checked("daemon", daemon), *part.checked("symbols", symbols)]


def _print_problems(rows: Sequence["Row"], *, as_json: bool) -> None:
    from regime_platform.cli.console.screen import print_json, results

    problems = [row for row in rows if row.status == "wrong"]
    code = SOME_FAILED if problems else ALL_GOOD
    if any(row.is_fatal for row in problems):
        code = NOTHING_SUCCEEDED
    if as_json:
        documents = [
            {"what": _json_name(row), "problem": row.detail, "remedy": row.remedy}
            for row in problems
        ]
        print_json({"exit_code": code, "problems": documents})
    else:
        lines = [f"{row.name}: {_shown(row)}" for row in problems]
        for line in lines or ["healthy"]:
            results().print(line, markup=False, highlight=False, soft_wrap=True)
    raise typer.Exit(code)


def _json_name(row: "Row") -> str:
    return {"blocked": "held back"}.get(row.name, row.name)  # as scripts know it


def _shown(row: "Row") -> str:
    remedy = f"; {row.remedy}" if row.status == "wrong" and row.remedy else ""
    return _short(row.detail) + remedy


def _short(text: str) -> str:
    parts = text.split("; ")
    more = f"; and {len(parts) - _SHOWN} more" if len(parts) > _SHOWN else ""
    return "; ".join(parts[:_SHOWN]) + more
