"""Entry point of the `regime` command: finds commands, shows warnings and errors.

The module of a command is imported when the command runs, which keeps `regime --help` fast.
"""

import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from types import TracebackType
from typing import Any, NoReturn

import typer
from typer.core import TyperCommand, TyperGroup

from regime_platform.cli.commands import PANELS, Entry
from regime_platform.cli.console.exits import ALL_GOOD, NOTHING_SUCCEEDED, code_of_error
from regime_platform.errors import OlderVersionWarning, RegimeError


class LazyGroup(TyperGroup):
    """The commands of ``PANELS``; each is a name with a help text until it is called."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.entries = {entry.name: entry for entries in PANELS.values() for entry in entries}
        for panel, entries in PANELS.items():
            for entry in entries:
                self.commands[entry.name] = TyperCommand(
                    entry.name, help=entry.help, rich_help_panel=panel
                )

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that is called, with its module imported."""
        name, command, rest = super().resolve_command(ctx, args)
        if name in self.entries:
            command = self.commands[name] = load(self.entries[name])
        return name, command, rest


def load(entry: Entry) -> Any:
    """The command or group of an entry."""
    module, _, name = entry.target.partition(":")
    target = getattr(import_module(f"regime_platform.cli.{module}"), name)
    parent = typer.Typer(add_completion=False)
    if isinstance(target, typer.Typer):
        parent.add_typer(target, name=entry.name, help=entry.help)
    else:
        parent.command(entry.name)(target)
        parent.callback()(lambda: None)  # makes a group of it even with a single command
    group: Any = typer.main.get_group(parent)
    return group.commands[entry.name]


app = typer.Typer(
    cls=LazyGroup,
    name="regime",
    help="Validated market bars in Parquet, and regime and escalation of every bar.",
    epilog="Exit codes: 0 success, 1 nothing succeeded, 2 usage error, 3 some symbols failed.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def _options() -> None:
    """The options before the command: none but the help."""


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Runs the command line and exits; shows an error of the platform in one line."""
    sys.excepthook = _show_uncaught
    try:
        with _notes_as_messages():
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


@contextmanager
def _notes_as_messages() -> Iterator[None]:
    """Prints the platform's own warnings as messages; others are shown as usual."""
    with warnings.catch_warnings():
        show = warnings.showwarning

        def show_note(
            message: Warning | str, category: type[Warning], *rest: Any, **more: Any
        ) -> None:
            if not issubclass(category, OlderVersionWarning):
                show(message, category, *rest, **more)
                return
            from regime_platform.cli.console.screen import messages

            messages().print(str(message), style="yellow", soft_wrap=True)

        warnings.simplefilter("always", OlderVersionWarning)
        warnings.showwarning = show_note
        yield


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

    messages().print(f"error[{code}]: {text}", style="bold red", soft_wrap=True)


if __name__ == "__main__":
    main()
