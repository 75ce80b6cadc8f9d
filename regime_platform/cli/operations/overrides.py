"""`regime bars`: canonical bars, and overrides of single bars."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from regime_platform.bar_store.layout import DataRoot
from regime_platform.bar_store.overrides import read_overrides
from regime_platform.cli.console.clock import instant_of, stamp
from regime_platform.cli.console.options import By, Json, Now, Reason, Symbol, user
from regime_platform.cli.console.screen import messages, plural, print_json, print_table
from regime_platform.cli.query.answers import Timeframe, TimeframeWord
from regime_platform.cli.query.answers import bars as show
from regime_platform.model.instruments import Instrument
from regime_platform.operations.overrides import Statement, accept, exclude, exclude_rejected, undo
from regime_platform.validation.overrides import Override, in_force
from regime_platform.workspace import Workspace

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
    """Exclude one bar from the canonical bars."""
    root, instrument = _target(symbol)
    opens, statement = instant_of("TS", ts), _statement(reason, by, now)
    made = exclude(root, instrument, timeframe, opens, statement)
    _print_override(instrument, made, as_json=as_json)


@bars.command("exclude-found")
def exclude_found_bars(  # noqa: PLR0913, PLR0917 - one parameter per option
    symbol: Symbol,
    rule: Annotated[
        str,
        typer.Argument(metavar="RULE", help="Name of the rule, as `regime promote` reports it."),
    ],
    reason: Reason,
    timeframe: Timeframe = None,
    by: By = None,
    now: Now = None,
    as_json: Json = False,
) -> None:
    """Exclude every bar that a rule rejects, one override per bar."""
    root, instrument = _target(symbol)
    wanted = instrument.timeframes if timeframe is None else (timeframe,)
    made = exclude_rejected(root, instrument, wanted, rule, _statement(reason, by, now))
    if as_json:
        print_json(
            [{"symbol": instrument.symbol, **override.model_dump(mode="json")} for override in made]
        )
        return
    which = (
        f"overrides {made[0].id} to {made[-1].id}" if len(made) > 1 else f"override {made[0].id}"
    )
    _print_change(instrument, f"{which}: exclude {plural(len(made), 'bar')} that {rule} rejects")


@bars.command("accept")
def accept_bar(  # noqa: PLR0913, PLR0917 - one parameter per option
    symbol: Symbol,
    timeframe: TimeframeWord,
    ts: Opens,
    reason: Reason,
    rule: Annotated[
        str, typer.Option("--rule", help="Only findings of this rule; default: any.")
    ] = "any",
    by: By = None,
    now: Now = None,
    as_json: Json = False,
) -> None:
    """Accept a finding as correct data: a real extreme or a real gap."""
    root, instrument = _target(symbol)
    opens, statement = instant_of("TS", ts), _statement(reason, by, now)
    made = accept(root, instrument, timeframe, opens, statement, rule=rule)
    _print_override(instrument, made, as_json=as_json)


@bars.command("undo")
def undo_override(  # noqa: PLR0913, PLR0917 - one parameter per option
    symbol: Symbol,
    number: Annotated[
        int,
        typer.Argument(
            metavar="ID", help="Number of the override, as `regime bars list` shows it."
        ),
    ],
    reason: Reason,
    by: By = None,
    now: Now = None,
    as_json: Json = False,
) -> None:
    """Withdraw an override; it stays on record."""
    root, instrument = _target(symbol)
    made = undo(root, instrument, number, _statement(reason, by, now))
    _print_override(instrument, made, as_json=as_json)


@bars.command("list")
def list_overrides(
    symbols: Annotated[
        list[str] | None, typer.Argument(help="Symbols of the universe; default: all.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Show all overrides on record and whether they are in force."""
    workspace = Workspace.open()
    wanted = workspace.universe.select(symbols) if symbols else workspace.universe.instruments
    rows = []
    for instrument in wanted:
        overrides = read_overrides(workspace.root.symbol(instrument.symbol))
        effective = set(in_force(overrides))
        rows += [
            {
                "symbol": instrument.symbol,
                **override.model_dump(mode="json"),
                "in_force": override in effective,
            }
            for override in overrides
        ]
    if as_json:
        print_json(rows)
    elif not rows:
        messages().print("no overrides")
    else:
        columns = ("symbol", "id", "override", "bar", "in force", "by", "on", "reason")
        print_table(columns, [_row(row) for row in rows], folding=("reason",))


def _row(facts: Mapping[str, Any]) -> tuple[str, ...]:
    bar = f"{facts['timeframe']} {facts['ts'].removesuffix('T00:00:00Z')}"
    kind = f"undo {facts['undoes']}" if "undoes" in facts else facts["kind"]
    rule = f" {facts['rule']}" if facts.get("rule", "any") != "any" else ""
    effective = "yes" if facts["in_force"] else "·"
    author = (facts["by"], facts["at"][:10], facts["reason"])
    return facts["symbol"], str(facts["id"]), f"{kind}{rule}", bar, effective, *author


def _print_override(instrument: Instrument, made: Override, *, as_json: bool) -> None:
    if as_json:
        print_json({"symbol": instrument.symbol, **made.model_dump(mode="json")})
        return
    change = f"undo of {made.undoes}" if made.undoes else f"{made.kind} {made.timeframe} {made.ts}"
    _print_change(instrument, f"override {made.id}: {change}")


def _print_change(instrument: Instrument, change: str) -> None:
    symbol = instrument.symbol
    messages().print(
        f"{symbol} {change}; `regime run {symbol}` or `regime promote {symbol}` applies it",
    )


def _statement(reason: str, by: str | None, now: str | None) -> Statement:
    return Statement(reason, by or user(), stamp(now))


def _target(symbol: str) -> tuple[DataRoot, Instrument]:
    workspace = Workspace.open()
    return workspace.root, workspace.find(symbol.upper())[0]
