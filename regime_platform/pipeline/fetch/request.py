"""What is asked of a fetch beside the symbols, and where the pages it brings come from."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

from regime_platform.bar_store.raw.raw_log import FetchFacts
from regime_platform.model.digests import facts_digest
from regime_platform.model.identity import identity_of
from regime_platform.model.instruments import Instrument
from regime_platform.sources.protocol import BarPage


@dataclass(frozen=True)
class FetchRequest:
    """What is asked of a fetch, beside the symbols.

    Attributes:
        now: the instant to work at.
        is_backfill: a person wants the history: refusals are asked about again.
        since: a backfill goes back to this date only; None means to the first bar.
        on_credits: told after every answer how many credits it cost.
    """

    now: dt.datetime
    is_backfill: bool = False
    since: dt.date | None = None
    on_credits: Callable[[int], None] | None = None

    def paid(self, cost: int) -> None:
        """Tells whoever watches."""
        if self.on_credits is not None and cost:
            self.on_credits(cost)


def fetch_facts(
    instrument: Instrument, timeframe: str, page: BarPage, now: dt.datetime
) -> FetchFacts:
    """The origin of a page, for the raw log."""
    named = {"symbol": instrument.symbol, "source": instrument.source, **instrument.identity}
    return FetchFacts(
        fetched_at=now,
        source=instrument.source,
        timeframe=timeframe,
        asset_class=instrument.asset_class,
        price_basis=page.price_basis,
        instrument_digest=facts_digest(named),
        window=page.window,
        instrument=identity_of(instrument, page.answered).fields,
    )
