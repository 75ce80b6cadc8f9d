"""One series of a vendor from what is held to all there is, one window after the other.

Every answer is stored and remembered before the next question, so a process that is killed has lost
one page at most, and what was answered is not asked again.
"""

import datetime as dt
from dataclasses import replace
from functools import partial

from regime_platform.bar_store.locks import writing
from regime_platform.bar_store.raw import raw_log
from regime_platform.bar_store.raw.acquisition import proven_coverage, write_coverage
from regime_platform.bar_store.raw.contradictions import page_contradicts
from regime_platform.bar_store.raw.raw_log import FetchFacts, LogUpdate
from regime_platform.errors import RegimeError, RunEndingError, SourceError
from regime_platform.model.clock import MOST_AHEAD
from regime_platform.model.coverage import Coverage, Refusal
from regime_platform.model.fetch_plan import (
    HISTORY,
    REREAD,
    Followed,
    Need,
    after_answer,
    next_need,
)
from regime_platform.model.instruments import Instrument
from regime_platform.pipeline.fetch.fetched_ahead import set_ahead_aside
from regime_platform.pipeline.fetch.request import FetchRequest, fetch_facts
from regime_platform.pipeline.fetch.split_rewrites import (
    Shown,
    await_rewrite,
    settle_rewrite,
    shown_split,
)
from regime_platform.pipeline.identity import remember, remembers
from regime_platform.pipeline.outcomes import SeriesIngest
from regime_platform.pipeline.platform import RunWorkspace
from regime_platform.sources.protocol import (
    BarPage,
    CutError,
    NotOfferedError,
    NotServedError,
    WindowRequest,
    WindowSource,
)

#: A refusal is believed so long: a plan changes or a symbol is mended from one day to the next.
_BELIEVED = {
    "not_entitled": dt.timedelta(days=1),
    "unknown_symbol": dt.timedelta(days=1),
    "not_offered": dt.timedelta(days=7),
}
#: A backfill that a person orders asks again for the first bar when the answer is so old.
_EARLIEST_HOLDS = dt.timedelta(days=30)


