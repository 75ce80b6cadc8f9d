"""`regime status`: everything that an operator has to know, on one screen; and for monitors."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated

import typer

from regime_platform.cli.console.clock import Clock
from regime_platform.cli.console.output import (
    ALL_GOOD,
    NOTHING_SUCCEEDED,
    SOME_FAILED,
    LongOutput,
)
from regime_platform.cli.console.screen import results, styled
from regime_platform.errors import RegimeError
from regime_platform.orchestration.status.check import Check, free_space
from regime_platform.orchestration.status.daemon import NO_DAEMON, daemon_checks
from regime_platform.orchestration.status.resources import alert_check
from regime_platform.orchestration.status.rows import checked, status_rows
from regime_platform.orchestration.status.symbols import (
    instrument_check,
    symbol_checks,
)
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.settings import Settings, load_universe

_SHOWN = 3  # items of a problem below the table
_WIDE = 76  # columns; on a narrower screen the commands stand below the details
_WEIGHTS = ("error", "note", "ok")


def status(
    *,
    stale_code: Annotated[
        bool,
        typer.Option(
            "--stale-code",
            help="Compare every recipe: which symbols were computed by other code, parameters or "
            "eras, and the command that recomputes them.",
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
    clock: Clock,
    out: LongOutput,
) -> int:
    settings, now = Settings(), clock.moment()
    if check:
        return _print_problems(_monitor_checks(settings, now), out)
    checks = status_rows(RunWorkspace.open(settings), now, with_stale_code=stale_code)
    is_well = all(check.status != "error" for check in checks)
    code = ALL_GOOD if is_well else NOTHING_SUCCEEDED
    rows = [check.row() for check in checks]
    out.document({"exit_code": code, "is_well": is_well, "at": now, "rows": rows})
    _print_rows(sorted(checks, key=lambda check: _WEIGHTS.index(check.status)), out)
    return code


def _monitor_checks(settings: Settings, now: dt.datetime) -> list[Check]:
    """The checks that need no look at every file; they create no folder."""
    root = settings.root_folder
    if not root.is_dir():
        text = f"{root} is no folder"
        remedy = "mount it or set REGIME_DATA_ROOT"
        return [Check("data root", "error", text, remedy, is_fatal=True)]

    def symbols() -> Sequence[Check]:
        workspace = RunWorkspace.open(settings)
        checks = [*symbol_checks(workspace, now), instrument_check(workspace)]
        return [*checks, free_space(root), alert_check(workspace)]

    def daemon() -> Sequence[Check]:
        if not (root / "dagster" / "storage").exists():  # opening it would create it
            return [NO_DAEMON]
        try:
            universe = load_universe(settings)
        except RegimeError:  # reported with the symbols
            universe = None
        return daemon_checks(settings, now, universe)

    return [*checked("daemon", daemon), *checked("symbols", symbols)]


def _print_problems(checks: Sequence[Check], out: LongOutput) -> int:
    problems = [check for check in checks if check.status == "error"]
    code = SOME_FAILED if problems else ALL_GOOD
    if any(check.is_fatal for check in problems):
        code = NOTHING_SUCCEEDED
    documents = [
        {"what": check.key, "problem": check.problem(), "remedy": check.remedy}
        for check in problems
    ]
    out.document({"exit_code": code, "problems": documents})
    for check in problems:
        out.line(f"{check.name}: {replace(check, detail=check.problem()).text()}")
    if not problems:
        out.line("healthy")
    return code


def _print_rows(checks: Sequence[Check], out: LongOutput) -> None:
    """The table, and below it the first items of each problem with their reasons."""
    columns = ("check", "status", "detail", "more")
    cells = [(check.name, styled(check.status), check.detail, check.more) for check in checks]
    if results().width >= _WIDE:
        out.table(columns, cells, folding=("detail",))
    else:
        narrow = [
            (name, status, f"{detail}\n{more}" if more else detail)
            for name, status, detail, more in cells
        ]
        out.table(columns[:3], narrow, folding=("detail",))
    for check in checks:
        is_shown = check.status == "error" or (out.all_rows and check.items)
        if is_shown and (check.remedy or check.items):
            out.line(check.name, "bold")
            _print_items(check, out)


def _print_items(check: Check, out: LongOutput) -> None:
    for item in out.shown(check.items, _SHOWN):
        out.paragraph(f"{item.name}: {item.reason}" if item.reason else item.name)
    left = 0 if out.all_rows else len(check.items) - _SHOWN
    if left > 0:
        out.paragraph(f"and {left:,} more: regime status --all-rows")
    if check.remedy:
        out.paragraph(check.remedy)
