"""`regime universe rename`, `delist`, `remove` and `import`."""

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from regime_platform.cli.console.clock import Clock
from regime_platform.cli.console.options import DryRun, Options, Symbol, complete_symbol
from regime_platform.cli.console.output import NOTHING_SUCCEEDED, Output, code_of_counts
from regime_platform.cli.universe.edit_report import edit_document, print_edit, print_file
from regime_platform.compute.eras.eras import era_class
from regime_platform.errors import UsageError
from regime_platform.model.symbols import parse_symbol
from regime_platform.model.timeframes import canonical_timeframe
from regime_platform.model.universe.import_files import file_rows, listings
from regime_platform.model.universe.imports import NEW, Defaults, ImportedRow, import_rows
from regime_platform.model.universe.universe import Universe
from regime_platform.operations import renames, universe_edits
from regime_platform.operations.universe_file import read_editable
from regime_platform.pipeline.outbox import Outbox
from regime_platform.settings import Settings

Mic = Annotated[str | None, typer.Option("--mic-code", help="Its market: ISO 10383, as XNYS.")]


@dataclass(frozen=True)
class _Fields(Options):
    """Fields of an entry of the universe."""

    @property
    def given(self) -> dict[str, Any]:
        return {name: value for name, value in asdict(self).items() if value}


@dataclass(frozen=True)
class Labels(_Fields):
    """How the instrument is called, here and at the source."""

    name: Annotated[str | None, typer.Option("--name", help="Display name.")] = None
    provider_symbol: Annotated[
        str | None, typer.Option("--provider-symbol", help="Its symbol at the source, as EUR/USD.")
    ] = None
    exchange: Annotated[str | None, typer.Option("--exchange", help="Name of its market.")] = None
    mic_code: Mic = None


@dataclass(frozen=True)
class Kind(_Fields):
    """What kind of instrument it is, and how it is tracked."""

    asset_class: Annotated[
        str | None, typer.Option("--class", help="Its asset class, as US_EQUITY.")
    ] = None
    calendar: Annotated[
        str | None, typer.Option("--calendar", help="Its calendar, if not that of the class: XLON.")
    ] = None
    tier: Annotated[str | None, typer.Option("--tier", help="core or daily.")] = None
    timeframes: Annotated[
        list[str] | None,
        typer.Option(
            "--timeframe", help="Track it on this; repeatable; default: those of its tier."
        ),
    ] = None
    source: Annotated[
        str | None, typer.Option("--source", help="sample, files, twelvedata or ccxt.")
    ] = None
    venue: Annotated[
        str | None, typer.Option("--venue", help="Its exchange, of source ccxt: binance, kraken.")
    ] = None


def timeframes(
    symbol: Symbol,
    timeframes: Annotated[
        list[str] | None,
        typer.Argument(help="Those that it is to be tracked on; without any, those of its tier."),
    ] = None,
    *,
    dry_run: DryRun = False,
    out: Output,
) -> None:
    wanted = list(map(canonical_timeframe, timeframes or ()))
    edit = universe_edits.track_on(Settings(), symbol, wanted, dry_run=dry_run)
    before, after = (each.instrument(symbol) for each in (edit.before, edit.after))
    change = f"{after.symbol} is tracked on {', '.join(after.timeframes)}"
    print_edit(edit, change, dry_run=dry_run, out=out)
    dropped = [name for name in before.timeframes if name not in after.timeframes]
    if dropped:
        out.note(
            f"{', '.join(dropped)}: what was fetched stays in the raw log; the next run takes bars "
            "and results out of force, and tracking it again brings them back without a fetch"
        )


def rename(  # noqa: PLR0913 - a parameter per option
    symbol: Symbol,
    new_symbol: Annotated[str, typer.Argument(help="Its new symbol.")],
    *,
    labels: Labels,
    clock: Clock,
    dry_run: DryRun = False,
    out: Output,
) -> None:
    parsed = parse_symbol(new_symbol)
    changes, new = {**parsed.fields, **labels.given}, parsed.name
    edit = renames.rename(Settings(), symbol, changes, clock.stamp(), dry_run=dry_run)
    old = edit.before.symbol_of(symbol)
    print_edit(edit, f"{old} is renamed to {new}", dry_run=dry_run, out=out)
    if not dry_run:
        outbox = Outbox(Settings())
        outbox.leave_stored([new])
        out.problem(outbox.problem)
        _print_consequences(edit.after, old, new, out)