class SeriesFetch:
    """The fetch of one series; ``counts`` is what it brought so far."""

    def __init__(
        self, workspace: RunWorkspace, instrument: Instrument, timeframe: str, order: FetchRequest
    ) -> None:
        source = workspace.sources[instrument.source]
        assert isinstance(source, WindowSource)
        self._source = source
        self._paths = workspace.root.symbol(instrument.symbol)
        self._instrument = instrument
        self._order = order
        self._followed = Followed(
            instrument.symbol, timeframe, instrument.asset_class, workspace.settings.reread_days()
        )
        self._most_rows = source.most_rows
        self._was_restarted = False
        self._is_contradicted = False
        self._tail_is_asked = False
        self.symbol = instrument.symbol
        self.timeframe = timeframe
        self.counts = SeriesIngest(timeframe)
        self._present = partial(workspace.present, order.now)
        self.coverage = self._proven()

    def run(self) -> SeriesIngest:
        """Asks until all is held.

        Raises:
            RunEndingError: the source refuses everybody; what came before is stored.
        """
        if self.counts.status != "ok":  # a batch was told so already
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

    def believed_refusal(self) -> Refusal | None:
        """Why nothing is asked for now; None where there is no reason."""
        refusal = self.coverage.refusal
        if refusal is None or self._order.is_backfill:
            return None
        now = self._order.now
        latest = self._present() + MOST_AHEAD + _BELIEVED.get(refusal.status, dt.timedelta())
        is_known = now.date() < refusal.ask_again <= latest.date()
        return refusal if is_known else None

    def next_need(self) -> Need | None:
        """The next window to ask for; None where all is held, or what came contradicts it."""
        if self._is_contradicted:
            return None
        return next_need(
            self._followed,
            self.coverage,
            self._order.now,
            self._most_rows,
            tail_is_asked=self._tail_is_asked,
        )

    def ask(self, need: Need) -> WindowRequest:
        """The question that answers ``need``."""
        return WindowRequest(self._instrument, self.timeframe, need.start, need.end)

    def keep(self, need: Need, page: BarPage) -> None:
        """Stores what a page brings, and remembers that it was answered."""
        self._tail_is_asked |= need.is_final
        facts = self._facts(page)
        folder = self._paths.raw(self.timeframe)
        set_ahead_aside(self._paths, self.timeframe, page, self._present())
        update = raw_log.compare(folder, page.bars, facts)
        split = shown_split(self._paths, self.timeframe, page, update)
        # then it counts for no answer, so that the next fetch asks for the same bars again
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
                if not page.bars.is_empty():  # checked again: an edit may have come between
                    remember(self._paths, self._instrument, page.answered, self._order.now)
                if split is not None:
                    shown = Shown(split, self.timeframe, self._order.now)
                    await_rewrite(self._paths, self._instrument, shown, self._present())
                # as it stands by now: another process may have been here meanwhile
                known = self._proven()
                update = raw_log.append(folder, page.bars, facts, compared=update)
                self.coverage = self._answered(need, page, known)
                if need.kind == HISTORY and update.diff.revised and not self._was_restarted:
                    # what joins here was served on two states of the vendor's history
                    self._was_restarted = True
                    self.coverage = self._answered(need, page, self.coverage.unread())
                write_coverage(self._paths, self.timeframe, self.coverage)
        self._add(_counted(self.timeframe, update, page))

    def refuse(self, status: str, reason: str) -> None:
        """Remembers that the source does not serve this series, and until when that is believed."""
        now = self._order.now
        refusal = Refusal(status=status, reason=reason, ask_again=(now + _BELIEVED[status]).date())
        self._remember(self.coverage.model_copy(update={"refusal": refusal}))
        self._end(status, reason)

    def _ask_for_all(self) -> None:
        refusal = self.believed_refusal()
        if refusal is not None:
            told = f"{refusal.reason} (asked again from {refusal.ask_again} on)"
            self._end(refusal.status, told)
            return
        self._find_earliest()
        before: Need | None = None
        while (need := self.next_need()) is not None:
            if need == before:
                raise SourceError(
                    f"{self.symbol} {self.timeframe}: the answer for {need.start:%Y-%m-%d} to "
                    f"{need.end:%Y-%m-%d} makes no headway; report it"
                )
            before = need
            try:
                page = self._source.page(self.ask(need), self._order.now)
            except CutError as error:
                self._count_request()
                self._ask_for_less(need, error)
                continue
            self._order.paid(page.cost)
            self.keep(need, page)
        settle_rewrite(self._paths, self.timeframe, self.coverage, self._order.now)

    def _find_earliest(self) -> None:
        known, order = self.coverage, self._order
        today = order.now.date()
        asked = known.earliest_asked
        is_old = asked is None or (order.is_backfill and today - asked >= _EARLIEST_HOLDS)
        if known.earliest is None or is_old:
            first = self._source.earliest(self._instrument, self.timeframe, order.now)
            self._count_request()
            known = known.model_copy(
                update={"earliest": first, "earliest_asked": today, "refusal": None}
            )
        if order.is_backfill:
            known = known.model_copy(update={"since": order.since})
        self._remember(known)

    def _ask_for_less(self, need: Need, error: CutError) -> None:
        if need.end - need.start <= dt.timedelta(days=1):
            raise SourceError(
                f"{error}, more than an answer can hold; check that this is the instrument you mean"
            )
        if need.kind == REREAD:  # it grew beyond an answer: fetched like any other hole
            stale = next(window for window in self.coverage.windows if window.start >= need.start)
            self._remember(self.coverage.without(stale))
            return
        self._most_rows //= 2

    def _answered(self, need: Need, page: BarPage, known: Coverage) -> Coverage:
        if self._is_contradicted:
            return known
        opens = page.bars["ts"].drop_nulls().unique()
        told = after_answer(self._followed, known, need, opens, self._order.now)
        return told.model_copy(
            update={
                "earliest": self.coverage.earliest,
                "earliest_asked": self.coverage.earliest_asked,
                "since": self.coverage.since,
                "refusal": None,
            }
        )

    def _proven(self) -> Coverage:
        return proven_coverage(self._paths, self._instrument, self.timeframe, self._present())

    def _facts(self, page: BarPage) -> FetchFacts:
        return fetch_facts(self._instrument, self.timeframe, page, self._order.now)

    def _remember(self, coverage: Coverage) -> None:
        if coverage != self.coverage:
            with writing(self._paths):
                write_coverage(self._paths, self.timeframe, coverage)
        self.coverage = coverage

    def _count_request(self) -> None:
        self._order.paid(1)
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
