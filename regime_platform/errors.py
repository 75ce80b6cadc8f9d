"""The one error family of the platform.

Every error names the culprit, what was expected and the remedy; the command line turns the class
into an exit code. Nothing here knows how an error is shown.
"""

from collections.abc import Callable
from typing import ClassVar

from regime_platform.inert_text import inert


class RegimeError(Exception):
    """Something a user can mend; the message says what, why and how, in one line.

    It often repeats text from outside, and ends in logs and tracebacks of others as well as on the
    screen: so it is made inert here.
    """

    #: Applied to every message; `redaction` sets it once there is a secret to hide.
    hide_secrets: ClassVar[Callable[[str], str]] = str
    #: The code of an error that was raised without one of its own.
    default_code: ClassVar[str] = "error"

    def __init__(self, *parts: object, code: str | None = None) -> None:
        """Makes the message safe to show.

        Args:
            parts: the message.
            code: what went wrong, in lower case with hyphens. Scripts and tests rely on it; the
                wording of a message may change at any time.
        """
        hide = type(self).hide_secrets
        super().__init__(*(inert(hide(part)) if isinstance(part, str) else part for part in parts))
        self.code = code or self.default_code


class UsageError(RegimeError):
    """The request itself makes no sense: an unknown symbol, timeframe or option."""

    default_code = "usage"


class ConfigError(RegimeError):
    """Settings or the universe file are not usable."""

    default_code = "config"


class PathError(RegimeError):
    """A name from outside would lead out of the folder that it belongs to."""

    default_code = "unsafe-path"


class SourceError(RegimeError):
    """A bar source could not deliver what was asked of it."""

    default_code = "source"


class RunEndingError(SourceError):
    """No other symbol of the source can fare better, so the whole run ends."""


class CredentialsError(RunEndingError):
    """The source refuses the key."""

    default_code = "credentials"


class QuotaError(RunEndingError):
    """The source's budget for the day is spent; a later run resumes this one."""

    default_code = "quota"


class ClockError(RunEndingError):
    """This machine's clock is so wrong that what is fetched would be stored at a wrong moment."""

    default_code = "clock"


class UnresponsiveError(RunEndingError):
    """The source answers nothing in time."""

    default_code = "source-unresponsive"


class BarsError(RegimeError):
    """Bars on disk or offered as input are not what their metadata says they are."""

    default_code = "bars"


class MissingBarsError(BarsError):
    """A file of bars that something names is not there."""

    default_code = "missing-bars"


class BlockedError(RegimeError):
    """The gate holds a symbol back, so nothing downstream of it may run."""

    default_code = "blocked"


class OtherInstrumentError(BlockedError):
    """The universe names another instrument than the one that a symbol's stored bars are of."""

    default_code = "other-instrument"


class ResultsError(RegimeError):
    """A compute.db is missing, damaged or of another version."""

    default_code = "results"


class NewerResultsError(ResultsError):
    """A compute.db was written by a later release, which alone may write it again."""

    default_code = "newer-results"


class OlderResultsError(ResultsError):
    """A compute.db was written by an earlier release; whatever is computed takes its place."""

    default_code = "older-results"


class OlderVersionWarning(UserWarning):
    """An answer comes from a file of an older version; the message says how it was understood."""


def remedy_of(symbol: str) -> str:
    """What to do about anything stored of a symbol that is not what was written."""
    return (
        f"`regime verify {symbol}` names all that is damaged, `regime repair {symbol} --yes` makes "
        "it again from the raw log"
    )


def folder_in_place(path: object) -> str:
    """What is wrong where a folder has the name of a file, and the remedy."""
    return f"{path} is a folder where a file belongs; move it away and run again"


def failure_reason(error: Exception, symbol: str) -> str:
    """Why one symbol of many failed, and the remedy; for commands that then go on with the others.

    Args:
        error: what was raised while the symbol was processed.
        symbol: the symbol.
    """
    if isinstance(error, RegimeError):
        return str(error)
    if isinstance(error, IsADirectoryError):
        return folder_in_place(error.filename2 or error.filename)
    if isinstance(error, OSError):
        return f"{error}; see to the disk or the folder, then run {symbol} again"
    return f"unexpected {type(error).__name__}: {error}; `regime verify {symbol}` looks for damage"
