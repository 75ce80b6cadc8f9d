"""Plants every kind of defect into the real sample bars and counts what the gate finds.

``python -m regime_platform_tests.validation.fault_injection`` prints the tables of
docs/validation.md.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import polars as pl

from regime_platform.validation.findings import Severity
from regime_platform.validation.gate import GateResult
from regime_platform.validation.policy import CONFIGURABLE, EVERY_CLASS, Policy, ValidationContext
from regime_platform_tests.validation.faults import BLOCKING, SET_ASIDE, WARNING, Fault
from regime_platform_tests.validation.real_bars import real, validated

_SERIES = (
    *((symbol, "1day") for symbol in ("AAPL", "IBM", "MSFT", "GOOG")),
    ("EURUSD", "1h"),
)
_APART = 70  # bars between two planted ones, which are compared with those before
_AT_ONCE = 25


@dataclass(frozen=True)
class Detection:
    """How many defects of one kind were planted and found."""

    fault: Fault
    planted: int
    found_count: int
    false_alarms: int

    def row(self) -> str:
        """A line of the table."""
        cells = (
            self.fault.name,
            self.fault.rule,
            self.planted,
            self.found_count,
            self.false_alarms,
        )
        return f"| {' | '.join(f'{cell:,}' if isinstance(cell, int) else cell for cell in cells)} |"


def detect(fault: Fault, wanted: int, seed: int = 7) -> Detection:
    """Plants ``wanted`` defects of one kind, some at a time, and counts."""
    generator = np.random.default_rng(seed)
    series = [pair for pair in _SERIES if not fault.series or pair[0] in fault.series]
    planted = matches = false = 0
    while planted < wanted:
        symbol, timeframe = series[generator.integers(len(series))]
        rows = real(symbol, timeframe)
        places = _places(generator, rows.height, min(_AT_ONCE, wanted - planted))
        spoilt, opens = fault.plant(rows, places)
        flagged = _flagged(validated(spoilt, symbol, timeframe, _strict(fault.rule)), fault)
        planted += len(opens)
        matches += sum(min(flagged.count(ts), opens.count(ts)) for ts in set(opens))
        echoes = {
            rows["ts"][place + 1 + step] for place in places for step in range(fault.echo + 1)
        }
        known = {*opens, *_of_good_bars(symbol, timeframe, fault.rule)}
        if fault.echo:
            known |= echoes
        false += sum(ts not in known for ts in flagged)
    return Detection(fault, planted, matches, false)


def _flagged(result: GateResult, fault: Fault) -> list[object]:
    """The opens that the rule flagged; for rules that reject, those of rejected rows."""
    if fault.rule in ("missing_sessions", "missing_bars"):
        is_whole = fault.rule == "missing_sessions"
        return result.gaps.filter(pl.col("whole_session") == is_whole)["ts"].to_list()
    if fault in BLOCKING:
        assert result.status == "blocked"
        wrong = result.rejected.filter(pl.col("disposition") == "rejected")
        return wrong["ts"].to_list()
    return result.rejected.filter(pl.col("rule") == fault.rule)["ts"].to_list()


@cache
def _of_good_bars(symbol: str, timeframe: str, rule: str) -> frozenset[object]:
    """The opens that the rule flags in the bars as they are: the true extremes."""
    result = validated(real(symbol, timeframe), symbol, timeframe, _strict(rule))
    return frozenset(result.rejected["ts"].to_list())


@cache
def _strict(rule: str) -> ValidationContext:
    """Makes a configurable rule reject, so that every row that breaks it is listed."""
    chosen = {(rule, EVERY_CLASS): Severity.ERROR} if rule in CONFIGURABLE else {}
    return ValidationContext(Policy(chosen))


def _places(generator: np.random.Generator, height: int, count: int) -> list[int]:
    slots = generator.permutation(np.arange(60, height - 20, _APART))[:count]
    return sorted(int(slot + generator.integers(10)) for slot in slots)


def table(detections: Sequence[Detection]) -> str:
    """Markdown."""
    head = ("| injected defect | rule | injected | detected | false alarms |", f"|{' --- |' * 5}")
    return "\n".join([*head, *(detection.row() for detection in detections)])


def main(planted: int) -> None:
    """Prints the whole table: ``planted`` blocking defects, a fifth as many of the others."""
    for title, faults, share in (
        ("blocking", BLOCKING, planted),
        ("set aside", SET_ASIDE, planted // 10),
        ("warning", WARNING, planted // 5),
    ):
        each = -(-share // len(faults))
        done = [detect(fault, each) for fault in faults]
        print(
            f"\n{title}: {sum(detection.planted for detection in done):,} planted\n\n{table(done)}"
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