def delist(  # noqa: PLR0913 - a parameter per option
    symbol: Symbol,
    *,
    since: Annotated[
        str | None,
        typer.Option("--since", help="Date of the delisting; default: today."),
    ] = None,
    undo: Annotated[bool, typer.Option("--undo", help="Resume fetching.")] = False,
    clock: Clock,
    dry_run: DryRun = False,
    out: Output,
) -> None:
    if undo and since is not None:
        raise UsageError(
            "--undo withdraws a delisting; leave out --since",
            code="conflicting-options",
        )
    today = clock.moment().date()
    try:
        date = today if since is None else dt.date.fromisoformat(since)
    except ValueError as error:
        raise UsageError(
            f"--since {since!r} is not a date; write it as 2022-06-09", code="bad-date"
        ) from error
    if date > today:
        raise UsageError(
            f"--since {date} is in the future (today is {today}); delist it then", code="time-ahead"
        )
    edit = universe_edits.delist(Settings(), symbol, None if undo else date, dry_run=dry_run)
    change = "is fetched again" if undo else f"is delisted since {date}"
    print_edit(edit, f"{edit.after.symbol_of(symbol)} {change}", dry_run=dry_run, out=out)


def remove(
    symbols: Annotated[
        list[str],
        typer.Argument(
            help="Symbols of the universe, in any case.", autocompletion=complete_symbol
        ),
    ],
    *,
    dry_run: DryRun = False,
    out: Output,
) -> None:
    edit = universe_edits.remove(Settings(), symbols, dry_run=dry_run)
    gone = sorted(set(edit.before.symbols) - set(edit.after.symbols))
    change = f"{', '.join(gone)} removed; bars and results stay in {edit.path.parent / 'assets'}"
    print_edit(edit, change, dry_run=dry_run, out=out)


def import_file(  # noqa: PLR0913 - a parameter per option
    file: Annotated[
        Path, typer.Argument(help="universe.json, a list of symbols, or another universe.yaml.")
    ],
    *,
    listed: Annotated[
        list[Path] | None,
        typer.Option("--listings", help="A vendor's list of instruments, JSON or CSV; repeatable."),
    ] = None,
    kind: Kind,
    mic_code: Mic = None,
    currency: Annotated[
        str | None, typer.Option("--currency", help="Only listings in this currency, as USD.")
    ] = None,
    alone: Annotated[
        bool, typer.Option("--replace", help="Replace the universe by the instruments of the file.")
    ] = False,
    dry_run: DryRun = False,
    out: Output,
) -> int:
    settings = Settings()
    fields = {**kind.given, **({"mic_code": mic_code} if mic_code else {})}
    known = [listing for path in listed or () for listing in listings(_text(path), path.name)]
    # without a universe.yaml the sample is tracked, and imported instruments take its place
    is_first = not settings.own_universe().exists()
    tracked = Universe(()) if alone or is_first else read_editable(settings).universe
    imported = import_rows(
        file_rows(_text(file), file.name), tracked, Defaults(fields, known, currency or "")
    )
    if not imported:
        raise UsageError(f"{file} has no symbols", code="no-symbols-in-file")
    new = [row.instrument for row in imported if row.status == NEW and row.instrument is not None]
    is_whole = alone or (is_first and new)
    change = universe_edits.replace_all if is_whole else universe_edits.add
    edit = change(settings, new, dry_run=dry_run)
    out.document({**edit_document(edit), "lines": [row.document() for row in imported]})
    _print_imported(imported, file, out)
    if edit.is_first and new:
        left = [name for name in edit.before.symbols if name not in edit.after.symbols]
        out.note(f"no longer tracked: {', '.join(left)} of the sample universe")
    print_file(edit, dry_run=dry_run, out=out)
    taken = sum(row.status != "refused" for row in imported)
    return code_of_counts(taken, len(imported)) if taken else NOTHING_SUCCEEDED


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            f"cannot read {file}: {error}; give a UTF-8 text file", code="unreadable-file"
        ) from error


def _print_imported(imported: Sequence[ImportedRow], file: Path, out: Output) -> None:
    titles = {"refused": "refused", "new": "new", "held": "unchanged"}
    order = list(titles)
    rows = sorted(imported, key=lambda row: (order.index(row.status), row.line))
    cells = [
        (f"{row.line}", row.symbol, row.status, row.note or "·")
        for row in rows
        if row.status != "held"
    ]
    if cells:
        columns = ("line", "symbol", "status", "note")
        out.table(columns, cells, numbers=("line",), folding=("note",))
    counts = Counter(row.status for row in imported)
    summary = ", ".join(f"{counts[name]:,} {titles[name]}" for name in order if counts[name])
    out.note(f"{file}: {summary}")


def _print_consequences(universe: Universe, old: str, new: str, out: Output) -> None:
    renamed = universe.instrument(new)
    before, after = (era_class(symbol, renamed.asset_class).name for symbol in (old, new))
    if before != after:
        change = f"its era class changes from {before or 'fixed'} to {after or 'fixed'}: "
        out.note(f"{change}the next run recomputes it", "yellow")
    if renamed.source == "files" and renamed.is_polled and not renamed.files:
        change = f"source files now reads REGIME_FILES_ROOT/{new}: move the folder {old}"
        out.note(change, "yellow")
