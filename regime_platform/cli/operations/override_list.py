"""`regime bars list`: overrides, and changes of the price basis.

Apart from the other commands because it needs no bars and so no pyarrow.
"""

from itertools import starmap
from typing import Annotated, Any

import typer

from regime_platform.bar_store.basis_files import BASES, BasisRecord
from regime_platform.bar_store.overrides import read_overrides
from regime_platform.cli.console.options import complete_symbol
from regime_platform.cli.console.output import Output
from regime_platform.model.instruments import Instrument
from regime_platform.validation.overrides import ANY_RULE, Override, in_force
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
    listed, changes = [], []
    for instrument in wanted:
        paths = workspace.root.symbol(instrument.symbol)
        changes += [(instrument.symbol, record) for record in BASES.read(paths)]
        known = read_overrides(paths)
        effective = set(in_force(known))
        listed += [(instrument, override, override in effective) for override in known]
    overrides = [
        {**override_document(instrument, override), "in_force": is_in_force}
        for instrument, override, is_in_force in listed
    ]
    out.document(overrides + list(starmap(_basis_document, changes)))
    if listed:
        columns = ("symbol", "id", "override", "bars", "in force", "by", "on", "reason")
        out.table(columns, starmap(_row, listed), folding=("reason",))
    else:
        out.note("no overrides")
    for symbol, record in changes:
        out.line(f"{symbol} {record.timeframe}: {record.describe()}")


def _basis_document(symbol: str, record: BasisRecord) -> dict[str, Any]:
    """A change of the price basis, or a reading again, as JSON shows it."""
    kind = "read_again" if record.ratio is None else "basis_change"
    facts = {"symbol": symbol, "kind": kind, **record.model_dump(mode="json")}
    return {**facts, "text": record.describe()}


def subject(override: Override) -> str:
    """The series and the bars that an override is about, in short."""
    first, last = (text.partition("T00:00:00Z")[0] for text in (override.ts, override.until or ""))
    until = f" to {last.removesuffix('T23:59:59Z')}" if last else ""
    others = f" and {len(override.others)} more" if override.others else ""
    return f"{override.timeframe} {first}{until}{others}"


def _row(instrument: Instrument, override: Override, is_in_force: bool) -> tuple[str, ...]:
    kind = f"undo {override.undoes}" if override.undoes else str(override.kind)
    rule = "" if override.rule == ANY_RULE else f" {override.rule}"
    effective = "yes" if is_in_force else "·"
    author = (override.by, override.at[:10], override.reason)
    bars = subject(override)
    return instrument.symbol, str(override.id), f"{kind}{rule}", bars, effective, *author


def override_document(instrument: Instrument, override: Override) -> dict[str, Any]:
    """An override of a symbol as JSON shows it."""
    return {"symbol": instrument.symbol, **override.model_dump(mode="json")}
