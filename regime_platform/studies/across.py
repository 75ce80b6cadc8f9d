"""Comparisons across symbols: how many show an effect, how many placebos do, and the pooled effect.

Each symbol brings, per comparison, its calendar sums and the p-value of a placebo of its own: the
same signal in another order, tested as the signal was.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from regime_platform.studies.inference.block_pairs import BlockPairs, GroupTest
from regime_platform.studies.inference.blocks import block_length
from regime_platform.studies.inference.comparison import Claim
from regime_platform.studies.inference.correction import adjusted_p_values, corrected
from regime_platform.studies.inference.placebo import block_orders, placebo_indices
from regime_platform.studies.inference.pooled import (
    calendar_sums,
    pooled_comparison,
    stretch_months,
)
from regime_platform.studies.options import StudyOptions
from regime_platform.studies.result import Column, Conclusion, StudyTable, SymbolStudy, Unit
from regime_platform.studies.series import Bools, Floats, StudySeries
from regime_platform.studies.tables import table_of

Sums = Mapping[str, npt.NDArray[Any]]


@dataclass(frozen=True)
class Compared:
    """A comparison that is also made across symbols; ``key`` is that of its conclusion."""

    key: str
    outcome: Floats  # NaN: not known
    mask: Bools
    usable: Bools


def pooled_sums(series: StudySeries, compared: Iterable[Compared], options: StudyOptions) -> Sums:
    """``SymbolStudy.sums`` of these comparisons."""
    sums: dict[str, npt.NDArray[Any]] = {}
    for each in compared:
        sums[f"calendar {each.key}"] = calendar_sums(
            series, each.outcome, each.mask, options, each.usable
        )
        sums[f"placebo {each.key}"] = np.array([_placebo_p(series, each, options)])
    return sums


def pooled_view(
    studies: Sequence[SymbolStudy],
    claims: Sequence[Claim],
    options: StudyOptions,
    titles: Mapping[str, str] | None = None,
) -> tuple[StudyTable, tuple[Conclusion, ...]]:
    """Counts of symbols by conclusion, and the pooled effect of each of ``claims``.

    ``titles``: the conclusions that are counted, by key; None: all, by their claims.
    """
    pooled = corrected(
        [
            pooled_comparison(
                [each.sums[f"calendar {claim.key}"] for each in studies], claim, options
            )
            for claim in claims
        ]
    )
    columns = (
        Column("claim", "Effect", Unit.TEXT),
        Column("tested", "Symbols", Unit.COUNT),
        Column("positive", "Above zero", Unit.PERCENT),
        Column("median", "Median", Unit.POINTS),
        Column("significant", "p as is", Unit.COUNT),
        Column("significant_corrected", "corrected", Unit.COUNT),
        Column("placebos", "Placebos", Unit.COUNT),
        Column("placebos_corrected", "Placebos, corrected", Unit.COUNT),
    )
    note = (
        f"Symbols with p up to {options.alpha:g}, as it is and corrected over symbols (Benjamini "
        "and Yekutieli), beside as many placebos: a shuffled signal of each symbol, tested as the "
        f"signal was. By chance {options.alpha:.0%} of the symbols are significant before the "
        "correction. Windows of the sentences across symbols: stretches of "
        f"{stretch_months(studies[0].timeframe, options)} months of the calendar in which any "
        "symbol has the signal."
    ).replace("%", " %")
    if titles is None:
        titles = {
            each.key: each.claim.replace("{direction}", each.directions[0])
            for study in studies
            for each in study.conclusions
        }
    rows = [{"claim": titles[key], **_row(key, studies, options.alpha)} for key in titles]
    return table_of("symbols", "Symbol by symbol", columns, rows, note), pooled


def _row(key: str, studies: Sequence[SymbolStudy], alpha: float) -> dict[str, Any]:
    pairs = [(study, each) for study in studies for each in study.conclusions if each.key == key]
    is_share = pairs[0][1].unit is Unit.POINTS  # others would not be comparable
    pairs = [pair for pair in pairs if not pair[1].is_too_few and np.isfinite(pair[1].p_value)]
    tested = [each for _study, each in pairs]
    effects = np.array([each.effect for each in tested])
    real = _counts([each.p_value for each in tested], alpha)
    name = f"placebo {key}"
    shuffled = [float(study.sums[name][0]) for study, _ in pairs if name in study.sums]
    placebos = _counts([p for p in shuffled if np.isfinite(p)], alpha)
    return {
        "tested": len(tested),
        "positive": float(np.mean(effects > 0)) if tested else None,
        "median": float(np.median(effects)) if is_share and tested else None,
        "significant": real[0],
        "significant_corrected": real[1],
        "placebos": placebos[0] if shuffled else None,
        "placebos_corrected": placebos[1] if shuffled else None,
    }


def _counts(p_values: Sequence[float], alpha: float) -> tuple[int, int]:
    if not p_values:
        return 0, 0
    adjusted = adjusted_p_values(p_values)
    return sum(p <= alpha for p in p_values), sum(p <= alpha for p in adjusted)


def _placebo_p(series: StudySeries, compared: Compared, options: StudyOptions) -> float:
    """The p-value of a shuffled signal, which is as likely to be any; NaN where not tested."""
    enters = compared.usable & np.isfinite(compared.outcome)
    values, signal = compared.outcome[enters], compared.mask[enters]
    if signal.sum() in {0, len(signal)}:
        return float("nan")
    block = block_length(values, options.horizon)
    few = replace(options, draws=19)
    shuffled = signal[placebo_indices(len(values), block, few, series.symbol, "as a signal")[0]]
    pairs = BlockPairs.of(values, shuffled, block)
    orders = block_orders(len(pairs.sizes), options, series.symbol, series.timeframe)
    return GroupTest.of(pairs, orders).placebo.p_value
