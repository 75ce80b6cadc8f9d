"""Options that mean the same for every command that has them."""

import os
import pwd
from pathlib import Path
from typing import Annotated

import typer

Now = Annotated[str | None, typer.Option("--now", help="ISO time to use instead of the clock.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of a table.")]
AllRows = Annotated[bool, typer.Option("--all-rows", help="Show every row of the table.")]
Reason = Annotated[str, typer.Option("--reason", help="The reason, stored permanently.")]
By = Annotated[str | None, typer.Option("--by", help="The author; default: the user.")]
Symbol = Annotated[str, typer.Argument(help="A symbol of the universe, in any case.")]
AsOf = Annotated[
    str | None,
    typer.Option("--as-of", help="Answer as known at this ISO time (UTC)."),
]
Html = Annotated[
    Path | None, typer.Option("--html", help="Write the report as one self-contained page.")
]


def user() -> str:
    """The system user, the default author of stored decisions."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # a user without a name, as in a container
        return f"user {os.getuid()}"
