"""Fetches one series of a vendor, window by window, until nothing is missing.

Every answer is stored and recorded before the next request, so a killed process loses one page at
most, and nothing is requested twice.
"""

import datetime as dt
from dataclasses import replace
from functools import partial

from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.locks import writing
from regime_platform.bar_store.raw import raw_log
from regime_platform.bar_store.raw.acquisition import proven_coverage, write_coverage
from regime_platform.bar_store.raw.raw_log import FetchOrigin, LogUpdate
from regime_platform.bar_store.session import raw_listing
from regime_platform.errors import RegimeError, RunEndingError, SourceError
from regime_platform.model.clock import MOST_AHEAD
from regime_platform.model.coverage import Coverage, Refusal
from regime_platform.model.fetch_plan import (
    HISTORY,
    REREAD,
    Need,
    TrackedSeries,
    after_answer,
    next_need,
)
from regime_platform.model.instruments import Instrument
from regime_platform.pipeline.fetch.pages import append_page, fetch_origin, set_ahead_aside
from regime_platform.pipeline.fetch.request import FetchRequest
from regime_platform.pipeline.fetch.split_rewrites import (
    ShownSplit,
    await_rewrite,
    settle_rewrite,
    shown_split,
)
from regime_platform.pipeline.identity import remember, remembers
from regime_platform.pipeline.outcomes import SeriesIngest
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.revisions.contradictions import page_contradicts
from regime_platform.sources.protocol import (
    BarPage,
    CutError,
    NotOfferedError,
    NotServedError,
    WindowRequest,
    WindowSource,
)

#: How long a refusal is taken as given; plans and symbols change from one day to the next.
_REFUSAL_HOLDS = {
    "not_entitled": dt.timedelta(days=1),
    "unknown_symbol": dt.timedelta(days=1),
    "not_offered": dt.timedelta(days=7),
}
#: A backfill requests the first bar again when the answer is older.
_EARLIEST_HOLDS = dt.timedelta(days=30)


