"""Entry point of the `regime` command: finds commands, shows warnings and errors."""

import errno
import gc
import os
import signal
import sys
import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated, Any, NoReturn

import typer

from regime_platform.cli.commands import PANELS
from regime_platform.cli.console.lazy_group import LazyGroup
from regime_platform.cli.console.output import (
    ALL_GOOD,
    INTERRUPTED,
    NOTHING_SUCCEEDED,
    code_of_error,
)
from regime_platform.cli.console.screen import messages, results, use_ascii
from regime_platform.cli.console.targets import function_of
from regime_platform.errors import OlderVersionWarning, RegimeError

#: Module that only an optional feature needs -> extra of pyproject.toml.
_EXTRAS = {
    "adbc_driver_sqlite": "legacy",
    "prometheus_client": "metrics",
    **dict.fromkeys(("litecharts", "resvg_py", "ttf-opensans"), "charts"),
}


#: Error of a disk, or of a limit of the machine -> what to do before the command is repeated.
_REMEDIES = {
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT), "make room"),
    **dict.fromkeys((errno.EMFILE, errno.ENFILE), "allow more open files (`ulimit -n`)"),
    errno.EFBIG: "allow larger files (`ulimit -f`)",
    errno.EROFS: "make the disk writable",
    errno.EIO: "check the disk",
}


class Regime(LazyGroup):
    """All commands."""

    def __init__(self, **options: Any) -> None:
        super().__init__(PANELS, **options)


app = typer.Typer(
    cls=Regime,
    name="regime",
    help="Validated market bars in Parquet, and regime and escalation of every bar.",
    epilog="Exit codes: 0 success, 1 nothing succeeded, 2 usage error, 3 some symbols failed, "
    "130 interrupted.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(is_asked: bool) -> None:
    if is_asked:
        results().print(function_of("operations.version:version_line")())
        raise typer.Exit


@app.callback()
def _options(
    show_version: Annotated[
        bool,
        typer.Option(
            "--version", help="Show version and engine.", callback=_show_version, is_eager=True
        ),
    ] = False,
) -> None:
    del show_version


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Runs the command line and exits; shows an error of the platform in one line."""
    gc.set_threshold(20_000)  # as in `definitions`: imports create no garbage
    sys.excepthook = _show_uncaught
    sys.unraisablehook = _show_unraisable
    use_ascii()
    with _notes_as_messages():
        sys.exit(_code(arguments))


def _show_unraisable(lost: Any) -> None:
    """Repeats a Ctrl-C that an extension module did not pass on; shows other errors as usual."""
    if issubclass(lost.exc_type, KeyboardInterrupt):
        # a moment later, since an exception would get lost here too
        again = threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGINT))
        again.daemon = True
        again.start()
    else:
        sys.__unraisablehook__(lost)


def _show_uncaught(*error: Any) -> None:
    function_of("console.uncaught:show_uncaught")(*error)


def _code(arguments: Sequence[str] | None) -> int:
    command = typer.main.get_command(app)
    try:
        # without standalone mode, which would print errors and exit on its own
        code = command.main(
            None if arguments is None else list(arguments), "regime", standalone_mode=False
        )
    except typer.TyperException as error:
        _print_usage_error(error)
        return error.exit_code
    except typer.Abort:
        _print_error("aborted", "aborted")
        return NOTHING_SUCCEEDED
    except RegimeError as error:
        _print_error(str(error), error.code)
        return code_of_error(error)
    except ModuleNotFoundError as error:
        extra = _EXTRAS.get((error.name or "").partition(".")[0])
        if extra is None:
            raise
        remedy = f"install the extra {extra}: pip install 'regime-platform[{extra}]'"
        _print_error(f"{error.name} is not installed; {remedy}", "extra-missing")
        return NOTHING_SUCCEEDED
    except OSError as error:
        refusal = _refusal(error)
        if refusal is None:
            raise
        _print_error(*refusal)
        return NOTHING_SUCCEEDED
    if code == INTERRUPTED:
        _print_error(
            "stopped by Ctrl-C; what was done is stored, repeat the command", "interrupted"
        )
    return code if isinstance(code, int) else ALL_GOOD


def _refusal(error: OSError) -> tuple[str, str] | None:
    """Message and code where the machine refuses a file; None of any other error."""
    if isinstance(error, IsADirectoryError):
        place = error.filename2 or error.filename  # the target where a file is renamed
        return f"{place} is a folder; give the name of a file", "folder-not-file"
    if isinstance(error, PermissionError):
        reason = f"{error.filename}: {error.strerror}; check its owner or set REGIME_DATA_ROOT"
        return reason, "permission-denied"
    if error.errno not in _REMEDIES:
        return None
    return f"{error}; {_REMEDIES[error.errno]}, then repeat the command", "disk-refused"


@contextmanager
def _notes_as_messages() -> Iterator[None]:
    """Prints the platform's own warnings as messages; others are shown as usual."""
    with warnings.catch_warnings():
        show = warnings.showwarning

        def show_note(
            message: Warning | str, category: type[Warning], *rest: Any, **more: Any
        ) -> None:
            if issubclass(category, OlderVersionWarning):
                messages().print(str(message), style="yellow", soft_wrap=True)
            else:
                show(message, category, *rest, **more)

        warnings.simplefilter("always", OlderVersionWarning)
        warnings.showwarning = show_note
        yield


def _print_usage_error(error: typer.TyperException) -> None:
    context: typer.Context | None = getattr(error, "ctx", None)
    if not error.format_message():  # no arguments: the help was printed
        return
    if context is not None:
        messages().print(context.get_usage(), style="yellow", soft_wrap=True)
        messages().print(f"`{context.command_path} --help` lists commands and options", style="dim")
    # the prefix of pydantic, which checks the values, says nothing to a user
    _print_error(error.format_message().replace("Value error, ", "", 1), "usage")


def _print_error(text: str, code: str) -> None:
    messages().print(f"error[{code}]: {text}", style="bold red", soft_wrap=True)


if __name__ == "__main__":
    main()
