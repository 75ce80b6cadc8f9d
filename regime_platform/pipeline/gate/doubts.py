"""Notes which bars a vendor is to be asked for again, after the gate has validated a symbol.

A vendor that was ill for one answer would otherwise block a series for good, since the window of
its bad bars counts as answered.
"""

import datetime as dt

from regime_platform.bar_store.canonical import read_rejected
from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.locks import writing
from regime_platform.bar_store.raw.acquisition import stored_doubts, write_doubt
from regime_platform.bar_store.verdicts import read_verdict
from regime_platform.errors import BarsError
from regime_platform.model.digests import document_digest
from regime_platform.model.doubts import Doubt
from regime_platform.model.instants import instant
from regime_platform.validation.findings import REJECTED, ValidationFinding, quoted_opens
from regime_platform.validation.rules.comparison import WEEK_DISAGREES
from regime_platform.validation.verdict import SeriesVerdict, Verdict


def note_doubts(paths: SymbolPaths, before: Verdict | None) -> None:
    """Notes the bars in doubt by the verdict in force, and removes what is settled.

    ``before`` is the verdict that was in force before it.
    """
    verdict = read_verdict(paths)
    for timeframe, known in stored_doubts(paths).items():
        series = None if verdict is None else verdict.at(timeframe)
        if series is None:
            continue
        earlier = None if before is None else before.at(timeframe)
        doubt = _blocked(paths, series, known) or _disagreeing(series, earlier, known)
        if doubt != known:
            with writing(paths):
                write_doubt(paths, timeframe, doubt)


def _blocked(paths: SymbolPaths, series: SeriesVerdict, known: Doubt | None) -> Doubt | None:
    """The bars under the findings that block the series; None where none does."""
    findings = [each for each in series.findings if each.is_blocking]
    if not findings:
        return None
    digest = document_digest({each.rule: (each.count, each.examples) for each in findings})
    if known is not None and known.findings == digest:
        return known
    opens = [moment for each in findings for moment in quoted_opens(each.examples)]
    opens += _rejected(paths, series)
    if not opens:
        return None
    doubt = Doubt(first=min(opens), last=max(opens), is_blocking=True, findings=digest)
    return doubt.renewed(known)


def _disagreeing(
    series: SeriesVerdict, before: SeriesVerdict | None, known: Doubt | None
) -> Doubt | None:
    """The weeks that no longer agree with their days, since these were revised; noted once."""
    now, earlier = (_disagreement(each) for each in (series, before))
    if now is None or earlier is None or now.count <= earlier.count:
        is_open = known is not None and not known.is_blocking and known.asked_at is None
        return known if is_open else None
    opens = quoted_opens(tuple(text for text in now.examples if text not in earlier.examples))
    if len(opens) < now.count - earlier.count and series.promoted is not None:  # not all are quoted
        opens = [instant(series.promoted.min_ts), instant(series.promoted.max_ts)]
    return Doubt(first=min(opens), last=max(opens), is_blocking=False)


def _disagreement(series: SeriesVerdict | None) -> ValidationFinding | None:
    findings = () if series is None else series.findings
    return next((each for each in findings if each.rule == WEEK_DISAGREES.name), None)


def _rejected(paths: SymbolPaths, series: SeriesVerdict) -> list[dt.datetime]:
    try:
        rows = read_rejected(paths, series.timeframe)
    except BarsError:  # `regime verify` shows it
        return []
    return rows.filter(disposition=REJECTED)["ts"].drop_nulls().to_list()
