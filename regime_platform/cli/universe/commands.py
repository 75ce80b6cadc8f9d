"""`regime universe check`, `list` and `repoint`."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from regime_platform.cli.console.clock import Clock
from regime_platform.cli.console.options import Author, DryRun, Symbol
from regime_platform.cli.console.output import ALL_GOOD, NOTHING_SUCCEEDED, Output
from regime_platform.cli.console.screen import plural
from regime_platform.errors import UsageError
from regime_platform.model.instruments import Instrument
from regime_platform.operations.overrides import Statement
from regime_platform.operations.repoint import RepointOutcome, repoint_archive, repoint_same
from regime_platform.operations.universe_check import check_file, check_in_force
from regime_platform.pipeline.outbox import Outbox
from regime_platform.pipeline.outbox_documents import Failure, OutboxEntry
from regime_platform.pipeline.outcomes import Stage, Status
from regime_platform.settings import Settings, load_universe
from regime_platform.workspace import Workspace


def check(
    file: Annotated[
        Path | None, typer.Argument(help="File to check; default: the universe in force.")
    ] = None,
    *,
    clock: Clock,
    out: Output,
) -> int:
    settings, now = Settings(), clock.moment()
    checked = check_in_force(settings, now) if file is None else check_file(file, settings, now)
    out.document(checked.document())
    for problem in checked.problems:
        out.line(problem, "bold red")
    for note in checked.notes:
        out.note(note, "yellow")
    summary = f"{plural(len(checked.problems), 'problem')} in {checked.path}"
    if checked.universe is not None:
        summary = f"{summary}: {_counts(checked.universe.instruments)}"
    out.note(summary)
    return NOTHING_SUCCEEDED if checked.problems else ALL_GOOD


def list_symbols(  # noqa: PLR0913 - a parameter per option
    *,
    tier: Annotated[str | None, typer.Option("--tier", help="Only core or daily.")] = None,
    asset_class: Annotated[
        str | None, typer.Option("--class", help="Only this asset class.")
    ] = None,
    source: Annotated[str | None, typer.Option("--source", help="Only from this source.")] = None,
    delisted: Annotated[bool, typer.Option("--delisted", help="Only the delisted ones.")] = False,
    only_symbols: Annotated[
        bool, typer.Option("--symbols", help="Only the symbols, one per line.")
    ] = False,
    out: Output,
) -> None:
    tracked = load_universe(Settings())
    wanted = [
        instrument
        for instrument in (tracked.instruments if tier is None else tracked.tier(tier))
        if asset_class in (None, instrument.asset_class)
        and source in (None, instrument.source)
        and not (delisted and instrument.is_polled)
    ]
    out.document([instrument.model_dump(mode="json") for instrument in wanted])
    if only_symbols:
        for instrument in wanted:
            out.line(instrument.symbol)
        return
    columns = ("symbol", "name", "class", "tier", "source", "at source", "market", "delisted")
    out.table(columns, map(_row, wanted), folding=("name",))
    out.note(_counts(wanted))


def _row(instrument: Instrument) -> tuple[str, ...]:
    identity, name = instrument.identity, instrument.name
    at_source, type_ = identity.get("provider_symbol", ""), identity.get("type", "")
    market = identity.get("mic_code") or identity.get("exchange") or instrument.venue
    if instrument.written:
        name = f"{name} (written {instrument.written})"
    if instrument.formerly:
        name = f"{name} (formerly {', '.join(instrument.formerly)})"
    if type_:
        at_source = f"{at_source} ({type_})"
    return (
        *(instrument.symbol, name, instrument.asset_class, instrument.tier, instrument.source),
        *(at_source or "·", market or "·", instrument.delisted or "·"),
    )


def _counts(instruments: Sequence[Instrument]) -> str:
    tiers = Counter(instrument.tier for instrument in instruments)
    counts = [f"{tiers[tier]:,} {tier}" for tier in ("core", "daily") if tiers[tier]]
    delisted = sum(not instrument.is_polled for instrument in instruments)
    counts += [f"{delisted:,} of them delisted"] if delisted else []
    return ", ".join([plural(len(instruments), "symbol"), *counts])


def repoint(  # noqa: PLR0913 - a parameter per option
    symbol: Symbol,
    *,
    author: Author,
    same: Annotated[
        bool,
        typer.Option("--same", help="Entry and stored bars are the same instrument: go on."),
    ] = False,
    archive: Annotated[
        bool,
        typer.Option("--archive", help="They are two instruments: archive the stored bars."),
    ] = False,
    yes: Annotated[
        bool, typer.Option("--yes", help="Archive them; default: only show what would be done.")
    ] = False,
    clock: Clock,
    dry_run: DryRun = False,
    out: Output,
) -> None:
    if same == archive:
        raise UsageError(
            "give --same (the entry of the universe and the stored bars are the same instrument) "
            "or --archive (they are two instruments)",
            code="conflicting-options",
        )
    workspace = Workspace.open()
    root, instrument = workspace.root, workspace.universe.instrument(symbol)
    statement = Statement(author.reason, author.name, clock.moment())
    is_dry = dry_run or (archive and not yes)
    done = (repoint_same if same else repoint_archive)(root, instrument, statement, dry_run=is_dry)
    if done.is_written and done.folder:
        outbox = Outbox(workspace.settings)
        outbox.leave(
            OutboxEntry(
                symbol=done.symbol,
                failure=Failure(
                    status=Status.FAILED,
                    stage=Stage.RAW_BARS,
                    reason=f"all stored data are in {done.folder}; `regime run {done.symbol}` "
                    "starts afresh",
                ),
            )
        )
        out.problem(outbox.problem)
    out.document(asdict(done))
    out.line(f"stored bars: {done.stored}")
    out.line(f"universe:    {done.meant}")
    for timeframe, count in done.contradicting.items():
        out.line(f"{timeframe}: {count:,} bars of contradicting fetches")
    out.note(_outcome(done, is_dry=is_dry, asks=not dry_run))


def _outcome(done: RepointOutcome, *, is_dry: bool, asks: bool) -> str:
    symbol = done.symbol
    if is_dry and done.folder:
        hint = "; nothing was done yet; --yes does it" if asks else "; dry run: nothing was done"
        return f"{symbol}: all stored data go to {done.folder}{hint}"
    if is_dry:
        return f"{symbol}: dry run: nothing was recorded"
    if not done.is_written:
        return f"{symbol}: no conflict"
    if not done.folder:
        return f"{symbol}: recorded as the same instrument; `regime run {symbol}` continues"
    resumed = " (an interrupted archiving was completed)" if done.carried_on else ""
    begin = f"`regime run {symbol}` starts afresh"
    return f"{symbol}: all stored data are in {done.folder}{resumed}; {begin}"
