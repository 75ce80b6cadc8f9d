"""The page of a study with the pictures of stored bars."""

from regime_platform.query.study.stored_series import series_of
from regime_platform.report.study.page import study_page, wants_series
from regime_platform.studies.result import StudyReport
from regime_platform.workspace import Where, Workspace


def stored_page(report: StudyReport, where: Where = None) -> str:
    """The page; reads the bars of few symbols again.

    Raises:
        RegimeError: they were damaged or removed since they were studied.
    """
    if not (symbols := wants_series(report)):
        return study_page(report)
    workspace = Workspace.open(where)
    series = {each: series_of(workspace, each, report.timeframe).series for each in symbols}
    return study_page(report, series)
