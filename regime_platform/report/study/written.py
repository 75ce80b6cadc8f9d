"""The pages of all studies in the folder of the report, and the index of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from regime_platform.files import write_text
from regime_platform.report import assets
from regime_platform.report.html import render
from regime_platform.report.study.page import parameters, subject
from regime_platform.report.study.stored_page import stored_page
from regime_platform.studies.result import Conclusion, StudyReport
from regime_platform.workspace import Where

#: The folder of the pages, in that of the report.
FOLDER = "studies"
INDEX = "index.html"


@dataclass(frozen=True)
class WrittenStudy:
    """The page of a study, and what the index shows of it."""

    study: str
    title: str
    question: str
    subject: str
    parameters: str
    path: Path
    conclusions: Sequence[Conclusion]


def write_study(report: StudyReport, folder: Path, where: Where = None) -> WrittenStudy:
    """Writes the page of a report below ``folder``, that of the report of all symbols."""
    path = folder / FOLDER / f"{report.study}.html"
    write_text(path, stored_page(report, where))
    single = report.symbols[0].conclusions if len(report.symbols) == 1 else ()
    return WrittenStudy(
        report.study,
        report.title,
        report.question,
        subject(report),
        parameters(report.options),
        path,
        (*report.conclusions, *single),
    )


def write_studies_index(studies: Sequence[WrittenStudy], folder: Path) -> Path:
    """Writes the index of these pages; pages of other studies are removed after it."""
    index = folder / FOLDER / INDEX
    styles = assets.inlined("study.css")
    write_text(index, render("study/studies_index.html", studies=studies, styles=styles))
    kept = {index, *(each.path for each in studies)}
    for old in index.parent.glob("*.html"):
        if old not in kept:
            old.unlink()
    return index
