"""Generated bars through the gate, and ways to spoil one of them."""

import polars as pl

from regime_platform.model.markets import MARKETS
from regime_platform.validation.findings import Severity
from regime_platform.validation.gate import GateResult, gate
from regime_platform_tests.builders import fetched, make_bars


def gated(
    rows: pl.DataFrame, timeframe: str = "1day", asset_class: str = "US_EQUITY"
) -> GateResult:
    return gate(rows, timeframe=timeframe, market=MARKETS[asset_class])


def bars_with(row: int, **values: object) -> pl.DataFrame:
    """250 good daily bars, one of them changed."""
    rows = fetched(make_bars(250))
    here = pl.int_range(pl.len()) == row
    return rows.with_columns(
        pl.when(here).then(pl.lit(value, dtype=rows.schema[name])).otherwise(name).alias(name)
        for name, value in values.items()
    )


def broken_rules(result: GateResult) -> dict[str, int]:
    """The counts of all findings but warnings: generated bars have bars on holidays."""
    return {
        finding.rule: finding.count
        for finding in result.findings
        if finding.severity is not Severity.WARNING and finding.count
    }
