"""The studies in Dagster: a job that records its pages as the asset `studies`.

All studies over the daily bars of all symbols in one run, which takes some minutes; its pages lie
in the folder of the report. A step and no part of the graph, so that to materialise all assets
runs no studies and needs none of their libraries.
"""

from collections.abc import Sequence
from typing import Any

import dagster as dg

from regime_platform.orchestration.events.failures import without_traceback
from regime_platform.orchestration.events.tables import table
from regime_platform.orchestration.instance.report_files import PREFIX
from regime_platform.orchestration.jobs import PRIORITY, STUDY_WEEKLY
from regime_platform.orchestration.resources import WorkspaceResource
from regime_platform.query.study.run import run_study
from regime_platform.report.study.written import FOLDER, INDEX, write_studies_index, write_study
from regime_platform.studies.catalog import STUDIES
from regime_platform.studies.result import Conclusion, LeftOut, Unit

_MOST_HOURS = 3


@dg.op
@without_traceback
def studies(context: dg.OpExecutionContext, workspace: dg.ResourceParam[WorkspaceResource]) -> None:
    """What followed the signal, by every study over the daily bars of all symbols.

    The UI's server has the pages at /report/studies/index.html. `regime study` answers the same.
    """
    opened = workspace.open()
    for entry in STUDIES.values():  # an extra that is missing ends the run at its start
        entry.load()
    folder, pages, left_out = opened.root.report, [], dict[str, LeftOut]()
    metadata: dict[str, Any] = {"open": dg.MetadataValue.url(f"{PREFIX}/{FOLDER}/{INDEX}")}
    for name in STUDIES:
        report = run_study(name, timeframe="1day", where=opened.settings)
        page = write_study(report, folder, opened.settings)
        pages.append(page)
        left_out |= {each.symbol: each for each in report.left_out}
        metadata[name] = _conclusions(page.conclusions)
    index = write_studies_index(pages, folder)
    metadata |= {
        "file": dg.MetadataValue.path(index),
        "left out": table([each.document() for each in left_out.values()]),
    }
    context.log_event(dg.AssetMaterialization(asset_key="studies", metadata=metadata))


def _conclusions(conclusions: Sequence[Conclusion]) -> dg.MetadataValue[Any]:
    return table(
        [
            {
                "conclusion": each.statement,
                "significant": each.is_significant,
                "p": _p(each.p_value),
                "p corrected": "n/a" if each.p_adjusted is None else _p(each.p_adjusted),
                "independent windows": each.windows,
            }
            for each in conclusions
        ]
    )


def _p(value: float) -> str:
    return Unit.P_VALUE.text(value)


@dg.job(
    name=STUDY_WEEKLY,
    description="Runs every study over the daily bars of all symbols, and writes their pages.",
    tags={PRIORITY: "-3", dg.MAX_RUNTIME_SECONDS_TAG: str(_MOST_HOURS * 3600)},
)
def study_weekly() -> None:
    studies()
