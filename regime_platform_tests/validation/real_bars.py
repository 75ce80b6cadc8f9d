"""The real series that ship with the package, as the gate reads them, and ways to spoil one bar."""

import polars as pl

from regime_platform.model.markets import MARKETS
from regime_platform.sources.sample.source import SAMPLE_DATA
from regime_platform.validation.findings import ValidationFinding
from regime_platform.validation.gate import GateResult, compared, gate
from regime_platform.validation.policy import DEFAULT_CONTEXT, ValidationContext
from regime_platform.validation.rules.comparison import Overlap
from regime_platform_tests.builders import fetched

CLASS_OF = {
    **dict.fromkeys(("AAPL", "IBM", "MSFT", "GOOG", "FB"), "US_EQUITY"),
    "EURUSD": "FX",
    "SYNTH": "SYNTHETIC",
}
REAL = tuple(name for name in CLASS_OF if name != "SYNTH")


def real(symbol: str, timeframe: str) -> pl.DataFrame:
    """A shipped series as the raw log returns it."""
    return fetched(pl.read_parquet(SAMPLE_DATA / symbol / f"{timeframe}.parquet"))


def timeframes(symbol: str) -> list[str]:
    """The timeframes that ship."""
    return sorted(path.stem for path in (SAMPLE_DATA / symbol).iterdir())


def validated(
    rows: pl.DataFrame, symbol: str, timeframe: str, context: ValidationContext = DEFAULT_CONTEXT
) -> GateResult:
    """The gate on bars of a shipped symbol."""
    return gate(rows, timeframe=timeframe, market=MARKETS[CLASS_OF[symbol]], context=context)


def finding_of(result: GateResult, rule: str) -> ValidationFinding:
    """The finding of one rule."""
    return next(finding for finding in result.findings if finding.rule == rule)


def changed(rows: pl.DataFrame, at: int | slice, **values: pl.Expr | float | None) -> pl.DataFrame:
    """``rows`` with other values at a place or a stretch of places."""
    stretch = at if isinstance(at, slice) else slice(at, at + 1)
    here = pl.int_range(pl.len()).is_between(stretch.start, stretch.stop, closed="left")
    return rows.with_columns(
        pl.when(here)
        .then(value if isinstance(value, pl.Expr) else pl.lit(value))
        .otherwise(name)
        .cast(rows.schema[name])
        .alias(name)
        for name, value in values.items()
    )


def times(factor: float, *names: str) -> dict[str, pl.Expr]:
    """The named columns, or all prices, times a factor."""
    return {name: pl.col(name) * factor for name in names or ("open", "high", "low", "close")}


def together(
    symbol: str,
    spoilt: dict[str, pl.DataFrame] | None = None,
    overlaps: dict[str, Overlap] | None = None,
) -> dict[str, GateResult]:
    rows = {name: real(symbol, name) for name in timeframes(symbol)} | (spoilt or {})
    results = {name: validated(bars, symbol, name) for name, bars in rows.items()}
    return compared(
        results, overlaps or {}, market=MARKETS[CLASS_OF[symbol]], context=DEFAULT_CONTEXT
    )
