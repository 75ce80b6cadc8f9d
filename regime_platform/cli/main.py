"""The door of the `regime` command: which commands there are, and how errors end.

Commands import what they need when they run, so that `regime --help` stays quick.
"""

import sys
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, NoReturn

import typer

from regime_platform.cli import (
    answering,
    backing_up,
    bar_decisions,
    boards,
    charting,
    compacting,
    demo,
    doctor,
    era_sets,
    evaluating,
    explaining,
    exporting,
    fetching,
    interface,
    migrating,
    service,
    snapshots,
    status,
    universe,
    validating,
    verifying,
    versions,
    walking,
    warming,
)
from regime_platform.cli.exits import ALL_GOOD, NOTHING_SUCCEEDED, code_of_error
from regime_platform.cli.notes import notes_as_messages
from regime_platform.errors import RegimeError

_PANELS: Sequence[tuple[str, Sequence[tuple[str, Callable[..., Any]]]]] = (
    (
        "Walk",
        (
            ("run", walking.run),
            ("promote", walking.promote),
            ("validate", validating.validate),
            ("compute", walking.compute),
        ),
    ),
    ("Prove", (("verify", verifying.verify), ("repair", verifying.repair))),
    ("Fetch", (("update", fetching.update), ("backfill", fetching.backfill))),
    (
        "Look",
        (
            ("state", answering.state),
            ("history", answering.history),
            ("explain", explaining.explain),
            ("board", boards.board),
            ("charts", charting.charts),
        ),
    ),
    (
        "Beside the store",
        (("evaluate", evaluating.evaluate), ("export", exporting.export)),
    ),
    (
        "House",
        (
            ("demo", demo.demo),
            ("ui", interface.ui),
            ("status", status.status),
            ("doctor", doctor.doctor),
            ("backup", backing_up.backup),
            ("restore", backing_up.restore),
            ("compact", compacting.compact),
            ("warm", warming.warm_command),
            ("version", versions.version),
        ),
    ),
)

app = typer.Typer(
    name="regime",
    help="Market bars straight into Parquet, gated, and one canonical regime compute per symbol.",
    epilog="Exit codes: 0 all good, 1 nothing succeeded, 2 usage, 3 some symbols failed.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for _panel, _commands in _PANELS:
    for _name, _command in _commands:
        app.command(_name, rich_help_panel=_panel)(_command)
app.add_typer(
    bar_decisions.bars,
    name="bars",
    help="Show canonical bars; exclude, accept, list or undo what persons decide about bars.",
    rich_help_panel="Look",
)
app.add_typer(
    service.service,
    name="service",
    help="Run the daemon and the webserver as services of the system.",
    rich_help_panel="House",
)
app.add_typer(
    era_sets.eras,
    name="eras",
    help="Find, list and adopt the eras that escalation is ranked in.",
    rich_help_panel="Eras",
)
app.add_typer(
    snapshots.snapshot,
    name="snapshot",
    help="Take a snapshot of all symbols, compare two, hand one on as a bundle.",
    rich_help_panel="House",
)
app.add_typer(
    universe.universe,
    name="universe",
    help="Check, list and change the symbols that are followed.",
    rich_help_panel="Universe",
)
app.add_typer(
    migrating.migrate,
    name="migrate",
    help="Move old stores in with proof, withdraw a migration, compare old results.",
    rich_help_panel="House",
)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Runs the command line and exits; an error of the platform is one line with its remedy."""
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
        _say_usage(error)
        sys.exit(error.exit_code)
    except typer.Abort:
        _say("aborted")
        sys.exit(NOTHING_SUCCEEDED)
    except RegimeError as error:
        _say(str(error))
        sys.exit(code_of_error(error))
    except PermissionError as error:
        _say(f"{error.filename}: {error.strerror}; check its owner or set REGIME_DATA_ROOT")
        sys.exit(NOTHING_SUCCEEDED)
    sys.exit(code if isinstance(code, int) else ALL_GOOD)


def _show_uncaught(
    kind: type[BaseException], error: BaseException, at: TracebackType | None
) -> None:
    from regime_platform.cli.screen import show_uncaught

    show_uncaught(kind, error, at)


def _say_usage(error: typer.TyperException) -> None:
    from regime_platform.cli.screen import messages

    context: typer.Context | None = getattr(error, "ctx", None)
    if not error.format_message():  # no arguments at all: the help is on the screen already
        return
    if context is not None:
        messages().print(context.get_usage(), style="yellow", soft_wrap=True)
        messages().print(f"`{context.command_path} --help` shows what there is", style="dim")
    _say(error.format_message())


def _say(text: str) -> None:
    from regime_platform.cli.screen import messages

    messages().print(f"error: {text}", style="bold red", markup=False, soft_wrap=True)


if __name__ == "__main__":
    main()
