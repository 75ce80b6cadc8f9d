"""Fetches one series of a vendor, window by window, until nothing is missing.

Every answer is stored and recorded before the next request, so a killed process loses one page.
"""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, replace

from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.locks import writing
from regime_platform.bar_store.raw.acquisition import proven_coverage, write_coverage
from regime_platform.errors import RegimeError, RunEndingError, SourceError
from regime_platform.model import fetch_plan
from regime_platform.model.coverage import Coverage, Refusal
from regime_platform.model.instants import MOST_AHEAD
from regime_platform.model.instruments import Instrument
from regime_platform.pipeline.fetch import pages
from regime_platform.pipeline.identity import remember, remembers
from regime_platform.pipeline.outcomes import SeriesIngest
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.revisions.contradictions import page_contradicts
from regime_platform.sources import protocol

#: How long a refusal is taken as given; plans and symbols change from one day to the next.
_REFUSAL_HOLDS = {
    "not_entitled": dt.timedelta(days=1),
    "unknown_symbol": dt.timedelta(days=1),
    "not_offered": dt.timedelta(days=7),
}
#: A backfill requests the first bar again when the answer is older.
_EARLIEST_HOLDS = dt.timedelta(days=30)


@dataclass(frozen=True)
class FetchRequest:
    """What a fetch is to do, beside the symbols."""

    now: dt.datetime
    is_backfill: bool = False  # fetch the history too, and request again what was refused
    since: dt.date | None = None  # of a backfill; None: from the first bar on
    on_credits: Callable[[int], None] | None = None  # gets the cost of every answer, in credits

    def paid(self, cost: int) -> None:
        """Reports the cost of an answer to ``on_credits``."""
        if self.on_credits is not None and cost:
            self.on_credits(cost)


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
        assert isinstance(source, protocol.WindowSource)
        self.source, self._paths, self._instrument = source, paths, instrument
        self._workspace, self._request = workspace, request
        days = workspace.settings.reread_days()
        self.symbol, self.timeframe = instrument.symbol, timeframe
        self._series = fetch_plan.TrackedSeries(
            self.symbol, timeframe, instrument.asset_class, days
        )
        self._most_rows = source.most_rows
        self._was_restarted = self._is_contradicted = self._tail_is_asked = False
        self.counts = SeriesIngest(timeframe)
        self.coverage = self._proven()

    def run(self) -> SeriesIngest:
        """Fetches until nothing is missing; `RunEndingError` where the source refuses all."""
        if self.counts.status != "ok":  # a batch got the refusal already
            return self.counts
        try:
            self._request_all()
        except protocol.NotOfferedError as error:
            self.refuse("not_offered", str(error))
        except protocol.NotServedError as error:
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
        holds = _REFUSAL_HOLDS.get(refusal.status, dt.timedelta())
        latest = self._present() + MOST_AHEAD + holds
        is_known = self._request.now.date() < refusal.ask_again <= latest.date()
        return refusal if is_known else None

    def next_need(self) -> fetch_plan.Need | None:
        """The next window to request; None where nothing is missing or the answers contradict."""
        if self._is_contradicted:
            return None
        return fetch_plan.next_need(
            self._series,
            self.coverage,
            self._request.now,
            self._most_rows,
            tail_is_asked=self._tail_is_asked,
        )

    def ask(self, need: fetch_plan.Need) -> protocol.WindowRequest:
        """The request for ``need``."""
        return protocol.WindowRequest(self._instrument, self.timeframe, need.start, need.end)

    def keep(self, need: fetch_plan.Need, page: protocol.BarPage) -> None:
        """Stores a page and records that its window was answered."""
        self._tail_is_asked |= need.is_final
        paths, instrument, now = self._paths, self._instrument, self._request.now
        origin = pages.fetch_origin(instrument, self.timeframe, page, now)
        update = pages.compare_page(paths, page, origin, self._present())
        split = pages.shown_split(paths, self.timeframe, page, update)
        # then its window stays unanswered, so that the next fetch requests the same bars again
        self._is_contradicted = bool(update.diff.revised) and page_contradicts(
            update.diff.in_force, page.bars
        )
        is_known = page.bars.is_empty() or remembers(paths, instrument, page.answered)
        is_answered = self._answered(need, page, self.coverage) == self.coverage
        if not (update.diff.is_empty and is_known and is_answered):
            with writing(paths):
                if not page.bars.is_empty():  # again: universe.yaml may have been edited since
                    remember(paths, instrument, page.answered, now)
                if split is not None:
                    pages.await_rewrite(paths, instrument, split, origin, self._present())
                known = self._proven()  # as it is now: another process may have written since
                update = pages.append_page(paths, page, origin, update)
                self.coverage = self._answered(need, page, known)
                if (
                    need.kind == fetch_plan.HISTORY
                    and update.diff.revised
                    and not self._was_restarted
                ):
                    # pages of two states of the vendor's history meet here
                    self._was_restarted = True
                    self.coverage = self._answered(need, page, self.coverage.unread())
                write_coverage(paths, self.timeframe, self.coverage)
        self.counts = self.counts.plus(pages.counted(self.timeframe, update, page))

    def refuse(self, status: str, reason: str) -> None:
        """Records that the source does not serve this series, and for how long that holds."""
        ask_again = (self._request.now + _REFUSAL_HOLDS[status]).date()
        refusal = Refusal(status=status, reason=reason, ask_again=ask_again)
        self._record(self.coverage.model_copy(update={"refusal": refusal}))
        self._end(status, reason)

    def _request_all(self) -> None:
        refusal = self.standing_refusal()
        if refusal is not None:
            reason = f"{refusal.reason} (asked again from {refusal.ask_again} on)"
            self._end(refusal.status, reason)
            return
        self._find_earliest()
        before: fetch_plan.Need | None = None
        while (need := self.next_need()) is not None:
            if need == before:
                raise SourceError(
                    f"{self.symbol} {self.timeframe}: the answer for {need.start:%Y-%m-%d} to "
                    f"{need.end:%Y-%m-%d} brings nothing that was missing; report it",
                    code="no-progress",
                )
            before = need
            try:
                page = self.source.page(self.ask(need), self._request.now)
            except protocol.CutError as error:
                self._count_request()
                self._request_less(need, error)
                continue
            self._request.paid(page.cost)
            self.keep(need, page)
        pages.settle_rewrite(self._paths, self.timeframe, self.coverage, self._request.now)

    def _find_earliest(self) -> None:
        known, request = self.coverage, self._request
        today, asked = request.now.date(), known.earliest_asked
        is_old = asked is None or (request.is_backfill and today - asked >= _EARLIEST_HOLDS)
        if known.earliest is None or is_old:
            first = self.source.earliest(self._instrument, self.timeframe, request.now)
            self._count_request()
            known = known.model_copy(
                update={"earliest": first, "earliest_asked": today, "refusal": None}
            )
        if request.is_backfill:
            known = known.model_copy(update={"since": request.since})
        self._record(known)

    def _request_less(self, need: fetch_plan.Need, error: protocol.CutError) -> None:
        if need.end - need.start <= dt.timedelta(days=1):
            raise SourceError(
                f"{error}, more than an answer can hold; check the instrument in universe.yaml",
                code="answer-too-large",
            )
        if (
            need.kind == fetch_plan.REREAD
        ):  # it no longer fits into one answer: fetched like any gap
            stale = next(window for window in self.coverage.windows if window.start >= need.start)
            self._record(self.coverage.without(stale))
            return
        self._most_rows //= 2

    def _answered(self, need: fetch_plan.Need, page: protocol.BarPage, known: Coverage) -> Coverage:
        if self._is_contradicted:
            return known
        opens = page.bars["ts"].drop_nulls().unique()
        coverage = fetch_plan.after_answer(self._series, known, need, opens, self._request.now)
        kept = ("earliest", "earliest_asked", "since")
        update = {name: getattr(self.coverage, name) for name in kept}
        return coverage.model_copy(update={**update, "refusal": None})

    def _proven(self) -> Coverage:
        return proven_coverage(self._paths, self._instrument, self.timeframe, self._present())

    def _present(self) -> dt.datetime:
        return self._workspace.present(self._request.now)

    def _record(self, coverage: Coverage) -> None:
        if coverage != self.coverage:
            with writing(self._paths):
                write_coverage(self._paths, self.timeframe, coverage)
        self.coverage = coverage

    def _count_request(self) -> None:
        self._request.paid(1)
        self.counts = self.counts.plus(SeriesIngest(self.timeframe, requests=1, credits=1))

    def _end(self, status: str, reason: str) -> None:
        self.counts = replace(self.counts, status=status, reason=reason)
