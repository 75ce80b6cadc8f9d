"""A study on the terminal: conclusions as sentences, tables that fit its width."""

from collections.abc import Mapping, Sequence
from textwrap import wrap

from regime_platform.cli.console.output import LongOutput
from regime_platform.cli.console.screen import plural, results
from regime_platform.report.study.cells import open_claim
from regime_platform.report.study.page import (
    ShownTable,
    overview,
    parameters,
    shown_table,
    span,
    subject,
)
from regime_platform.studies.catalog import StudyEntry
from regime_platform.studies.result import Conclusion, LeftOut, StudyReport, StudyTable

_MOST_NAMED = 10
_MOST_TEXT = 30  # characters of a text that is counted for the width; more of it folds


def print_studies(studies: Mapping[str, StudyEntry], out: LongOutput) -> None:
    """The studies that there are, and the question of each."""
    out.document([{"name": name, "question": each.question} for name, each in studies.items()])
    rows = [(name, each.question) for name, each in studies.items()]
    out.table(("study", "question"), rows, folding=("question",))


def print_report(report: StudyReport, out: LongOutput) -> None:
    """What all symbols say together, or the one that there is; then what was left out."""
    _lines(f"{report.title}: {subject(report)}", out, "bold")
    _lines(report.question, out)
    if len(report.symbols) == 1:
        (single,) = report.symbols
        out.line(span(single))
        _print_conclusions(single.conclusions, out)
        _print_tables(single.tables, out)
        for note in single.notes:
            out.paragraph(note)
    elif report.symbols:
        _print_conclusions(report.conclusions, out)
        _print_tables(report.tables, out)
        _print_table(overview(report.symbols), out, most=40)
    out.line("")
    out.paragraph(f"{parameters(report.options)}; `regime study --help` explains them")
    out.paragraph("all figures describe the past; pp: percentage points")
    _print_left_out(report.left_out, out)


def _lines(text: str, out: LongOutput, style: str = "") -> None:
    """A text in as many lines as it takes, broken between words."""
    for line in wrap(text, results().width):
        out.line(line, style)


def _print_conclusions(conclusions: Sequence[Conclusion], out: LongOutput) -> None:
    out.line("")
    for each in conclusions:
        if not each.is_too_few:
            out.paragraph(each.statement)
    few = [f"{open_claim(each)} ({each.windows})" for each in conclusions if each.is_too_few]
    if few:
        out.paragraph(f"Too few independent windows to say whether {'; '.join(few)}.")


def _print_tables(tables: Sequence[StudyTable], out: LongOutput) -> None:
    for table in tables:
        if not table.is_detail:
            _print_table(shown_table(table), out)
    if details := [table.title for table in tables if table.is_detail]:
        out.line("")
        out.paragraph(f"--json and --html also have: {', '.join(details)}")


def _print_table(table: ShownTable, out: LongOutput, most: int = 1000) -> None:
    """The first columns that fit; a note names the others."""
    shown = out.shown(table.rows, most)
    places = _fitting(table, shown)
    titles = [table.columns[place][0] for place in places]
    numbers = [table.columns[place][0] for place in places if table.columns[place][1]]
    hidden = [name for name, _is_number in table.columns[len(places) :]]
    out.line("")
    _lines(table.title, out, "bold")
    if not shown:
        out.line("none")
        return
    rows = [[row[place] for place in places] for row in shown]
    out.table(titles, rows, numbers=numbers, folding=_folding(table, shown))
    out.cut(len(table.rows) - len(shown), "row")
    if hidden:
        out.paragraph(f"a wider terminal shows {', '.join(hidden)}; --json everything")
    if table.note:
        out.paragraph(table.note)


def _fitting(table: ShownTable, rows: Sequence[Sequence[str]]) -> list[int]:
    """The places of the first columns that fit the terminal; at least one."""
    left, places = results().width, list[int]()
    for place in range(len(table.columns)):
        left -= min(_width(table, rows, place), _MOST_TEXT) + 2
        if places and left < 0:
            break
        places.append(place)
    return places


def _folding(table: ShownTable, rows: Sequence[Sequence[str]]) -> list[str]:
    """The titles of the texts that may fold."""
    return [
        title
        for place, (title, is_number) in enumerate(table.columns)
        if not is_number and _width(table, rows, place) > _MOST_TEXT
    ]


def _width(table: ShownTable, rows: Sequence[Sequence[str]], place: int) -> int:
    return max(len(text) for text in (table.columns[place][0], *(row[place] for row in rows)))


def _print_left_out(symbols: Sequence[LeftOut], out: LongOutput) -> None:
    for each in out.shown(symbols, _MOST_NAMED):
        out.note(each.in_words, "bold red" if each.is_damaged else "yellow")
    out.cut(len(symbols) - _MOST_NAMED, "reason", f" of {plural(len(symbols), 'symbol')} left out")
