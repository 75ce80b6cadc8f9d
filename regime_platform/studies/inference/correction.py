"""Corrections for testing much at once: of a hundred tests of nothing, five seem significant."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from statsmodels.stats.multitest import multipletests

from regime_platform.studies.result import Conclusion


def corrected(conclusions: Sequence[Conclusion]) -> tuple[Conclusion, ...]:
    """The same conclusions with ``p_adjusted``, as all that were tested together.

    By Benjamini and Yekutieli (2001), which holds under any dependence: symbols fall together, and
    the rows of a table share their bars. Conclusions without a p-value, or on too few windows, were
    not tested and keep None.
    """
    at = [k for k, each in enumerate(conclusions) if _is_tested(each)]
    out = list(conclusions)
    if at:
        adjusted = adjusted_p_values([conclusions[k].p_value for k in at])
        for k, p in zip(at, adjusted, strict=True):
            out[k] = replace(out[k], p_adjusted=p)
    return tuple(out)


def adjusted_p_values(p_values: Sequence[float]) -> list[float]:
    """p-values by Benjamini and Yekutieli, in the same order."""
    return [float(p) for p in multipletests(np.array(p_values), method="fdr_by")[1]]


def _is_tested(conclusion: Conclusion) -> bool:
    return not conclusion.is_too_few and bool(np.isfinite(conclusion.p_value))
