"""The command that takes over instruments from a foreign file."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from regime_platform.cli.exits import ALL_GOOD, NOTHING_SUCCEEDED, SOME_FAILED
from regime_platform.cli.options import Json
from regime_platform.cli.universe_changes import Class, DryRun, Mic, Source, Tier, tell_file
from regime_platform.errors import UsageError

if TYPE_CHECKING:
    from regime_platform.model.listings import Listing
    from regime_platform.model.universe_import import Decision

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
        bool, typer.Option("--replace", help="Follow nobody but the file's instruments.")
    ] = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Take over instruments; options fill what the file leaves open, nothing is guessed."""
    from regime_platform.cli.screen import print_json
    from regime_platform.cli.universe_changes import edit_facts
    from regime_platform.model.import_rows import file_rows
    from regime_platform.model.universe import Universe
    from regime_platform.model.universe_import import NEW, Given, decide
    from regime_platform.pipeline.universe_edits import add, replace_all
    from regime_platform.pipeline.universe_file import load_editable
    from regime_platform.settings import Settings

    settings = Settings()
    fields = {"asset_class": asset_class, "tier": tier, "source": source, "mic_code": mic_code}
    told = {name: value for name, value in fields.items() if value}
    given = Given(told, _listings(listed or []), currency or "")
    held = Universe(()) if alone else load_editable(settings)
    decided = decide(file_rows(_text(file), file.name), held, given)
    if not decided:
        raise UsageError(f"{file} names no symbol")
    new = [one.instrument for one in decided if one.status == NEW and one.instrument is not None]
    edit = (replace_all if alone else add)(settings, new, dry_run=dry_run)
    if as_json:
        print_json({**edit_facts(edit), "lines": [one.facts() for one in decided]})
    else:
        _print(decided, file)
        tell_file(edit, dry_run=dry_run)
    raise typer.Exit(_code(decided))


def _code(decided: "Sequence[Decision]") -> int:
    refused = sum(one.status == "refused" for one in decided)
    if not refused:
        return ALL_GOOD
    return NOTHING_SUCCEEDED if refused == len(decided) else SOME_FAILED


def _print(decided: "Sequence[Decision]", file: Path) -> None:
    from regime_platform.cli.screen import messages, print_table

    order = ("refused", "new", "held")
    rows = sorted(decided, key=lambda one: (order.index(one.status), one.line))
    cells = [
        (f"{one.line}", one.symbol, one.status, one.note or "·")
        for one in rows
        if one.status != "held"
    ]
    if cells:
        print_table(
            ("line", "symbol", "status", "note"), cells, numbers=("line",), folding=("note",)
        )
    counts = Counter(one.status for one in decided)
    told = ", ".join(f"{counts[name]:,} {name}" for name in order if counts[name])
    messages().print(f"{file}: {told}", markup=False, soft_wrap=True)


def _listings(files: Sequence[Path]) -> "list[Listing]":
    from regime_platform.model.listings import listings

    return [one for file in files for one in listings(_text(file), file.name)]


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read {file}: {error}; give a UTF-8 text file") from error
