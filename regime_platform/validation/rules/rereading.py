"""The rule on a series whose stored bars are being read again, since no factor explains them."""

import polars as pl

from regime_platform.validation.findings import Rule, Severity, ValidationFinding, finding_of

REREADING = Rule(
    "being_read_again",
    Severity.ERROR,
    "the next `regime run` reads what is left; to go on without, declare the bars to be of one "
    "instrument by `regime universe repoint SYMBOL --same --reason TEXT`",
    pl.lit(""),
    unit="series",
)


def rereading(reason: str) -> ValidationFinding:
    """The finding on one series; ``reason`` says why and since when, empty where it is not."""
    return finding_of(REREADING, 1, int(bool(reason)), (reason,) * bool(reason))
