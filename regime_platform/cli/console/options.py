"""Options that mean the same for every command that has them."""

from typing import Annotated

import typer

Now = Annotated[str | None, typer.Option("--now", help="ISO time to use instead of the clock.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of a table.")]
AllRows = Annotated[bool, typer.Option("--all-rows", help="Show every row of the table.")]
Reason = Annotated[str, typer.Option("--reason", help="The reason, stored permanently.")]
By = Annotated[str | None, typer.Option("--by", help="The author; default: the user.")]
