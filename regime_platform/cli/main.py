"""Entry point of the `regime` command: its commands, and how errors are shown.

Commands import what they need when they run, which keeps `regime --help` fast.
"""

import sys
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, NoReturn

import typer

from regime_platform.cli import demo, interface, versions
from regime_platform.cli.audit import snapshots, verifying
from regime_platform.cli.console.notes import notes_as_messages
from regime_platform.cli.exits import ALL_GOOD, NOTHING_SUCCEEDED, code_of_error
from regime_platform.cli.migration import migrating
from regime_platform.cli.operations import (
    backing_up,
    bar_decisions,
    compacting,
    doctor,
    era_sets,
    service,
)
from regime_platform.cli.pipeline import fetching, status, validating, walking, warming
from regime_platform.cli.query import answering, boards, charting, evaluating, explaining, exporting
from regime_platform.cli.universe import commands
from regime_platform.errors import RegimeError

_PIPELINE, _QUERY, _AUDIT, _AD_HOC = "Pipeline", "Query", "Audit", "Ad hoc"
_OPERATIONS, _ERAS, _UNIVERSE = "Operations", "Eras", "Universe"

#: Panel of `regime --help`, name, function; the panels appear in this order.
_COMMANDS: Sequence[tuple[str, str, Callable[..., Any]]] = (
    (_PIPELINE, "run", walking.run),
    (_PIPELINE, "update", fetching.update),
    (_PIPELINE, "backfill", fetching.backfill),
    (_PIPELINE, "validate", validating.validate),
    (_PIPELINE, "promote", walking.promote),
    (_PIPELINE, "compute", walking.compute),
    (_QUERY, "state", answering.state),
    (_QUERY, "history", answering.history),
    (_QUERY, "explain", explaining.explain),
    (_QUERY, "board", boards.board),
    (_QUERY, "charts", charting.charts),
    (_AUDIT, "verify", verifying.verify),
    (_AUDIT, "repair", verifying.repair),
    (_AD_HOC, "evaluate", evaluating.evaluate),
    (_AD_HOC, "export", exporting.export),
    (_OPERATIONS, "demo", demo.demo),
    (_OPERATIONS, "ui", interface.ui),
    (_OPERATIONS, "status", status.status),
    (_OPERATIONS, "doctor", doctor.doctor),
    (_OPERATIONS, "backup", backing_up.backup),
    (_OPERATIONS, "restore", backing_up.restore),
    (_OPERATIONS, "compact", compacting.compact),
    (_OPERATIONS, "warm", warming.warm_command),
    (_OPERATIONS, "version", versions.version),
)
#: Panel, name, commands below it, help.
_GROUPS: Sequence[tuple[str, str, typer.Typer, str]] = (
    (
        _QUERY,
        "bars",
        bar_decisions.bars,
        "Show canonical bars; list, add and undo overrides of single bars.",
    ),
    (
        _AUDIT,
        "snapshot",
        snapshots.snapshot,
        "Take, list and compare snapshots of all symbols; export one as a bundle.",
    ),
    (
        _OPERATIONS,
        "service",
        service.service,
        "Run the daemon and the webserver as system services.",
    ),
    (
        _OPERATIONS,
        "migrate",
        migrating.migrate,
        "Import stores of the legacy engine, undo a migration, compare results.",
    ),
    (_ERAS, "eras", era_sets.eras, "Detect, list and adopt the eras that escalation is ranked in."),
    (_UNIVERSE, "universe", commands.universe, "Check, list and change the tracked symbols."),
)

app = typer.Typer(
    name="regime",
    help="Validated market bars in Parquet, and regime and escalation of every bar.",
    epilog="Exit codes: 0 success, 1 nothing succeeded, 2 usage error, 3 some symbols failed.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for _panel, _name, _command in _COMMANDS:
    app.command(_name, rich_help_panel=_panel)(_command)
for _panel, _name, _group, _help in _GROUPS:
    app.add_typer(_group, name=_name, help=_help, rich_help_panel=_panel)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Runs the command line and exits; shows an error of the platform in one line."""
    sys.excepthook = _show_uncaught
    try:
        with notes_as_messages():
            # otherwise typer prints its errors itself
            code = app(
                args=None if arguments is None else list(arguments),
                prog_name="regime",
                standalone_mode=False,
            )
    except typer.TyperException as error:
        _print_usage_error(error)
        sys.exit(error.exit_code)
    except typer.Abort:
        _print_error("aborted", "aborted")
        sys.exit(NOTHING_SUCCEEDED)
    except RegimeError as error:
        _print_error(str(error), error.code)
        sys.exit(code_of_error(error))
    except PermissionError as error:
        reason = f"{error.filename}: {error.strerror}; check its owner or set REGIME_DATA_ROOT"
        _print_error(reason, "permission-denied")
        sys.exit(NOTHING_SUCCEEDED)
    sys.exit(code if isinstance(code, int) else ALL_GOOD)


def _show_uncaught(
    kind: type[BaseException], error: BaseException, at: TracebackType | None
) -> None:
    from regime_platform.cli.console.screen import show_uncaught

    show_uncaught(kind, error, at)


def _print_usage_error(error: typer.TyperException) -> None:
    from regime_platform.cli.console.screen import messages

    context: typer.Context | None = getattr(error, "ctx", None)
    if not error.format_message():  # no arguments: the help was printed
        return
    if context is not None:
        messages().print(context.get_usage(), style="yellow", soft_wrap=True)
        messages().print(f"`{context.command_path} --help` lists commands and options", style="dim")
    _print_error(error.format_message(), "usage")


def _print_error(text: str, code: str) -> None:
    from regime_platform.cli.console.screen import messages

    messages().print(f"error[{code}]: {text}", style="bold red", markup=False, soft_wrap=True)


if __name__ == "__main__":
    main()