class SeriesFetch:
    """The fetch of one series; ``counts`` is what it has added so far."""

    def __init__(
        self,
        workspace: RunWorkspace,
        instrument: Instrument,
        timeframe: str,
        request: FetchRequest,
        paths: SymbolPaths,
    ) -> None:
        source = workspace.sources[instrument.source]
        assert isinstance(source, WindowSource)
        self._source = source
        self._paths = paths
        self._instrument = instrument
        self._request = request
        self._followed = TrackedSeries(
            instrument.symbol, timeframe, instrument.asset_class, workspace.settings.reread_days()
        )
        self._most_rows = source.most_rows
        self._was_restarted = False
        self._is_contradicted = False
        self._tail_is_asked = False
        self.symbol = instrument.symbol
        self.timeframe = timeframe
        self.counts = SeriesIngest(timeframe)
        self._present = partial(workspace.present, request.now)
        self.coverage = self._proven()

    def run(self) -> SeriesIngest:
        """Fetches until nothing is missing.

        Raises:
            RunEndingError: the source refuses every request; earlier pages are stored.
        """
        if self.counts.status != "ok":  # a batch got the refusal already
            return self.counts
        try:
            self._ask_for_all()
        except NotOfferedError as error:
            self.refuse("not_offered", str(error))
        except NotServedError as error:
            self.refuse(error.status, str(error))
        except RunEndingError:
            raise
        except RegimeError as error:
            self._end("failed", f"{self.timeframe}: {error}")
        return self.counts

    def standing_refusal(self) -> Refusal | None:
        """The refusal because of which nothing is requested now, if any."""
        refusal = self.coverage.refusal
        if refusal is None or self._request.is_backfill:
            return None
        now = self._request.now
        latest = self._present() + MOST_AHEAD + _REFUSAL_HOLDS.get(refusal.status, dt.timedelta())
        is_known = now.date() < refusal.ask_again <= latest.date()
        return refusal if is_known else None

    def next_need(self) -> Need | None:
        """The next window to request; None where nothing is missing or the answers contradict."""
        if self._is_contradicted:
            return None
        return next_need(
            self._followed,
            self.coverage,
            self._request.now,
            self._most_rows,
            tail_is_asked=self._tail_is_asked,
        )

    def ask(self, need: Need) -> WindowRequest:
        """The request for ``need``."""
        return WindowRequest(self._instrument, self.timeframe, need.start, need.end)

    def keep(self, need: Need, page: BarPage) -> None:
        """Stores a page and records that its window was answered."""
        self._tail_is_asked |= need.is_final
        facts = self._facts(page)
        set_ahead_aside(self._paths, self.timeframe, page, self._present())
        update = raw_log.compare(raw_listing(self._paths, self.timeframe), page.bars, facts)
        split = shown_split(self._paths, self.timeframe, page, update)
        # then its window stays unanswered, so that the next fetch requests the same bars again
        self._is_contradicted = bool(update.diff.revised) and page_contradicts(
            update.diff.in_force, page.bars
        )
        is_known = page.bars.is_empty() or remembers(self._paths, self._instrument, page.answered)
        if (
            not update.diff.is_empty
            or not is_known
            or self._answered(need, page, self.coverage) != self.coverage
        ):
            with writing(self._paths):
                if (
                    not page.bars.is_empty()
                ):  # checked again: universe.yaml may have been edited since
                    remember(self._paths, self._instrument, page.answered, self._request.now)
                if split is not None:
                    shown = ShownSplit(split, self.timeframe, self._request.now)
                    await_rewrite(self._paths, self._instrument, shown, self._present())
                # as it is now: another process may have written since
                known = self._proven()
                update = append_page(self._paths, self.timeframe, page, facts, update)
                self.coverage = self._answered(need, page, known)
                if need.kind == HISTORY and update.diff.revised and not self._was_restarted:
                    # pages of two states of the vendor's history meet here
                    self._was_restarted = True
                    self.coverage = self._answered(need, page, self.coverage.unread())
                write_coverage(self._paths, self.timeframe, self.coverage)
        self._add(_counted(self.timeframe, update, page))

    def refuse(self, status: str, reason: str) -> None:
        """Records that the source does not serve this series, and for how long that holds."""
        now = self._request.now
        refusal = Refusal(
            status=status, reason=reason, ask_again=(now + _REFUSAL_HOLDS[status]).date()
        )
        self._remember(self.coverage.model_copy(update={"refusal": refusal}))
        self._end(status, reason)

    def _ask_for_all(self) -> None:
        refusal = self.standing_refusal()
        if refusal is not None:
            reason = f"{refusal.reason} (asked again from {refusal.ask_again} on)"
            self._end(refusal.status, reason)
            return
        self._find_earliest()
        before: Need | None = None
        while (need := self.next_need()) is not None:
            if need == before:
                raise SourceError(
                    f"{self.symbol} {self.timeframe}: the answer for {need.start:%Y-%m-%d} to "
                    f"{need.end:%Y-%m-%d} brings nothing that was missing; "
                    "report it",
                    code="no-progress",
                )
            before = need
            try:
                page = self._source.page(self.ask(need), self._request.now)
            except CutError as error:
                self._count_request()
                self._ask_for_less(need, error)
                continue
            self._request.paid(page.cost)
            self.keep(need, page)
        settle_rewrite(self._paths, self.timeframe, self.coverage, self._request.now)

    def _find_earliest(self) -> None:
        known, request = self.coverage, self._request
        today = request.now.date()
        asked = known.earliest_asked
        is_old = asked is None or (request.is_backfill and today - asked >= _EARLIEST_HOLDS)
        if known.earliest is None or is_old:
            first = self._source.earliest(self._instrument, self.timeframe, request.now)
            self._count_request()
            known = known.model_copy(
                update={"earliest": first, "earliest_asked": today, "refusal": None}
            )
        if request.is_backfill:
            known = known.model_copy(update={"since": request.since})
        self._remember(known)

    def _ask_for_less(self, need: Need, error: CutError) -> None:
        if need.end - need.start <= dt.timedelta(days=1):
            raise SourceError(
                f"{error}, more than an answer can hold; check the instrument in universe.yaml",
                code="answer-too-large",
            )
        if need.kind == REREAD:  # it no longer fits into one answer: fetched like any gap
            stale = next(window for window in self.coverage.windows if window.start >= need.start)
            self._remember(self.coverage.without(stale))
            return
        self._most_rows //= 2

    def _answered(self, need: Need, page: BarPage, known: Coverage) -> Coverage:
        if self._is_contradicted:
            return known
        opens = page.bars["ts"].drop_nulls().unique()
        coverage = after_answer(self._followed, known, need, opens, self._request.now)
        return coverage.model_copy(
            update={
                "earliest": self.coverage.earliest,
                "earliest_asked": self.coverage.earliest_asked,
                "since": self.coverage.since,
                "refusal": None,
            }
        )

    def _proven(self) -> Coverage:
        return proven_coverage(self._paths, self._instrument, self.timeframe, self._present())

    def _facts(self, page: BarPage) -> FetchOrigin:
        return fetch_origin(self._instrument, self.timeframe, page, self._request.now)

    def _remember(self, coverage: Coverage) -> None:
        if coverage != self.coverage:
            with writing(self._paths):
                write_coverage(self._paths, self.timeframe, coverage)
        self.coverage = coverage

    def _count_request(self) -> None:
        self._request.paid(1)
        self._add(SeriesIngest(self.timeframe, requests=1, credits=1))

    def _add(self, more: SeriesIngest) -> None:
        self.counts = self.counts.plus(more)

    def _end(self, status: str, reason: str) -> None:
        self.counts = replace(self.counts, status=status, reason=reason)


def _counted(timeframe: str, update: LogUpdate, page: BarPage) -> SeriesIngest:
    return SeriesIngest(
        timeframe,
        new=update.diff.new,
        revised=update.diff.revised,
        same=update.diff.same,
        provisional=update.diff.provisional,
        requests=page.requests,
        credits=page.cost,
    )
