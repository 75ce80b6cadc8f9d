"""What every bar source does, whatever it talks to.

A source yields pages; each page becomes one file of the raw log at once, so that an interrupted
fetch keeps what it had. A source never falls back to another source and never invents a bar.
"""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import polars as pl

from regime_platform.model.instruments import Instrument


@dataclass(frozen=True)
class Held:
    """What the raw log already holds of a series: first and last open, UTC."""

    first: dt.datetime
    last: dt.datetime
    rows: int


@dataclass(frozen=True)
class Page:
    """Bars as served, in ``BAR_SCHEMA``, oldest first."""

    bars: pl.DataFrame
    price_basis: str  # as_served, split_adjusted, unadjusted
    window: (
        tuple[dt.datetime, dt.datetime] | None
    )  # requested opens, half-open, where there was one
    requests: int = 1


class NotOfferedError(Exception):
    """The source has no such timeframe for this instrument: a status with a reason, no failure."""


class BarSource(Protocol):
    """A vendor, a folder or a package."""

    name: str

    def pages(
        self, instrument: Instrument, timeframe: str, held: Held | None, now: dt.datetime
    ) -> Iterator[Page]:
        """Everything not held yet, with an overlap so that revisions show.

        Full history where nothing is held, otherwise the update. Yields nothing when the source
        knows that nothing can be new.

        Raises:
            NotOfferedError: the source does not carry this timeframe for the instrument.
            SourceError: the source failed, with culprit and remedy.
        """
        ...
