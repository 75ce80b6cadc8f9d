"""The interfaces of bar sources, and the values that they take and return.

There are two kinds. A **whole** source (a package, a folder) serves a series in one piece. A
**window** source (a vendor) serves the bars that open in a requested window; the pipeline decides
which windows to request, the same for every vendor. A source never falls back to another source
and never invents a bar.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

import polars as pl

from regime_platform.errors import SourceError
from regime_platform.model.instruments import Instrument


@dataclass(frozen=True)
class BarPage:
    """Bars as served, in ``BAR_SCHEMA``, oldest first."""

    bars: pl.DataFrame
    price_basis: str  # as_served, split_adjusted, unadjusted
    window: (
        tuple[dt.datetime, dt.datetime] | None
    )  # requested opens, half-open, where there was one
    requests: int = 1
    cost: int = 0  # credits
    is_clock_behind: bool = False  # this machine's clock, by the source's
    answered: Mapping[str, str] = field(default_factory=dict)  # market that the answer names


@dataclass(frozen=True)
class WindowRequest:
    """The bars of one series that open in [start, end), both midnights in UTC."""

    instrument: Instrument
    timeframe: str
    start: dt.datetime
    end: dt.datetime

    @property
    def what(self) -> str:
        """The series, for messages."""
        return f"{self.instrument.symbol} {self.timeframe}"


class NotOfferedError(Exception):
    """The source has no such timeframe for this instrument: a status with a reason, no failure."""


class CutError(Exception):
    """The answer may have been cut at its old end: ask for a shorter window."""


class NotServedError(SourceError):
    """The source does not serve this series to this key, now or on a second try.

    Attributes:
        status: not_entitled (the plan) or unknown_symbol.
    """

    def __init__(self, message: str, *, status: str) -> None:
        super().__init__(message, code=status.replace("_", "-"))
        self.status = status


class WholeSource(Protocol):
    """A whole source: a folder or a package."""

    name: str

    def series(self, instrument: Instrument, timeframe: str) -> BarPage:
        """The whole series.

        Raises:
            NotOfferedError: the source does not carry this timeframe for the instrument.
            SourceError: the source failed, with culprit and remedy.
        """
        ...


@runtime_checkable
class WindowSource(Protocol):
    """A vendor. Every question costs credits, and ``now`` tells on which UTC day."""

    name: str
    most_rows: int  # of one answer; one as long may have been cut

    def earliest(self, instrument: Instrument, timeframe: str, now: dt.datetime) -> dt.date:
        """The UTC date of the first bar there is.

        Raises:
            NotOfferedError: there is none.
            SourceError: as for ``page``.
        """
        ...

    def page(self, ask: WindowRequest, now: dt.datetime) -> BarPage:
        """What opens in one window; without rows where nothing does.

        Raises:
            CutError: the answer was as long as an answer can be.
            NotServedError: the series is not served to this key.
            RunEndingError: the source serves no symbol at all.
            SourceError: the source failed, with culprit and remedy.
        """
        ...

    def batch(
        self, asks: Sequence[WindowRequest], now: dt.datetime
    ) -> Mapping[str, BarPage | NotServedError]:
        """Many symbols in one request: pages and refusals by symbol.

        All asks are about one timeframe and one window. A symbol that the answer leaves out, or
        that deserves a closer look, is missing: ask for it alone.

        Raises:
            RunEndingError: the source serves no symbol at all.
            SourceError: the batch as a whole failed.
        """
        ...

    def batch_key(self, ask: WindowRequest) -> tuple[str, ...]:
        """Asks with equal keys may share a batch, if timeframe and window are equal too."""
        ...

    def batch_size(self) -> int:
        """At most so many symbols at once."""
        ...

    def credits_per_minute(self) -> int:
        """What a minute's budget holds, as far as it is known."""
        ...


#: What a registry holds.
Source = WholeSource | WindowSource
