"""`regime sql`: a query over everything that is stored of all symbols."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import typer

from regime_platform.cli.console.frames import (
    frame_document,
    print_csv,
    print_frame,
    write_frame,
)
from regime_platform.cli.console.output import LongOutput
from regime_platform.cli.console.progress import counter
from regime_platform.cli.console.screen import messages, plural
from regime_platform.errors import UsageError
from regime_platform.regular_files import read_text
from regime_platform.sql_views.relations import VIEWS
from regime_platform.sql_views.run import Answer, answer
from regime_platform.workspace import Workspace

_MOST_ROWS = 40


def sql(
    query: Annotated[
        str | None, typer.Argument(help="A SELECT over the views; - reads it from stdin.")
    ] = None,
    *,
    file: Annotated[Path | None, typer.Option("--file", help="Read the query from a file.")] = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV instead of a table.")] = False,
    output: Annotated[
        Path | None, typer.Option("--output", help="Write all rows to this .csv or .parquet file.")
    ] = None,
    out: LongOutput,
) -> None:
    text = _text(query, file)
    if text is None:
        _print_views(out)
        return
    is_table = not (out.as_json or as_csv or output or out.all_rows)
    given = answer(
        Workspace.open(), text, most=_MOST_ROWS if is_table else None, watch=_counted, report=_note
    )
    _print(given, output, out, as_csv=as_csv)


def _text(query: str | None, file: Path | None) -> str | None:
    if query is not None and file is not None:
        raise UsageError("give a query or --file, not both", code="two-queries")
    if file is None:
        return typer.get_text_stream("stdin").read() if query == "-" else query
    try:
        return read_text(file)
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"--file {file} cannot be read ({error})", code="no-query-file") from error


def _print(rows: Answer, output: Path | None, out: LongOutput, *, as_csv: bool) -> None:
    frame, total = rows
    if output is not None:
        write_frame(frame, output)
        out.note(f"{plural(total, 'row')} written to {output}")
        out.document({"path": str(output), "rows": total})
    elif out.as_json:
        out.document(frame_document(frame))
    elif as_csv:
        print_csv(frame)
    else:
        print_frame(frame)
        out.note(plural(total, "row"))
        out.cut(total - frame.height, "row")


def _print_views(out: LongOutput) -> None:
    """What there is to select from."""
    out.document(
        {view: {name: str(t) for name, t in schema.items()} for view, schema in VIEWS.items()}
    )
    out.table(
        ("view", "columns"),
        [(view, ", ".join(schema)) for view, schema in VIEWS.items()],
        folding=("columns",),
    )


def _counted(symbols: Sequence[str]) -> Iterator[str]:
    with counter(len(symbols)) as count:
        for symbol in symbols:
            yield symbol
            count(symbol)


def _note(text: str) -> None:
    messages().print(text, style="yellow", soft_wrap=True)
