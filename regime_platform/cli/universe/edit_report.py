"""What an edit of the universe did, as text and as a document."""

from regime_platform.cli.console.output import Output
from regime_platform.operations.universe_file import UniverseEdit


def edit_document(edit: UniverseEdit) -> dict[str, object]:
    """What ``--json`` prints of an edit."""
    before = {entry.symbol: entry.model_dump(mode="json") for entry in edit.before.instruments}
    after = {entry.symbol: entry.model_dump(mode="json") for entry in edit.after.instruments}
    return {
        "file": str(edit.path),
        "is_first": edit.is_first,
        "is_written": edit.is_written,
        "carried_on": list(edit.carried_on),
        "added": [facts for symbol, facts in after.items() if symbol not in before],
        "removed": [facts for symbol, facts in before.items() if symbol not in after],
        "changed": [facts for symbol, facts in after.items() if before.get(symbol, facts) != facts],
    }


def print_edit(edit: UniverseEdit, change: str, *, dry_run: bool, out: Output) -> None:
    """The document or the text of an edit."""
    out.document(edit_document(edit))
    out.line(change)
    print_file(edit, dry_run=dry_run, out=out)


def print_file(edit: UniverseEdit, *, dry_run: bool, out: Output) -> None:
    """What was carried on, and what happened to the file."""
    for sentence in edit.carried_on:
        out.note(sentence, "yellow")
    if dry_run:
        summary = f"dry run: {edit.path} is unchanged"
    elif not edit.is_written:
        summary = f"nothing to change in {edit.path}"
    else:
        sample = [name for name in edit.before.symbols if name in edit.after.symbols]
        kept = f"; {', '.join(sample)} of the sample universe stay tracked"
        summary = f"written to {edit.path}{kept if edit.is_first and sample else ''}"
    out.note(summary)
