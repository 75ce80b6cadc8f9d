"""Options that mean the same for every command that has them."""

from typing import Annotated

import typer

Now = Annotated[str | None, typer.Option("--now", help="ISO time to work at instead of the clock.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of a table.")]
AllRows = Annotated[bool, typer.Option("--all-rows", help="Leave no row of the table out.")]
Reason = Annotated[str, typer.Option("--reason", help="Why; kept for good.")]
By = Annotated[str | None, typer.Option("--by", help="Who decides; default: the user.")]
