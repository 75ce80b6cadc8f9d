"""The rules on how many bars a series has, of a symbol that has bars at all."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import polars as pl

from regime_platform.model.timeframes import TIMEFRAMES
from regime_platform.validation.findings import Rule, Severity, ValidationFinding, finding_of

NO_BARS = Rule(
    "no_bars",
    Severity.WARNING,
    "make its source serve them, or expect only those with bars: `regime universe timeframes "
    "SYMBOL OTHERS`",
    pl.lit(""),
    unit="series",
)
TOO_FEW_BARS = Rule(
    "too_few_bars",
    Severity.WARNING,
    "fetch more history by `regime backfill SYMBOL`, or lower its minimum in gate.yaml",
    pl.lit(""),
    unit="series",
)


@dataclass(frozen=True)
class CountCheck:
    """Whether the number of bars breaks a rule."""

    rule: Rule
    is_checked: bool
    is_broken: bool
    text: str  # how many there are
    others: str = ""  # timeframes with bars, where the remedy names them

    def finding(self, configured: Rule) -> ValidationFinding:
        """The finding, by the severity of ``configured``."""
        checked = int(self.is_checked and configured.is_applied)
        count = int(checked and self.is_broken)
        rule = replace(configured, remedy=configured.remedy.replace("OTHERS", self.others))
        return finding_of(rule, checked, count, (self.text,) * count)


def checks(counts: Mapping[str, int], timeframe: str, minimum: int) -> tuple[CountCheck, ...]:
    """Those of one timeframe; ``counts`` are the bars of every timeframe of the symbol.

    Without a ``minimum``, and in a symbol without any bar, nothing is checked.
    """
    count, has_bars = counts.get(timeframe, 0), any(counts.values())
    others = " ".join(name for name in TIMEFRAMES if counts.get(name))
    few = f"{count:,} of at least {minimum:,} bars"
    return (
        CountCheck(NO_BARS, has_bars, count == 0, "no bar", others),
        CountCheck(TOO_FEW_BARS, has_bars and minimum > 0, count < minimum, few),
    )
