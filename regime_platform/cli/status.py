"""The command that an operator looks at once a day, and a monitor every few minutes."""

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from regime_platform.cli.exits import ALL_GOOD, NOTHING_SUCCEEDED, SOME_FAILED
from regime_platform.cli.options import Json, Now

if TYPE_CHECKING:
    from regime_platform.cli.status_rows import Row
    from regime_platform.settings import Settings

_SHOWN = 10  # symbols per row; `--json` has all
_COLUMNS = ("what", "status", "found")


def status(
    stale_code: Annotated[
        bool, typer.Option("--stale-code", help="Also whose results other code made; `--force`s.")
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
    """Tell what runs, what the last passes did, who is held back, and how much is left."""
    from regime_platform.cli.clock import moment
    from regime_platform.cli.screen import print_json, print_table, styled
    from regime_platform.settings import Settings

    settings, at = Settings(), moment(now)
    if check:
        _tell_check(_checked(settings, at), as_json=as_json)
    rows = _all_rows(settings, at, with_stale_code=stale_code)
    is_well = all(row.status != "wrong" for row in rows)
    if as_json:
        facts = [dict(zip(_COLUMNS, row, strict=False)) for row in rows]
        print_json({"is_well": is_well, "rows": facts})
    else:
        cells = [(row.what, styled(row.status), _shown(row)) for row in rows]
        print_table(_COLUMNS, cells, folding=("found",))
    raise typer.Exit(ALL_GOOD if is_well else NOTHING_SUCCEEDED)


def _all_rows(settings: "Settings", now: dt.datetime, *, with_stale_code: bool) -> list["Row"]:
    from regime_platform.cli import status_rows as part
    from regime_platform.pipeline.platform import open_platform

    platform = open_platform(settings)
    code = [("stale code", lambda: part.stale_code(platform))] if with_stale_code else []
    return [
        *(row for what, look in code for row in part.looked_at(what, look)),
        *part.looked_at("daemon", lambda: part.daemon_rows(settings, now)),
        *part.looked_at("board", lambda: part.symbol_rows(platform, now)),
        *part.looked_at("disk", lambda: part.means_rows(settings, platform, now)),
    ]


def _checked(settings: "Settings", now: dt.datetime) -> list["Row"]:
    """The same without what has to look at every file; changes nothing, makes no folder."""
    from regime_platform.cli import status_rows as part
    from regime_platform.pipeline.platform import open_platform

    root = settings.data_root.expanduser().absolute()
    if not root.is_dir():
        text = f"{root} is no folder; mount it, or set REGIME_DATA_ROOT"
        return [part.Row("data root", "wrong", text, is_fatal=True)]

    def symbols() -> Sequence["Row"]:
        platform = open_platform(settings)
        return [*part.symbol_rows(platform, now), *part.space_rows(platform)]

    def daemon() -> Sequence["Row"]:
        if not (root / "dagster" / "storage").exists():  # opening it would make it
            return [part.NO_DAEMON]
        return part.daemon_rows(settings, now)

    return [*part.looked_at("daemon", daemon), *part.looked_at("symbols", symbols)]


def _tell_check(rows: Sequence["Row"], *, as_json: bool) -> None:
    from regime_platform.cli.screen import print_json, results

    problems = [row for row in rows if row.status == "wrong"]
    code = SOME_FAILED if problems else ALL_GOOD
    if any(row.is_fatal for row in problems):
        code = NOTHING_SUCCEEDED
    if as_json:
        facts = [{"what": row.what, "problem": row.found, "remedy": row.remedy} for row in problems]
        print_json({"exit_code": code, "problems": facts})
    else:
        lines = [f"{row.what}: {_shown(row)}" for row in problems]
        for line in lines or ["healthy"]:
            results().print(line, markup=False, highlight=False, soft_wrap=True)
    raise typer.Exit(code)


def _shown(row: "Row") -> str:
    remedy = f"; {row.remedy}" if row.status == "wrong" and row.remedy else ""
    return _short(row.found) + remedy


def _short(text: str) -> str:
    parts = text.split("; ")
    more = f"; and {len(parts) - _SHOWN} more" if len(parts) > _SHOWN else ""
    return "; ".join(parts[:_SHOWN]) + more
