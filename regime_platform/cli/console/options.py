"""Options that several commands share, alone or as a bundle."""

import os
import pwd
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from regime_platform.cli.console.targets import function_of

Now = Annotated[str | None, typer.Option("--now", help="ISO time to use instead of the clock.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of a table.")]
AllRows = Annotated[bool, typer.Option("--all-rows", help="Show every row of the table.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show the result; write nothing.")]
Reason = Annotated[str, typer.Option("--reason", help="The reason, stored permanently.")]
By = Annotated[str | None, typer.Option("--by", help="The author; default: the user.")]
AsOf = Annotated[
    str | None,
    typer.Option("--as-of", help="Answer as known at this ISO time (UTC)."),
]
Html = Annotated[
    Path | None,
    typer.Option("--html", dir_okay=False, help="Write the report as one self-contained page."),
]


def complete_symbol(incomplete: str) -> list[str]:
    """Completes a symbol in the shell."""
    symbols: list[str] = function_of("console.completion:symbols")(incomplete)
    return symbols


def complete_study(incomplete: str) -> list[str]:
    """Completes the name of a study in the shell."""
    names: list[str] = function_of("console.study_completion:studies")(incomplete)
    return names


Symbol = Annotated[
    str,
    typer.Argument(help="A symbol of the universe, in any case.", autocompletion=complete_symbol),
]
Symbols = Annotated[
    list[str] | None,
    typer.Argument(
        help="Symbols of the universe, in any case; A...C is all from A to C.",
        autocompletion=complete_symbol,
    ),
]
TimeframeWord = Annotated[str, typer.Argument(help="15min, 1h, 4h, 1day or 1week.")]
Timeframe = Annotated[str | None, typer.Option("--timeframe", help="Only this timeframe.")]


class Options:
    """Base of the bundles: dataclasses with an option or argument per field.

    A command that has a parameter of such a class gets all of its options.
    """


@dataclass(frozen=True)
class Author(Options):
    """Who decides something, and why."""

    reason: Reason
    by: By = None

    @property
    def name(self) -> str:
        """The author; by default the system user."""
        return self.by or user()


def user() -> str:
    """The system user, the default author of stored decisions."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # a user without a name, as in a container
        return f"user {os.getuid()}"
