"""The study `leakage`: does the effect of HIGH stand up to delay, controls and missing crises?"""

from collections.abc import Mapping, Sequence

import numpy as np

from regime_platform.studies.across import Compared, pooled_view
from regime_platform.studies.forward_returns.groups_table import group_claim
from regime_platform.studies.inference.comparison import compare_groups, not_computed
from regime_platform.studies.inference.correction import corrected
from regime_platform.studies.leakage.controls import (
    beyond_claim,
    controls,
    controls_table,
    unexplained,
)
from regime_platform.studies.leakage.crises import CRISES_CLAIM, crises, crises_tables, parts_table
from regime_platform.studies.leakage.edges import LOOK_AHEAD, edge_conclusion, edges, edges_table
from regime_platform.studies.leakage.sample import STUDIED, Sample
from regime_platform.studies.leakage.shifts import shifts_table
from regime_platform.studies.options import StudyOptions
from regime_platform.studies.outcomes import ABS_MOVE, Outcome
from regime_platform.studies.result import Conclusion, StudyTable, SymbolStudy
from regime_platform.studies.series import StudySeries
from regime_platform.studies.symbol_study import symbol_study

#: A sample of fewer horizons is not studied.
_FEWEST_HORIZONS = 10
_TOO_SHORT = (
    "No tables: fewer than {bars:,} bars have a rank that counts and all that the study needs "
    "before and after them, or none of these is HIGH."
)


def of(
    series: StudySeries,
    others: Mapping[str, StudySeries],  # noqa: ARG001 - see `Study`
    options: StudyOptions,
) -> SymbolStudy:
    """The study of one symbol."""
    sample = Sample.of(series, options)
    if not sample.is_comparable or sample.is_inside.sum() < _FEWEST_HORIZONS * options.horizon:
        return _too_short(series, options)
    plain = {each: _plain(sample, each) for each in STUDIED}
    controlled = {each: controls(sample, each, plain[each]) for each in STUDIED}
    signs = edges(sample)
    largest = crises(sample)
    without, calm = crises_tables(sample, largest, plain[ABS_MOVE])
    tested = corrected([*plain.values(), *(each[-1].result for each in controlled.values()), calm])
    windows = plain[ABS_MOVE].windows
    return symbol_study(
        "leakage",
        series,
        options,
        tables=(
            *(
                controls_table(each, rows, is_detail=each is not ABS_MOVE)
                for each, rows in controlled.items()
            ),
            shifts_table(sample),
            edges_table(signs),
            *without,
            parts_table(sample),
        ),
        # a warning is not weakened by what else is tested
        conclusions=(*tested, edge_conclusion(signs, windows, options)),
        compared=_compared(sample, plain),
    )


def pooled(
    studies: Sequence[SymbolStudy], options: StudyOptions
) -> tuple[tuple[StudyTable, ...], tuple[Conclusion, ...]]:
    """What symbols show together."""
    claims = [group_claim(each, "HIGH", "HIGH", options) for each in STUDIED]
    claims.append(beyond_claim(ABS_MOVE, options))
    titles = {
        **{
            group_claim(each, "HIGH", "HIGH", options).key: f"{each.short} after HIGH"
            for each in STUDIED
        },
        **{beyond_claim(each, options).key: f"{each.short} beyond the past" for each in STUDIED},
        CRISES_CLAIM.key: "Move without crises",
        LOOK_AHEAD.key: "Signs of a look-ahead",
    }
    table, conclusions = pooled_view(studies, claims, options, titles)
    return (table,), conclusions


def _plain(sample: Sample, outcome: Outcome) -> Conclusion:
    return compare_groups(
        sample.on_series(sample.outcomes[outcome]),
        sample.signal_on_series(),
        group_claim(outcome, "HIGH", "HIGH", sample.options),
        sample.options,
        *sample.names,
    )


def _compared(sample: Sample, plain: Mapping[Outcome, Conclusion]) -> list[Compared]:
    columns = {plain[each].key: sample.outcomes[each] for each in STUDIED}
    columns[beyond_claim(ABS_MOVE, sample.options).key] = unexplained(sample, ABS_MOVE)
    signal = sample.signal_on_series()
    return [
        Compared(key, sample.on_series(values), signal, sample.enters)
        for key, values in columns.items()
    ]


def _too_short(series: StudySeries, options: StudyOptions) -> SymbolStudy:
    claims = [group_claim(each, "HIGH", "HIGH", options) for each in STUDIED]
    claims += [beyond_claim(each, options) for each in STUDIED]
    claims += [CRISES_CLAIM, LOOK_AHEAD]
    none = np.full(len(series), np.nan)
    nothing = np.zeros(len(series), bool)
    return symbol_study(
        "leakage",
        series,
        options,
        tables=(),
        conclusions=[not_computed(each, 0, options) for each in claims],
        compared=[Compared(each.key, none, nothing, nothing) for each in claims],
        notes=(_TOO_SHORT.format(bars=_FEWEST_HORIZONS * options.horizon),),
    )
