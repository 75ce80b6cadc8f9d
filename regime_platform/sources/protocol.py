"""The interfaces of bar sources, and the values that they take and return.

There are two kinds. A **whole** source (a package, a folder) serves a series in one piece. A
**window** source (a vendor) serves the bars that open in a requested window; the pipeline decides
which windows to request, the same for every vendor. A source never falls back to another source
and never invents a bar.
"""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, Protocol, runtime_checkable

import polars as pl

from regime_platform.errors import SourceError
from regime_platform.model.actions import DeclaredSplit
from regime_platform.model.instruments import Instrument
from regime_platform.settings import Settings

if TYPE_CHECKING:
    import httpx


@dataclass(frozen=True)
class SourceInputs:
    """What a source is made of."""

    settings: Settings
    clock: Callable[[], float]  # seconds since the epoch
    sleep: Callable[[float], None]
    transport: "httpx.BaseTransport | None" = None  # None: the network


@dataclass(frozen=True)
class BarPage:
    """Bars as served, in ``BAR_SCHEMA``, oldest first."""

    bars: pl.DataFrame
    price_basis: str  # as_served, split_adjusted, unadjusted
    window: tuple[dt.datetime, dt.datetime] | None  # requested opens, half-open; None: the whole
    is_clock_behind: bool = False  # this machine's clock, compared with the source's
    answered: Mapping[str, str] = field(default_factory=dict)  # market that the answer names
    #: Unix times of the request that was answered and of its answer; None: served at once.
    between: tuple[float, float] | None = None
    note: str = ""  # how labels were read that are no opens, as one line
    notice: str = ""  # what its source says of the series now, as one line
    reading: str = ""  # digest of how a file was read
    is_rolling: bool = False  # the start of a whole moves: bars before it are not lost


class Charge(NamedTuple):
    """Requests, attempts included, and their credits."""

    requests: int = 0
    credits: int = 0

    def since(self, before: "Charge") -> "Charge":
        """What came after ``before``."""
        return Charge(self.requests - before.requests, self.credits - before.credits)

    def shared(self, parts: int) -> Iterator["Charge"]:
        """The same in parts for the series of a batch; the first has the requests."""
        part, rest = divmod(self.credits, parts)
        yield Charge(self.requests, part + rest)
        yield from [Charge(0, part)] * (parts - 1)


@dataclass(frozen=True)
class WindowRequest:
    """The bars of one series that open in [start, end), both midnights in UTC."""

    instrument: Instrument
    timeframe: str
    start: dt.datetime
    end: dt.datetime

    @property
    def series(self) -> str:
        """The series, for messages."""
        return f"{self.instrument.symbol} {self.timeframe}"


class NotOfferedError(Exception):
    """The source has no such timeframe of this instrument: a status with a reason, no failure."""


class CutError(Exception):
    """The answer may be cut at its old end: request a shorter window."""


class NotServedError(SourceError):
    """The source does not serve this series to this key; a second request would not help.

    ``status`` is not_entitled (the plan) or unknown_symbol.
    """

    def __init__(self, message: str, *, status: str) -> None:
        super().__init__(message, code=status.replace("_", "-"))
        self.status = status


class WholeSource(Protocol):
    """A folder or a package."""

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
    """A vendor or an exchange. A request may cost credits; ``now`` decides of which UTC day.

    Every request raises ``RunEndingError`` where the source, or the venue of the instrument there,
    serves no symbol at all, and ``SourceError`` where it failed, with culprit and remedy.
    """

    name: str
    most_rows: int  # of one answer; an answer of this length may be cut

    @property
    def charge(self) -> Charge:
        """All that was sent so far, whether it was answered or not."""
        ...

    def earliest(self, instrument: Instrument, timeframe: str, now: dt.datetime) -> dt.date:
        """The UTC date of the first bar at the source; ``NotOfferedError`` where there is none."""
        ...

    def page(self, request: WindowRequest, now: dt.datetime) -> BarPage:
        """The bars that open in one window; without rows where there are none.

        Raises:
            CutError: the answer had the maximum length.
            NotServedError: the series is not served to this key.
        """
        ...

    def batch(
        self, requests: Sequence[WindowRequest], now: dt.datetime
    ) -> Mapping[str, BarPage | NotServedError]:
        """Many symbols in one request: pages and refusals by symbol.

        All requests are for one timeframe and one window. A symbol that is missing from the result
        has to be requested alone: the answer left it out, or had an unclear error for it.
        """
        ...

    def batch_key(self, request: WindowRequest) -> tuple[str, ...]:
        """Requests with equal keys may share a batch if timeframe and window are equal too."""
        ...

    def batch_size(self) -> int:
        """The largest number of symbols in one batch now."""
        ...

    def credits_per_minute(self) -> int:
        """The credits of one minute, as far as they are known; 0 where requests cost none."""
        ...


@runtime_checkable
class SplitSource(Protocol):
    """A source, of either kind, that declares the splits that its bars are not adjusted for."""

    def splits(self, instrument: Instrument) -> Sequence[DeclaredSplit]:
        """All that it knows of an instrument."""
        ...


@runtime_checkable
class FinerSource(Protocol):
    """A whole source that may carry bars finer than all timeframes of an instrument, or between
    them: they are stored as series of their own, and timeframes that it lacks are built from them.
    """

    def finer(self, instrument: Instrument) -> Sequence[str]:
        """Those of ``model.timeframes.FINER`` that it carries; ``series`` serves each of them.

        Raises:
            SourceError: the source failed, with culprit and remedy.
        """
        ...


@runtime_checkable
class MarketSource(Protocol):
    """A source of several venues, each with its own list of markets."""

    def require_venue(self, venue: str) -> None:
        """``ConfigError`` where the source knows no such venue."""
        ...

    def market_of(self, venue: str, word: str) -> str:
        """The symbol at the source of the market that ``word`` names, as BTCUSDT.

        ``UsageError`` where not exactly one has the name, ``SourceError`` where the venue failed.
        """
        ...


#: A source of either kind.
Source = WholeSource | WindowSource
