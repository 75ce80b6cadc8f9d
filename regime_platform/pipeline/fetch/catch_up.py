"""Fetches one series of a vendor, window by window, until nothing is missing.

Every answer is stored and recorded before the next request, so a killed process loses one page.
"""

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import polars as pl

from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.locks import writing
from regime_platform.bar_store.raw.acquisition import proven_coverage, write_coverage
from regime_platform.bar_store.raw.page_update import LogUpdate
from regime_platform.errors import RegimeError, RunEndingError, SourceError
from regime_platform.model import fetch_plan
from regime_platform.model.coverage import Coverage, Refusal
from regime_platform.model.identity import identity_of
from regime_platform.model.instants import MOST_AHEAD
from regime_platform.model.instruments import Instrument
from regime_platform.pipeline.fetch import pages, rewrites
from regime_platform.pipeline.identity import remember, remembers
from regime_platform.pipeline.outcomes import OVERLAP_LOST, SeriesIngest
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.revisions.absences import confirmed, remembered
from regime_platform.revisions.withdrawals import WITHDRAWN, marked
from regime_platform.sources import protocol
from regime_platform.validation.rules.series import distinct

#: How long a refusal is taken as given; plans and symbols change from one day to the next.
_REFUSAL_HOLDS = {
    "not_entitled": dt.timedelta(days=1),
    "unknown_symbol": dt.timedelta(days=1),
    "not_offered": dt.timedelta(days=7),
    OVERLAP_LOST: dt.timedelta(),
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
    clock: Callable[[], float] | None = None  # Unix time, once the fetch has begun
    began: float = 0.0  # by this clock

    def begun(self, clock: Callable[[], float]) -> "FetchRequest":
        """The same with the clock by which its answers are stamped."""
        return replace(self, clock=clock, began=clock())

    def stamp(self, moment: float | None = None) -> dt.datetime:
        """``now``, moved by what the clock moved until ``moment`` (until now), in whole seconds."""
        if self.clock is None:
            return self.now
        elapsed = (self.clock() if moment is None else moment) - self.began
        return self.now + dt.timedelta(seconds=max(0, int(elapsed)))

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
        self.source, self._paths, self.instrument = source, paths, instrument
        self._workspace, self._request = workspace, request
        days = workspace.settings.reread_days()
        self.symbol, self.timeframe = instrument.symbol, timeframe
        self._asked_for = str(identity_of(instrument))
        self._series = fetch_plan.TrackedSeries(self.symbol, timeframe, instrument.market, days)
        self._most_rows = source.most_rows
        self._was_restarted = self._is_rewritten = self._tail_is_asked = False
        self.counts = SeriesIngest(timeframe)
        self.coverage = self._proven()

    def run(self) -> SeriesIngest:
        """Fetches until nothing is missing.

        `RunEndingError` where the source refuses all; ``counts`` is what was done before.
        """
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
            self.end("failed", f"{self.timeframe}: {error}")
        note = rewrites.basis_note(self._paths, self.timeframe, self._request.now, self.coverage)
        return self.counts.noted(note)

    def standing_refusal(self) -> Refusal | None:
        """The refusal because of which nothing is requested now, if any."""
        refusal = self.coverage.refusal
        if refusal is None or self._request.is_backfill:
            return None
        is_same = refusal.asked_for in ("", self._asked_for)  # else the entry was corrected
        holds = _REFUSAL_HOLDS.get(refusal.status, dt.timedelta())
        latest = self._present() + MOST_AHEAD + holds
        is_known = self._request.now.date() < refusal.ask_again <= latest.date()
        return refusal if is_same and is_known else None

    @property
    def wants_requests(self) -> bool:
        """True where ``run`` would ask the source."""
        is_open = self.counts.status == "ok" and self.standing_refusal() is None
        return is_open and (self._is_earliest_due or self.next_need() is not None)

    def refresh(self) -> None:
        """Reads again what is stored, since another process may have fetched."""
        self.coverage = self._proven()

    def charge(self, charge: protocol.Charge) -> None:
        """Counts what was sent for the series, whether it was answered or not."""
        self._request.paid(charge.credits)
        self.counts = self.counts.plus(SeriesIngest(self.timeframe, **charge._asdict()))

    def end(self, status: str, reason: str, *, is_standing: bool = False) -> SeriesIngest:
        """The counts so far, with how the fetch ended."""
        self.counts = replace(self.counts, status=status, reason=reason, is_standing=is_standing)
        return self.counts

    def next_need(self) -> fetch_plan.Need | None:
        """The next window to request; None where nothing is missing or the answer was refused."""
        if self.counts.status != "ok":
            return None
        return fetch_plan.next_need(
            self._series,
            self.coverage,
            self._request.now,
            self._most_rows,
            tail_is_asked=self._tail_is_asked,
            is_backfill=self._request.is_backfill,
        )

    def ask(self, need: fetch_plan.Need) -> protocol.WindowRequest:
        """The request for ``need``."""
        return protocol.WindowRequest(self.instrument, self.timeframe, need.start, need.end)

    def keep(self, need: fetch_plan.Need, page: protocol.BarPage) -> None:
        """Stores a page and records that its window was answered."""
        self._tail_is_asked |= need.is_final
        paths, instrument = self._paths, self.instrument
        now = pages.stamp_of(page, self.timeframe, instrument, self._request.stamp)
        origin = pages.fetch_origin(instrument, self.timeframe, page, now)
        update = pages.compare_page(paths, page, origin, self._present())
        if need.kind == fetch_plan.TAIL:
            lost = rewrites.lost_overlap(paths, instrument, self.timeframe, need.start, update)
            if lost:
                self.refuse(OVERLAP_LOST, lost)
                return
        joins = need.kind == fetch_plan.HISTORY
        shown = rewrites.shown_by(paths, self.timeframe, page, update, joins=joins)
        self._is_rewritten = shown is not None
        if self._is_rewritten:
            update = pages.compare_again(page, origin, update)
        is_known = page.bars.is_empty() or remembers(paths, instrument, page.answered)
        is_answered = self._answered(need, page, self.coverage, update) == self.coverage
        if not (update.diff.is_empty and is_known and is_answered):
            with writing(paths):
                if not page.bars.is_empty():  # again: universe.yaml may have been edited since
                    remember(paths, instrument, page.answered, now)
                if shown is not None:
                    rewrites.await_rewrite(paths, instrument, shown, origin, self._present())
                known = self._proven()  # as it is now: another process may have written since
                update = pages.append_page(paths, page, origin, update, self._marks(known))
                self.coverage = self._answered(need, page, known, update)
                if joins and update.diff.revised and not self._was_restarted:
                    # pages of two states of the vendor's history meet here
                    self._was_restarted = True
                    self.coverage = self._answered(need, page, self.coverage.unread(), update)
                write_coverage(paths, self.timeframe, self.coverage)
        self.counts = self.counts.plus(pages.counted(self.timeframe, update, page))

    def refuse(self, status: str, reason: str) -> None:
        """Records that the source does not serve this series, and for how long that holds."""
        until, of = (self._request.now + _REFUSAL_HOLDS[status]).date(), self._asked_for
        refusal = Refusal(status=status, reason=reason, ask_again=until, asked_for=of)
        self._record(self.coverage.model_copy(update={"refusal": refusal}))
        self.end(status, reason)

    def _request_all(self) -> None:
        if (refusal := self.standing_refusal()) is not None:
            again = f"from {refusal.ask_again} on, or by `regime backfill {self.symbol}`"
            reason = f"{refusal.reason} (asked again {again})"
            self.end(refusal.status, reason, is_standing=True)
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
                with self._charged():
                    page = self.source.page(self.ask(need), self._request.now)
            except protocol.CutError as error:
                self._request_less(need, error)
                continue
            self.keep(need, page)
        rewrites.settle_rewrite(self._paths, self.timeframe, self.coverage, self._request.stamp())

    @property
    def _is_earliest_due(self) -> bool:
        known, request = self.coverage, self._request
        if known.earliest is None or known.earliest_asked is None:
            return True
        return request.is_backfill and request.now.date() - known.earliest_asked >= _EARLIEST_HOLDS

    def _find_earliest(self) -> None:
        known, request = self.coverage, self._request
        if self._is_earliest_due:
            with self._charged():
                first = self.source.earliest(self.instrument, self.timeframe, request.now)
            update = {"earliest": first, "earliest_asked": request.now.date(), "refusal": None}
            known = known.model_copy(update=update)
        if request.is_backfill:
            known = known.model_copy(update={"since": request.since})
        self._record(known)

    def _request_less(self, need: fetch_plan.Need, error: protocol.CutError) -> None:
        if need.end - need.start <= dt.timedelta(days=1):
            raise SourceError(
                f"{error}, more than an answer can hold; check the instrument in universe.yaml",
                code="answer-too-large",
            )
        if need.kind == fetch_plan.REREAD:  # no longer of one answer: fetched like any gap
            stale = next(window for window in self.coverage.windows if window.start >= need.start)
            self._record(self.coverage.without(stale))
            self._tail_is_asked &= self.coverage.end is not None  # else it is where to begin
        else:
            self._most_rows //= 2

    def _answered(
        self, need: fetch_plan.Need, page: protocol.BarPage, known: Coverage, update: LogUpdate
    ) -> Coverage:
        now, opens = self._request.now, distinct(page.bars["ts"])
        if known.absent or not update.absent.is_empty():
            stored = update.diff.stored.filter("finished")
            seen = remembered(known.absent, stored, update.absent.filter("finished"), now)
            known = known.model_copy(update={"absent": seen})
        coverage = fetch_plan.after_answer(self._series, known, need, opens, now)
        asked = {n: getattr(self.coverage, n) for n in ("earliest", "earliest_asked", "since")}
        return coverage.model_copy(update={**asked, "refusal": None})

    def _marks(self, known: Coverage) -> pages.Marks:
        """Withdraws the bars that two answers lacked, unless this one shows other prices."""

        def marks(update: LogUpdate) -> pl.DataFrame:
            absent = update.absent.filter(pl.col("finished") & (not self._is_rewritten))
            return marked(confirmed(known.absent, absent, self._request.now), WITHDRAWN)

        return marks

    def _proven(self) -> Coverage:
        return proven_coverage(self._paths, self.instrument, self.timeframe, self._present())

    def _present(self) -> dt.datetime:
        return self._workspace.present(self._request.stamp())

    def _record(self, coverage: Coverage) -> None:
        if coverage != self.coverage:
            with writing(self._paths):
                write_coverage(self._paths, self.timeframe, coverage)
        self.coverage = coverage

    @contextmanager
    def _charged(self) -> Iterator[None]:
        before = self.source.charge
        try:
            yield
        finally:
            self.charge(self.source.charge.since(before))
