"""S&P 500 and NASDAQ from 1999 to 2018, which the library arch brings along, through the pipeline.

The part of docs/studies.md on them and its pictures come from here.
"""

import datetime as dt
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from regime_platform.cli.main import main
from regime_platform.model.result_schema import ESCALATION_BUCKETS
from regime_platform.query.study.run import run_study
from regime_platform.query.study.stored_series import series_of
from regime_platform.report.study.figures import figures
from regime_platform.report.study.series_figures import series_figures
from regime_platform.settings import PROJECT_ROOT
from regime_platform.studies.result import StudyReport
from regime_platform.studies.series import StudySeries
from regime_platform.workspace import Workspace
from regime_platform_tests.docs.tables import Row, replaced, table

INDICES = {"COMP": "NASDAQ", "SPX": "S&P 500"}
PAGE = PROJECT_ROOT / "docs" / "studies.md"
_BUCKETS = ("LOW", "MED", "HIGH")
_FALL_TABLES = ("crashes", "corrections")
#: Columns of the tables of falls that are shown.
_FALLS = {
    "symbol": "index",
    "peak": "peak",
    "trough": "trough",
    "depth": "depth",
    "first_high": "first HIGH",
    "after_peak": "bars after the peak",
    "lost": "lost by then",
    "basis": "its rank",
}
#: Path, study and beginning of the title of each picture.
PICTURES = (
    ("studies/fall.svg", "events", "Fall from 2007"),
    ("studies/moves.svg", "forward-returns", "Largest absolute move"),
)
#: What is quoted, by study: the keys of its conclusions.
_QUOTED: Mapping[str, tuple[str, ...]] = {
    "forward-returns": ("abs_move_HIGH", "return_HIGH", "drawdown_HIGH"),
    "leakage": ("look_ahead", "beyond_abs_move", "without_crises"),
    "events": ("large-move-after-high", "wide-bar-after-high"),
    "lead-time": ("high-bars-before-wide-bar",),
    "transitions": ("regime_trending_bull_lasts", "bucket_high_lasts", "regime_by_era"),
    "allocation": ("by_bucket_sharpe", "by_bucket_drawdown", "by_posture_sharpe"),
}


def prepared(folder: Path) -> Path:
    """Runs the example of docs/studies.md in a folder; its data root, with bars and results."""
    example = PAGE.read_text(encoding="utf-8").partition("## S&P 500 and NASDAQ")[2]
    script, commands = (
        example.partition(f"```{language}\n")[2].partition("```")[0]
        for language in ("python", "sh")
    )
    root = folder / "data"
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("REGIME_DATA_ROOT", str(root))
        exec(script, {})  # noqa: S102 - ours
        for command in commands.splitlines():
            with pytest.raises(SystemExit) as ended:
                main(shlex.split(command)[1:])
            assert ended.value.code == 0, command
    return root


def with_indices(page: str, where: Path) -> str:
    """The page with what was measured on both indices."""
    return replaced(replaced(page, "indices", story(where)), "conclusions", conclusions(where))


def story(where: Path) -> str:
    """What the years and the falls showed: the part of docs/studies.md between its marks."""
    workspace = Workspace.open(where)
    years = [_years(series_of(workspace, symbol, "1day").series) for symbol in INDICES]
    falls = run_study("events", INDICES, where=where)
    titles = [f"{name} {part}" for name in INDICES.values() for part in ("year", *_BUCKETS)]
    rows = [(first[0], *first[1:], *second[1:]) for first, second in zip(*years, strict=True)]
    return "\n\n".join([table(("", *titles), rows), table([*_FALLS.values()], _falls(falls))])


def conclusions(where: Path) -> str:
    """What the studies say of both: the part of docs/studies.md between its marks."""
    parts = []
    for name, keys in _QUOTED.items():
        report = run_study(name, INDICES, where=where)
        by_key = {
            (study.symbol, each.key): each for study in report.symbols for each in study.conclusions
        }
        lines = [
            f"- {INDICES[symbol]}: {by_key[symbol, key].statement}"
            for key in keys
            for symbol in INDICES
        ]
        parts.append("\n".join([f"**{report.title}**", "", *lines]))
    return "\n\n".join(parts)


def index_picture(where: Path, study: str, title: str) -> str:
    """The picture of a study of the S&P 500 that begins with a title."""
    report = run_study(study, ["SPX"], where=where)
    (answer,) = report.symbols
    series = series_of(Workspace.open(where), "SPX", answer.timeframe).series
    drawn = [
        *figures(answer.tables, answer.conclusions),
        *series_figures(answer, series, report.options),
    ]
    return next(each for each in drawn if each.title.startswith(title)).alone


def _years(series: StudySeries) -> Iterator[Row]:
    """Return of the year, and the share of its bars in each bucket."""
    years = series.ts.astype("datetime64[Y]").astype(np.int64) + 1970
    before = series.close[0]
    for year in np.unique(years):
        own = years == year
        last = series.close[own][-1]
        shares = [series.bucket[own] == ESCALATION_BUCKETS.index(name) for name in _BUCKETS]
        mark = "*" if series.is_immature[own].any() else ""
        yield (
            f"{year}{mark}",
            f"{last / before - 1:+.0%}".replace("%", " %"),
            *(f"{share.mean():.0%}".replace("%", " %") for share in shares),
        )
        before = last


def _falls(report: StudyReport) -> Iterator[Row]:
    for study in report.symbols:
        rows = pl.concat(each.rows for each in study.tables if each.key in _FALL_TABLES)
        for row in rows.sort("peak").iter_rows(named=True):
            yield INDICES[study.symbol], *(_shown(row[key]) for key in _FALLS if key != "symbol")


def _shown(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, dt.datetime):
        return f"{value:%Y-%m-%d}"
    return f"{100 * value:.1f} %" if isinstance(value, float) else str(value)
