"""The errors that the platform raises; the command line derives its exit code from the class.

Every message names the culprit, what was expected and the remedy.
"""

import re
from collections.abc import Callable, Iterable
from difflib import get_close_matches
from typing import ClassVar

from regime_platform.inert_text import inert, shortened


class RegimeError(Exception):
    """A fault that a user can correct; the message is one line with cause and remedy.

    Messages quote text from vendors and files and are shown in logs and tracebacks as well as on
    the screen, so control characters are escaped here (see ``inert_text``). Of one that is longer
    than anyone reads, such as with a hostile cell in it, start and end are kept.
    """

    #: Applied to every message; ``redaction`` replaces it when a secret is registered.
    hide_secrets: ClassVar[Callable[[str], str]] = str
    #: The code of an error that was raised without one of its own.
    default_code: ClassVar[str] = "error"

    def __init_subclass__(cls, *, code: str | None = None, **options: object) -> None:
        super().__init_subclass__(**options)
        cls.default_code = code or cls.default_code

    def __init__(self, *parts: object, code: str | None = None) -> None:
        """Makes the message safe to show.

        ``code`` tells what went wrong in lower case with hyphens. Scripts and tests rely on it; the
        wording of a message may change at any time.
        """
        hide = type(self).hide_secrets
        super().__init__(*(_shown(hide(part)) if isinstance(part, str) else part for part in parts))
        self.code = code or self.default_code


def _shown(text: str) -> str:
    return inert(shortened(text))


class UsageError(RegimeError, code="usage"):
    """The request cannot be fulfilled: an unknown symbol, timeframe or option."""


class ConfigError(RegimeError, code="config"):
    """Settings or the universe file are not usable."""


class PathError(RegimeError, code="unsafe-path"):
    """A name given by a document, an archive or a request leads out of its folder."""


class SourceError(RegimeError, code="source"):
    """A bar source could not deliver what was requested."""


class RunEndingError(SourceError):
    """The source would fail for every other symbol too, so the whole run ends."""


class CredentialsError(RunEndingError, code="credentials"):
    """The source refuses the key."""


class QuotaError(RunEndingError, code="quota"):
    """The source's requests for the day are used up; a later run resumes this one."""


class ClockError(RunEndingError, code="clock"):
    """This machine's clock is wrong, so that fetched bars would get a wrong fetch time."""


class UnresponsiveError(RunEndingError, code="source-unresponsive"):
    """The source does not answer in time."""


class BarsError(RegimeError, code="bars"):
    """Stored bars or input bars are damaged or do not match their metadata."""


class MissingBarsError(BarsError, code="missing-bars"):
    """A file of bars that a verdict or a manifest names does not exist."""


class NoBarsError(BarsError, code="no-bars"):
    """A symbol has no bar at all, so there is nothing to compute."""


class BlockedError(RegimeError, code="blocked"):
    """The gate blocks a symbol, so nothing downstream of it may run."""


class OtherInstrumentError(BlockedError, code="other-instrument"):
    """The universe names another instrument for a symbol than its stored bars are of."""


class ResultsError(RegimeError, code="results"):
    """A compute.db is missing, damaged or of another version."""


class NewerResultsError(ResultsError, code="newer-results"):
    """A compute.db was written by a later release, and only that may overwrite it."""


class OlderResultsError(ResultsError, code="older-results"):
    """A compute.db was written by an earlier release; the next compute replaces it."""


class OlderVersionWarning(UserWarning):
    """An answer comes from a file of an older version; the message says how it was read."""


def remedy_of(symbol: str) -> str:
    """The remedy for stored data of a symbol that is not what was written."""
    return (
        f"`regime verify {symbol}` names all that is damaged, `regime repair {symbol} --yes` makes "
        "it again from the raw log"
    )


def folder_in_place(path: object) -> str:
    """The message where a folder has the name of a file."""
    return f"{path} is a folder where a file belongs; move it away and run again"


def failure_reason(error: Exception, symbol: str) -> str:
    """Why one symbol of many failed, and the remedy; for commands that continue with the others."""
    if isinstance(error, RegimeError):
        return str(error)
    if isinstance(error, IsADirectoryError):
        return folder_in_place(error.filename2 or error.filename)
    if isinstance(error, OSError):
        return f"{error}; check the disk or the folder, then run {symbol} again"
    return f"unexpected {type(error).__name__}: {error}; `regime verify {symbol}` looks for damage"


def about(symbol: str, reason: str) -> str:
    """A reason in a list over several symbols: it begins with its symbol unless it names that."""
    without_commands = re.sub(r"`[^`]*`", "", reason)
    is_named = re.search(rf"(?<![\w.^=-]){re.escape(symbol)}(?![\w^=-]|\.\w)", without_commands)
    return reason if is_named else f"{symbol}: {reason}"


def nearest(word: str, known: Iterable[str]) -> str:
    """The known words that a misspelt one may mean, as a part of a message; empty without any."""
    matches = get_close_matches(word, known)
    return f" (did you mean {' or '.join(matches)}?)" if matches else ""
