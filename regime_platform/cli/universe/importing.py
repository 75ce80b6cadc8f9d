"""`regime universe import`: instruments from a file of another system."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from regime_platform.cli.console.exits import ALL_GOOD, NOTHING_SUCCEEDED, SOME_FAILED
from regime_platform.cli.console.options import Json
from regime_platform.cli.universe.changes import Class, DryRun, Mic, Source, Tier, print_file
from regime_platform.errors import UsageError

if TYPE_CHECKING:
    from regime_platform.model.universe.importing import ImportedRow
    from regime_platform.model.universe.listings import Listing

Listings = Annotated[
    list[Path] | None,
    typer.Option("--listings", help="A vendor's list of instruments, JSON or CSV; repeatable."),
]
Currency = Annotated[
    str | None, typer.Option("--currency", help="Only listings in this currency, as USD.")
]


def import_file(  # noqa: PLR0913, PLR0917 - one parameter per option
    file: Annotated[
        Path, typer.Argument(help="universe.json, a list of symbols, or another universe.yaml.")
    ],
    listed: Listings = None,
    asset_class: Class = None,
    tier: Tier = None,
    source: Source = None,
    mic_code: Mic = None,
    currency: Currency = None,
    alone: Annotated[
        bool, typer.Option("--replace", help="Replace the universe by the instruments of the file.")
    ] = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Import instruments from a file; options fill in missing fields."""
    from regime_platform.cli.console.screen import print_json
    from regime_platform.cli.universe.changes import edit_document
    from regime_platform.model.universe.import_rows import file_rows
    from regime_platform.model.universe.importing import NEW, Defaults, import_rows
    from regime_platform.model.universe.universe import Universe
    from regime_platform.operations.universe_edits import add, replace_all
    from regime_platform.operations.universe_file import load_editable
    from regime_platform.settings import Settings

    settings = Settings()
    fields = {"asset_class": asset_class, "tier": tier, "source": source, "mic_code": mic_code}
    given_fields = {name: value for name, value in fields.items() if value}
    defaults = Defaults(given_fields, _listings(listed or []), currency or "")
    tracked = Universe(()) if alone else load_editable(settings)
    imported = import_rows(file_rows(_text(file), file.name), tracked, defaults)
    if not imported:
        raise UsageError(f"{file} has no symbols", code="no-symbols-in-file")
    new = [
        line.instrument for line in imported if line.status == NEW and line.instrument is not None
    ]
    edit = (replace_all if alone else add)(settings, new, dry_run=dry_run)
    if as_json:
        print_json({**edit_document(edit), "lines": [line.document() for line in imported]})
    else:
        _print(imported, file)
        print_file(edit, dry_run=dry_run)
    raise typer.Exit(_code(imported))


def _code(imported: "Sequence[ImportedRow]") -> int:
    refused = sum(line.status == "refused" for line in imported)
    if not refused:
        return ALL_GOOD
    return NOTHING_SUCCEEDED if refused == len(imported) else SOME_FAILED


def _print(imported: "Sequence[ImportedRow]", file: Path) -> None:
    from regime_platform.cli.console.screen import messages, print_table

    order = ("refused", "new", "held")
    rows = sorted(imported, key=lambda line: (order.index(line.status), line.line))
    cells = [
        (f"{row.line}", row.symbol, row.status, row.note or "·")
        for row in rows
        if row.status != "held"
    ]
    if cells:
        print_table(
            ("line", "symbol", "status", "note"), cells, numbers=("line",), folding=("note",)
        )
    counts = Counter(line.status for line in imported)
    titles = {"refused": "refused", "new": "new", "held": "unchanged"}
    summary = ", ".join(f"{counts[name]:,} {titles[name]}" for name in order if counts[name])
    messages().print(f"{file}: {summary}", soft_wrap=True)


def _listings(files: Sequence[Path]) -> "list[Listing]":
    from regime_platform.model.universe.listings import listings

    return [listing for file in files for listing in listings(_text(file), file.name)]


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            f"cannot read {file}: {error}; give a UTF-8 text file", code="unreadable-file"
        ) from error
