"""`regime bars`: canonical bars, and what persons decide about single ones of them."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from regime_platform.cli.answering import Symbol, Timeframe, TimeframeWord
from regime_platform.cli.answering import bars as show
from regime_platform.cli.era_sets import house, user
from regime_platform.cli.options import By, Json, Now, Reason

if TYPE_CHECKING:
    from regime_platform.bars.layout import DataRoot
    from regime_platform.model.instruments import Instrument
    from regime_platform.pipeline.decisions import Statement
    from regime_platform.validation.decisions import Decision

Opens = Annotated[str, typer.Argument(metavar="TS", help="Open of the bar, an ISO time (UTC).")]


class _ShowByDefault(TyperGroup):
    """`regime bars SYMBOL TIMEFRAME` means `regime bars show SYMBOL TIMEFRAME`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[0] not in (*self.commands, "-h", "--help"):
            args = ["show", *args]
        return super().parse_args(ctx, args)


bars = typer.Typer(cls=_ShowByDefault, no_args_is_help=True)
bars.command("show")(show)


@bars.command("exclude")
def exclude_bar(  # noqa: PLR0913, PLR0917 - one parameter per option
    symbol: Symbol,
    timeframe: TimeframeWord,
    ts: Opens,
    reason: Reason,
    by: By = None,
    now: Now = None,
    as_json: Json = False,
) -> None:
    """Keep one bar out of the canonical bars, whatever it says."""
    from regime_platform.cli.instants import instant_of
    from regime_platform.pipeline.decisions import exclude

    root, instrument = _place(symbol)
    opens, said = instant_of("TS", ts), _statement(reason, by, now)
    made = exclude(root, instrument, timeframe, opens, said)
    _tell(instrument, made, as_json=as_json)


@bars.command("exclude-found")
def exclude_found_bars(  # noqa: PLR0913, PLR0917 - one parameter per option
    symbol: Symbol,
    rule: Annotated[str, typer.Argument(metavar="RULE", help="As `regime promote` names it.")],
    reason: Reason,
    timeframe: Timeframe = None,
    by: By = None,
    now: Now = None,
    as_json: Json = False,
) -> None:
    """Keep out every bar that a rule rejects, each by a decision of its own."""
    from regime_platform.cli.screen import plural, print_json
    from regime_platform.pipeline.decisions import exclude_found

    root, instrument = _place(symbol)
    wanted = instrument.timeframes if timeframe is None else (timeframe,)
    made = exclude_found(root, instrument, wanted, rule, _statement(reason, by, now))
    if as_json:
        print_json([{"symbol": instrument.symbol, **one.facts()} for one in made])
        return
    which = (
        f"decisions {made[0].id} to {made[-1].id}" if len(made) > 1 else f"decision {made[0].id}"
    )
    _obeyed(instrument, f"{which}: exclude {plural(len(made), 'bar')} that {rule} rejects")


@bars.command("accept")
def accept_bar(  # noqa: PLR0913, PLR0917 - one parameter per option
    symbol: Symbol,
    timeframe: TimeframeWord,
    ts: Opens,
    reason: Reason,
    rule: Annotated[
        str, typer.Option("--rule", help="Only what this rule found; default: any.")
    ] = "any",
    by: By = None,
    now: Now = None,
    as_json: Json = False,
) -> None:
    """Declare a finding true: a real extreme, or a real gap."""
    from regime_platform.cli.instants import instant_of
    from regime_platform.pipeline.decisions import accept

    root, instrument = _place(symbol)
    opens, said = instant_of("TS", ts), _statement(reason, by, now)
    made = accept(root, instrument, timeframe, opens, said, rule=rule)
    _tell(instrument, made, as_json=as_json)


@bars.command("undo")
def undo_decision(  # noqa: PLR0913, PLR0917 - one parameter per option
    symbol: Symbol,
    number: Annotated[int, typer.Argument(metavar="ID", help="As `regime bars list` numbers it.")],
    reason: Reason,
    by: By = None,
    now: Now = None,
    as_json: Json = False,
) -> None:
    """Withdraw a decision; it stays on record."""
    from regime_platform.pipeline.decisions import undo

    root, instrument = _place(symbol)
    made = undo(root, instrument, number, _statement(reason, by, now))
    _tell(instrument, made, as_json=as_json)


@bars.command("list")
def list_decisions(
    symbols: Annotated[
        list[str] | None, typer.Argument(help="Symbols of the universe; default: all.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Show every decision on record and whether it is in force."""
    from regime_platform.bars.decisions import read_decisions
    from regime_platform.cli.screen import messages, print_json, print_table
    from regime_platform.validation.decisions import in_force

    root, universe = house()
    wanted = universe.select(symbols) if symbols else universe.instruments
    rows = []
    for one in wanted:
        entries = read_decisions(root.symbol(one.symbol))
        held = set(in_force(entries))
        rows += [{"symbol": one.symbol, **it.facts(), "in_force": it in held} for it in entries]
    if as_json:
        print_json(rows)
    elif not rows:
        messages().print("nobody has decided anything")
    else:
        columns = ("symbol", "id", "decision", "bar", "in force", "by", "on", "reason")
        print_table(columns, [_row(row) for row in rows], folding=("reason",))


def _row(facts: Mapping[str, Any]) -> tuple[str, ...]:
    bar = f"{facts['timeframe']} {facts['ts'].removesuffix('T00:00:00Z')}"
    of = f"undo {facts['undoes']}" if "undoes" in facts else facts["kind"]
    ruled = f" {facts['rule']}" if facts.get("rule", "any") != "any" else ""
    standing = "yes" if facts["in_force"] else "·"
    told = (facts["by"], facts["at"][:10], facts["reason"])
    return facts["symbol"], str(facts["id"]), f"{of}{ruled}", bar, standing, *told


def _tell(instrument: "Instrument", made: "Decision", *, as_json: bool) -> None:
    from regime_platform.cli.screen import print_json

    if as_json:
        print_json({"symbol": instrument.symbol, **made.facts()})
        return
    told = f"undo of {made.undoes}" if made.undoes else f"{made.kind} {made.timeframe} {made.ts}"
    _obeyed(instrument, f"decision {made.id}: {told}")


def _obeyed(instrument: "Instrument", told: str) -> None:
    from regime_platform.cli.screen import messages

    symbol = instrument.symbol
    messages().print(
        f"{symbol} {told}; `regime run {symbol}` or `regime promote {symbol}` obeys it",
        markup=False,
    )


def _statement(reason: str, by: str | None, now: str | None) -> "Statement":
    from regime_platform.cli.clock import stamp
    from regime_platform.pipeline.decisions import Statement

    return Statement(reason, by or user(), stamp(now))


def _place(symbol: str) -> "tuple[DataRoot, Instrument]":
    root, universe = house()
    return root, universe.instrument(symbol.upper())
