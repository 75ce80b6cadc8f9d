"""The one error family of the platform.

Every error names the culprit, what was expected and the remedy; the command line turns the class
into an exit code. Nothing here knows how an error is shown.
"""


class RegimeError(Exception):
    """Something a user can mend; the message says what, why and how."""


class UsageError(RegimeError):
    """The request itself makes no sense: an unknown symbol, timeframe or option."""


class ConfigError(RegimeError):
    """Settings or the universe file are not usable."""


class SourceError(RegimeError):
    """A bar source could not deliver what was asked of it."""


class CredentialsError(SourceError):
    """The source refuses the key: the whole run ends, since no other symbol can fare better."""


class QuotaError(SourceError):
    """The source's budget for the day is spent: the run ends and a later one resumes it."""


class BarsError(RegimeError):
    """Bars on disk or offered as input are not what their metadata says they are."""


class MissingBarsError(BarsError):
    """A file of bars that something names is not there."""


class BlockedError(RegimeError):
    """The gate holds a symbol back, so nothing downstream of it may run."""


class ResultsError(RegimeError):
    """A compute.db is missing, damaged or of another version."""


class NewerResultsError(ResultsError):
    """A compute.db was written by a later release, which alone may write it again."""


class OlderResultsError(ResultsError):
    """A compute.db was written by an earlier release; whatever is computed takes its place."""


class OlderVersionWarning(UserWarning):
    """An answer comes from a file of an older version; the message says how it was understood."""


def remedy_of(symbol: str) -> str:
    """What to do about anything stored of a symbol that is not what was written."""
    return (
        f"`regime verify {symbol}` names all that is damaged, `regime repair {symbol} --yes` makes "
        "it again from the raw log"
    )
