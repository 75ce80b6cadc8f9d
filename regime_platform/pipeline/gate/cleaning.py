"""Writes the bars of a file that pass the gate; what is left out is listed with rule and reason."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from regime_platform.errors import BarsError, RegimeError, UsageError
from regime_platform.files import write_atomically
from regime_platform.model.bar_schema import BAR_COLUMNS
from regime_platform.model.instants import iso
from regime_platform.model.markets import Market
from regime_platform.model.timeframes import is_intraday
from regime_platform.pipeline.gate.validate_log import validate_rows
from regime_platform.sources.files.series import read_series
from regime_platform.validation.findings import opens_text
from regime_platform.validation.gate import PASSED, GateResult
from regime_platform.validation.policy import ValidationContext
from regime_platform.validation.rules.series import GATE_SCHEMA

_LEFT_OUT = ("ts", "rule", "disposition", "reason")


@dataclass(frozen=True)
class CleanBars:
    """The bars of one series that pass, and those that do not."""

    timeframe: str
    bars: pl.DataFrame  # BAR_SCHEMA, oldest first
    left_out: pl.DataFrame  # ts, rule, disposition, reason; likewise

    def document(self, path: Path) -> dict[str, Any]:
        """Plain values for JSON, with the file that was written."""
        rows = self.left_out.iter_rows(named=True)
        left_out = [{**row, "ts": row["ts"] and iso(row["ts"])} for row in rows]
        return {"path": str(path), "bars": self.bars.height, "left_out": left_out}

    def lines(self) -> list[tuple[str, str, str]]:
        """The open of each bar left out, the first rule it breaks, and all reasons."""
        return self.left_out.select(opens_text(self.timeframe), "rule", "reason").rows()


def clean_bars(
    bars: pl.DataFrame, timeframe: str, market: Market, context: ValidationContext, now: dt.datetime
) -> CleanBars:
    """The bars (``BAR_SCHEMA``) that pass as if fetched at ``now``; they pass again by themselves.

    Raises:
        BarsError: no bar passes, or what is wrong is no fault of single bars.
    """
    fetched_at = pl.lit(now).cast(GATE_SCHEMA["fetched_at"])
    # a pipeline sorts what it reads; many vendors write the newest bar first
    rows = bars.sort("ts", maintain_order=True).with_columns(
        fetched_at=fetched_at, batch=pl.lit("")
    )
    left_out: list[pl.DataFrame] = []
    for result in _rounds(rows, timeframe, market, context):
        left_out.append(result.rejected.select(_LEFT_OUT))
    if result.status != PASSED:
        raise _not_cleanable(result)
    return CleanBars(timeframe, result.valid.select(BAR_COLUMNS), pl.concat(left_out))


def write_clean(
    cleaned: CleanBars, source: Path, target: Path, market: Market, symbol: str
) -> None:
    """Writes the bars as .csv or .parquet, and reads them again before the file is in place.

    Raises:
        UsageError: the name has another ending, or is that of the ``source``.
        BarsError: in its folder the file would not be read as these bars.
    """
    require_other_file(source, target)
    frame = cleaned.bars
    if target.suffix == ".csv":
        form = "%Y-%m-%dT%H:%M:%SZ" if is_intraday(cleaned.timeframe) else "%Y-%m-%d"
        frame = frame.with_columns(pl.col("ts").dt.strftime(form))

    def write(temporary: Path) -> None:
        if target.suffix == ".csv":
            frame.write_csv(temporary)
        else:
            frame.write_parquet(temporary)
        try:
            reason = "other bars"
            is_equal = read_series(temporary, cleaned.timeframe, market, symbol)[0].equals(
                cleaned.bars
            )
        except RegimeError as error:
            reason, is_equal = str(error).replace(str(temporary), str(target)), False
        if not is_equal:
            raise BarsError(
                f"{target} would not be read as the bars that passed ({reason}); write it into a "
                "folder whose mapping.yaml is not about other files",
                code="clean-file-reads-otherwise",
            )

    write_atomically(target, write)


def require_other_file(source: Path, target: Path) -> None:
    """Refuses a file of another kind, or that the bars are read from; UsageError."""
    if target.suffix not in {".csv", ".parquet"}:
        raise UsageError(
            f"--clean {target}: expected a name ending in .csv or .parquet", code="unknown-format"
        )
    if target.exists() and target.samefile(source):
        raise UsageError(
            f"--clean {target} is the file that is validated; give another name",
            code="output-is-input",
        )


def _rounds(
    rows: pl.DataFrame, timeframe: str, market: Market, context: ValidationContext
) -> Iterator[GateResult]:
    """The results until no row is rejected: a bar may break a rule beside its new neighbours."""
    is_done = False
    while not is_done:
        result = validate_rows({timeframe: rows}, market, context)[timeframe]
        yield result
        rows, is_done = result.valid, result.rejected.is_empty()


def _not_cleanable(result: GateResult) -> BarsError:
    blocking = [finding for finding in result.findings if finding.is_blocking]
    if not blocking:
        return BarsError("no bar passes, so that no file was written", code="no-bar-passes")
    reasons = "; ".join(
        f"{each.rule} ({each.count:,} {each.counted_unit}: {each.examples[0]})" for each in blocking
    )
    return BarsError(
        f"not cleaned, since no choice of bars passes: {reasons}. This is a fault of the series: "
        "correct it at its source, or see the remedies of `regime validate` without --clean",
        code="not-cleanable",
    )
