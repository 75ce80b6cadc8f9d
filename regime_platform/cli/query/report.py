"""`regime report`: one page over all symbols, and with ``--pages`` the pages of each."""

from pathlib import Path
from typing import Annotated

import typer

from regime_platform.cli.console.clock import Clock
from regime_platform.cli.console.output import Output, code_of_counts
from regime_platform.cli.query.charts import pages_document, print_pages, write_pages
from regime_platform.errors import UsageError
from regime_platform.orchestration.status.rows import status_rows
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.report.index.index import write_index
from regime_platform.report.page import Page


def report(
    output: Annotated[
        Path | None,
        typer.Option("--output", help="Folder of the index; default: report in the data root."),
    ] = None,
    pages: Annotated[
        bool, typer.Option("--pages", help="Bring the pages of all symbols up to date first.")
    ] = False,
    *,
    clock: Clock,
    out: Output,
) -> int:
    workspace, now = RunWorkspace.open(), clock.moment()
    if pages and output is not None:
        raise UsageError(
            "--output is for the index alone: pages of symbols are written into the data root; "
            "leave out --pages or --output",
            code="pages-elsewhere",
        )
    drawn: dict[str, Page] = {}
    problems: dict[str, str] = {}
    if pages:
        drawn, problems = write_pages(workspace, workspace.universe.instruments, now)
    folder = (output or workspace.root.report).absolute()
    index = write_index(workspace, status_rows(workspace, now), now, folder)
    out.document(
        {
            "index": str(index.path),
            "is_index_written": index.is_written,
            "bytes": index.size,
            **pages_document(drawn, problems),
        }
    )
    if pages:
        print_pages(drawn, problems, out)
    out.line(f"{index.path} ({'written' if index.is_written else 'unchanged'})")
    return code_of_counts(1 + len(drawn), 1 + len(drawn) + len(problems))
