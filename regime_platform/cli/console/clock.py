"""Times of the command line; the one place where it reads the clock, the rest takes ``now``."""

import datetime as dt
from dataclasses import dataclass
from typing import Annotated

import typer

from regime_platform.cli.console.options import Now, Options
from regime_platform.cli.console.screen import messages
from regime_platform.errors import UsageError
from regime_platform.model.instants import is_ahead
from regime_platform.model.moments import moment, optional_moment, past_moment, period


@dataclass(frozen=True)
class Clock(Options):
    """The time of a command: ``--now`` if given, else the machine's."""

    now: Now = None

    def moment(self) -> dt.datetime:
        """The current instant of a command that stores none."""
        if self.now is None:
            return dt.datetime.now(dt.UTC)  # noqa: TID251 - this is cli.clock
        return moment(self.now, "--now")

    def stamp(self) -> dt.datetime:
        """The same for a command that stores the instant, which must not lie in the future.

        Data stored with a future time would later be set aside as written by a wrong clock.

        Raises:
            UsageError: it is more than a quarter of an hour ahead.
        """
        given, clock = self.moment(), Clock().moment()
        if is_ahead(given, clock):
            raise UsageError(
                f"--now {self.now} is in the future (it is {clock:%Y-%m-%dT%H:%M} UTC by this "
                "clock), and this command stores that time; give a past time or leave out --now",
                code="time-ahead",
            )
        return given


@dataclass(frozen=True)
class Start(Options):
    """The first time of interest."""

    start: Annotated[
        str | None, typer.Option("--start", help="Only from this ISO time on (UTC).")
    ] = None
    since: Annotated[str | None, typer.Option("--since", hidden=True)] = None  # its old name

    def first(self) -> dt.datetime | None:
        """The instant, inclusive."""
        given = _renamed("--start", self.start, "--since", self.since)
        return optional_moment(given, "--start")


@dataclass(frozen=True)
class Period(Start):
    """The first time of interest, and the one before which to stop."""

    end: Annotated[str | None, typer.Option("--end", help="Only before this ISO time (UTC).")] = (
        None
    )
    until: Annotated[str | None, typer.Option("--until", hidden=True)] = None  # its old name

    def span(self) -> tuple[dt.datetime | None, dt.datetime | None]:
        """Both instants, the second exclusive; UsageError where it is not the later one."""
        start = _renamed("--start", self.start, "--since", self.since)
        end = _renamed("--end", self.end, "--until", self.until)
        return period(start, end, ("--start", "--end"))


def _renamed(option: str, text: str | None, old: str, old_text: str | None) -> str | None:
    if old_text is not None:
        messages().print(f"{old} is now called {option}", style="yellow")
    return old_text if text is None else text


def past(text: str) -> dt.datetime:
    """The instant that ``--as-of`` names.

    Raises:
        UsageError: the text is not ISO 8601, or lies in the future.
    """
    return past_moment(text, Clock().moment(), "--as-of")
