"""The request of a fetch."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class FetchRequest:
    """What a fetch is to do, beside the symbols.

    Attributes:
        now: the time of the fetch.
        is_backfill: fetch the history too, and request again what was refused.
        since: a backfill goes back to this date only; None means to the first bar.
        on_credits: called after every answer with its cost in credits.
    """

    now: dt.datetime
    is_backfill: bool = False
    since: dt.date | None = None
    on_credits: Callable[[int], None] | None = None

    def paid(self, cost: int) -> None:
        """Reports the cost of an answer to ``on_credits``."""
        if self.on_credits is not None and cost:
            self.on_credits(cost)
