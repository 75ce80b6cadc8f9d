"""`regime bars list`, apart from the other commands because it needs no bars and so no pyarrow."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from regime_platform.bar_store.overrides import read_overrides
from regime_platform.cli.console.options import complete_symbol
from regime_platform.cli.console.output import Output
from regime_platform.model.instruments import Instrument
from regime_platform.validation.overrides import Override, in_force
from regime_platform.workspace import Workspace


def list_overrides(
    symbols: Annotated[
        list[str] | None,
        typer.Argument(
            help="Symbols of the universe; default: all.", autocompletion=complete_symbol
        ),
    ] = None,
    *,
    out: Output,
) -> None:
    workspace = Workspace.open()
    wanted = workspace.universe.select(symbols) if symbols else workspace.universe.instruments
    rows = []
    for instrument in wanted:
        overrides = read_overrides(workspace.root.symbol(instrument.symbol))
        effective = set(in_force(overrides))
        rows += [
            {**override_document(instrument, override), "in_force": override in effective}
            for override in overrides
        ]
    out.document(rows)
    if rows:
        columns = ("symbol", "id", "override", "bar", "in force", "by", "on", "reason")
        out.table(columns, map(_row, rows), folding=("reason",))
    else:
        out.note("no overrides")


def _row(facts: Mapping[str, Any]) -> tuple[str, ...]:
    bar = f"{facts['timeframe']} {facts['ts'].removesuffix('T00:00:00Z')}"
    kind = f"undo {facts['undoes']}" if "undoes" in facts else facts["kind"]
    rule = f" {facts['rule']}" if facts.get("rule", "any") != "any" else ""
    effective = "yes" if facts["in_force"] else "·"
    author = (facts["by"], facts["at"][:10], facts["reason"])
    return facts["symbol"], str(facts["id"]), f"{kind}{rule}", bar, effective, *author


def override_document(instrument: Instrument, override: Override) -> dict[str, Any]:
    """An override of a symbol as JSON shows it."""
    return {"symbol": instrument.symbol, **override.model_dump(mode="json")}
