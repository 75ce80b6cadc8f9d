"""Codes of regimes and buckets as they are given: panic-risk is PANIC_RISK."""

from collections.abc import Collection

from regime_platform.errors import UsageError, nearest


def code_of(what: str, word: str, known: Collection[str]) -> str:
    """The code that a word stands for, in any case, with spaces or hyphens.

    Raises:
        UsageError: it stands for none; ``what`` it should be is in message and code.
    """
    code = word.strip().upper().replace("-", "_").replace(" ", "_")
    if code not in known:
        raise UsageError(
            f"unknown {what} {word!r}{nearest(code, known)}; expected one of {', '.join(known)}",
            code=f"unknown-{what}",
        )
    return code
