"""`regime universe add`."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer

from regime_platform.cli.console.options import DryRun
from regime_platform.cli.console.output import Output
from regime_platform.cli.universe.edit_report import print_edit
from regime_platform.cli.universe.edits import Kind, Labels
from regime_platform.errors import ConfigError, UsageError
from regime_platform.model.instruments import Instrument, parse_entry
from regime_platform.model.symbols import parse_symbol, several_symbols, split_symbols
from regime_platform.operations import universe_edits
from regime_platform.operations.venue_entries import VENUE_SOURCE, venue_fields
from regime_platform.settings import Settings
from regime_platform.sources.registry import build_sources


def add(  # noqa: PLR0913 - a parameter per option
    symbols: Annotated[list[str], typer.Argument(help="New symbols, as BRK.B, BF/B or BTC/USD.")],
    *,
    kind: Kind,
    labels: Labels,
    type_: Annotated[
        str | None, typer.Option("--type", help="Instrument type of the vendor.")
    ] = None,
    dry_run: DryRun = False,
    out: Output,
) -> None:
    settings = Settings()
    type_field = {"type": type_} if type_ else {}
    given = {**labels.given, **kind.given, **type_field}
    words = _words(symbols, labels.given)
    if kind.source == VENUE_SOURCE:
        source = build_sources(settings)[VENUE_SOURCE]
        entries = [venue_fields(source, word, given) for word in words]
    else:
        entries = [{**parse_symbol(word).fields, **given} for word in words]
    instruments = list(map(_instrument, entries))
    names = [instrument.symbol for instrument in instruments]
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        raise UsageError(
            f"{', '.join(repeated)} is given twice; once is enough", code="symbol-twice"
        )
    edit = universe_edits.add(settings, instruments, dry_run=dry_run)
    change = f"{', '.join(names)} {'is' if len(names) == 1 else 'are'} added"
    print_edit(edit, change, dry_run=dry_run, out=out)


def _instrument(fields: Mapping[str, Any]) -> Instrument:
    try:
        return parse_entry(fields)
    except ConfigError as error:
        raise UsageError(f"{error} (see `regime universe add --help`)", code="bad-entry") from error


def _words(symbols: Sequence[str], labels: Mapping[str, Any]) -> list[str]:
    """The symbols, of which there is one where the labels are those of one instrument."""
    words = split_symbols(symbols)
    if not words or (len(words) > 1 and {"name", "provider_symbol"} & labels.keys()):
        raise several_symbols(" ".join(symbols), words)
    return words
