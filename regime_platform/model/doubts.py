"""Bars that a source is asked for again, since the gate does not accept them as they are."""

import datetime as dt

from regime_platform.model.document import Document, Instant
from regime_platform.model.instants import is_ahead

#: So often a blocked bar is requested again by the updates that follow; then once a day.
AT_ONCE = 3


class Doubt(Document):
    """The bars of one series that the gate blocks, or that contradict another timeframe.

    An answer with other values revises them and ends the doubt.
    """

    first: Instant
    last: Instant
    is_blocking: bool  # else they are requested again once
    findings: str = ""  # digest of those that block
    asked: int = 0  # answers for these bars since then
    asked_at: Instant | None = None  # the last of them

    def is_due(self, now: dt.datetime, *, is_backfill: bool) -> bool:
        """True where a fetch at ``now`` is to request the bars; at most once a fetch."""
        if self.asked_at is None:
            return True
        if not self.is_blocking or self.asked_at >= now:
            return False
        return is_backfill or self.asked < AT_ONCE or self.asked_at.date() < now.date()

    def answered(self, now: dt.datetime) -> "Doubt":
        """After one more answer."""
        return self.model_copy(update={"asked": self.asked + 1, "asked_at": now})

    def known_at(self, now: dt.datetime) -> "Doubt":
        """Without the time of a clock ahead of ``now``."""
        if self.asked_at is None or not is_ahead(self.asked_at, now):
            return self
        return self.model_copy(update={"asked_at": None})

    def renewed(self, before: "Doubt | None") -> "Doubt":
        """With the count of ``before``, where that is about the same bars."""
        if before is None or (before.first, before.last, before.is_blocking) != (
            self.first,
            self.last,
            self.is_blocking,
        ):
            return self
        return before.model_copy(update={"findings": self.findings})
