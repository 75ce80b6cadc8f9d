"""The rule on bars outside the dates between which the instrument is listed.

The dates are the first bar that the source has and the delisting in the universe; where neither is
known, the rule is not applied.
"""

import datetime as dt
from functools import lru_cache

import polars as pl

from regime_platform.model.bar_schema import BAR_SCHEMA
from regime_platform.model.document import Document
from regime_platform.validation.findings import Severity
from regime_platform.validation.rules.bar import BarRule


class Listed(Document):
    """The dates between which a series can have bars, both included; empty where unknown."""

    first: str = ""  # ISO date of the first bar that its source has
    last: str = ""  # ISO date of the delisting


UNLISTED = Listed()


@lru_cache
def outside_listing(listed: Listed) -> BarRule:
    """The rule on bars before the first one of the source, or after the delisting.

    A warning: either date may be what is wrong, and bars of another source may be older.
    """
    opens = pl.col("ts")
    is_early = opens < _midnight(listed.first)
    is_late = opens >= _midnight(listed.last) + dt.timedelta(days=1)
    reason = (
        pl.when(is_early)
        .then(pl.lit(f"opens before {listed.first}, the first bar that its source has"))
        .otherwise(pl.lit(f"opens after {listed.last}, when it was delisted"))
    )
    return BarRule(
        "outside_listing",
        Severity.WARNING,
        "bars",
        "exclude the bar if it is of another instrument; accept it, or correct the delisting",
        reason,
        is_early.fill_null(value=False) | is_late.fill_null(value=False),
        is_applicable=listed != UNLISTED,
    )


def _midnight(date: str) -> pl.Expr:
    known = dt.date.fromisoformat(date) if date else None
    return pl.lit(known, dtype=pl.Date).cast(BAR_SCHEMA["ts"])
