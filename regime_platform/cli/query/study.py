"""`regime study`: whether the signal warned of anything, by what followed it."""

from dataclasses import dataclass
from typing import Annotated

import typer

from regime_platform.cli.console.frames import write_page
from regime_platform.cli.console.options import Html, Options, complete_study
from regime_platform.cli.console.output import LongOutput, code_of_counts
from regime_platform.cli.console.progress import counted
from regime_platform.cli.console.symbol_options import SymbolOptions
from regime_platform.cli.query.study_view import print_report, print_studies
from regime_platform.errors import UsageError
from regime_platform.model.moments import optional_moment
from regime_platform.query.study.run import run_study
from regime_platform.report.study.stored_page import stored_page
from regime_platform.studies.catalog import STUDIES, study_entry
from regime_platform.studies.options import StudyOptions

_USUAL = StudyOptions()
StudyName = Annotated[
    str | None,
    typer.Argument(
        metavar="NAME",
        help="A study; without it, the studies are listed.",
        autocompletion=complete_study,
    ),
]


@dataclass(frozen=True)
class Parameters(Options):
    """What is counted, and how."""

    split: Annotated[
        str | None,
        typer.Option("--split", help="First ISO time out of sample: before and after apart."),
    ] = None
    horizon: Annotated[
        int, typer.Option("--horizon", help="Bars after a bar that are looked at.")
    ] = _USUAL.horizon
    include_immature: Annotated[
        bool, typer.Option("--include-immature", help="Count ranks on too few bars, too.")
    ] = False
    cost_bps: Annotated[
        float, typer.Option("--cost-bps", help="Costs of turnover, in hundredths of a percent.")
    ] = _USUAL.cost_bps
    confidence: Annotated[
        float, typer.Option("--confidence", help="Of intervals; 1 less it is the level of tests.")
    ] = _USUAL.confidence
    draws: Annotated[
        int, typer.Option("--draws", help="Draws of intervals, and shuffled signals.")
    ] = _USUAL.draws
    seed: Annotated[int, typer.Option("--seed", help="Of the draws: the same, the same bytes.")] = (
        _USUAL.seed
    )

    def options(self) -> StudyOptions:
        """The options of a study; raises UsageError."""
        return StudyOptions(
            horizon=self.horizon,
            split=optional_moment(self.split, "--split"),
            include_immature=self.include_immature,
            draws=self.draws,
            seed=self.seed,
            cost_bps=self.cost_bps,
            confidence=self.confidence,
        )


def study(  # noqa: PLR0913 - one parameter per option
    name: StudyName = None,
    *,
    choice: SymbolOptions,
    timeframe: Annotated[str, typer.Option("--timeframe", help="Of the bars.")] = "1day",
    parameters: Parameters,
    html: Html = None,
    out: LongOutput,
) -> int:
    if name is None:
        if choice or html is not None:
            raise UsageError(
                f"no study is named; begin with one of {', '.join(STUDIES)}", code="no-study"
            )
        print_studies(STUDIES, out)
        return 0
    study_entry(name)  # an unknown study is reported before a missing symbol
    report = run_study(name, choice.names(), timeframe, parameters.options(), watch=counted)
    if html is not None:
        write_page(html, stored_page(report))
    out.document(report.document())
    print_report(report, out)
    is_named = bool(choice.symbols)  # a named symbol without an answer is a problem
    problems = sum(each.is_damaged or is_named for each in report.left_out)
    return code_of_counts(len(report.symbols), len(report.symbols) + problems)
