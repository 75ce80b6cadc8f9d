"""fetch_failures.json of a symbol: why its last fetch brought no bars, per timeframe.

Written only where that changes, and removed as soon as every series is served. It explains and
decides nothing: where it is missing or damaged, only the reasons are lost until the next fetch.
"""

import datetime as dt
from collections.abc import Callable, Mapping

from pydantic import Field, ValidationError

from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.locks import writing
from regime_platform.bar_store.session import keep, read_once
from regime_platform.errors import RegimeError
from regime_platform.files import read_json, write_json
from regime_platform.model.document import Date, Document

NOT_OFFERED = "not_offered"
EMPTY = "empty"
REFUSED = ("not_entitled", "unknown_symbol")  # of an instrument, for a day


class FetchFailure(Document):
    """The last fetch of one series, which brought no bars."""

    status: str  # as of the fetch (failed, not_offered, unknown_symbol, ...), or empty: no bar yet
    reason: str
    date: Date  # the UTC date of the first of the fetches that ended so

    @property
    def is_failed(self) -> bool:
        """False where the source answered and has no bars of this timeframe."""
        return self.status not in (NOT_OFFERED, EMPTY)

    @property
    def is_of_days(self) -> bool:
        """True where a run asks again on a later day only, a backfill at once."""
        return self.status in REFUSED


class FetchFailures(Document):
    """What fetch_failures.json holds."""

    series: Mapping[str, FetchFailure] = Field(default_factory=dict)  # by timeframe
    #: Why the gate found no bar at all when it last looked; empty where there are bars.
    no_bars: str = Field(default="", exclude_if=lambda reason: not reason)

    @property
    def failed(self) -> dict[str, FetchFailure]:
        """Those of a failed fetch, by timeframe."""
        return {name: each for name, each in self.series.items() if each.is_failed}


@read_once("fetch_failures")
def read_failures(paths: SymbolPaths) -> FetchFailures:
    """The record; an empty one where every series was served, or where the file is damaged."""
    try:
        return FetchFailures.model_validate(read_json(paths.fetch_failures) or {})
    except (OSError, RegimeError, ValidationError):
        return FetchFailures()


def record_fetch(paths: SymbolPaths, timeframe: str, status: str, reason: str, on: dt.date) -> None:
    """Records how the fetch of a series ended; without a status it was served."""

    def recorded(stored: FetchFailures) -> FetchFailures:
        series = {name: each for name, each in stored.series.items() if name != timeframe}
        known = stored.series.get(timeframe)
        if status and known is not None and (known.status, known.reason) == (status, reason):
            return stored
        if status:
            series[timeframe] = FetchFailure(status=status, reason=reason, date=on)
        return stored.model_copy(update={"series": series})

    _change(paths, recorded)


def note_no_bars(paths: SymbolPaths, reason: str) -> bool:
    """Records why the gate found no bar, or by an empty reason that it has some; True if new."""
    return _change(paths, lambda stored: stored.model_copy(update={"no_bars": reason}))


def _change(paths: SymbolPaths, changed: Callable[[FetchFailures], FetchFailures]) -> bool:
    """Writes what ``changed`` makes of the record, where it differs; an empty one has no file."""
    stored = read_failures(paths)
    if changed(stored) == stored:
        return False
    with writing(paths):
        # as it is now: another process may have written since
        failures = changed(read_failures(paths))
        if failures == FetchFailures():
            paths.fetch_failures.unlink(missing_ok=True)
        else:
            write_json(paths.fetch_failures, failures.model_dump(mode="json"))
        keep(paths, paths.fetch_failures, failures)
    return True
