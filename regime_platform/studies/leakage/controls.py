"""What HIGH says beyond a bar's own past volatility and return.

Volatility lasts: after lively bars moves are larger whatever a signal says. So HIGH is set against
other bars of like volatility and like return, in two ways: within thirds of both, and by a
regression on them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import statsmodels.api as sm
from scipy import stats
from scipy.linalg import orth

from regime_platform.studies.effects import EffectColumns, Effects
from regime_platform.studies.forward_returns.separate import is_testable, separate_values
from regime_platform.studies.inference.comparison import Claim, compare_groups, not_computed
from regime_platform.studies.inference.correction import corrected
from regime_platform.studies.leakage.past import PARTS, thirds
from regime_platform.studies.leakage.sample import Sample
from regime_platform.studies.options import StudyOptions
from regime_platform.studies.outcomes import Outcome
from regime_platform.studies.result import Column, Conclusion, StudyTable, Unit
from regime_platform.studies.series import Floats, Ints
from regime_platform.studies.tables import table_of

_NONE = float("nan")
#: Columns with a smaller part of their own repeat others.
_REPEATED = 1e-9
_NOTE = (
    "The difference of HIGH to the rest, as it is and beyond what the past of a bar explains. "
    "Thirds: among bars of the same third, weighted by their HIGH bars. Regression: with errors "
    "robust to overlap (HAC). p and interval: of the placebo on what the past leaves unexplained, "
    "or their own where these are larger; of windows that do not overlap Welch's. p is corrected "
    "over the rows. Left: of the effect as it is, where that is significant."
)


@dataclass(frozen=True)
class Control:
    """The effect of HIGH under a control."""

    title: str
    result: Conclusion


def controls(sample: Sample, outcome: Outcome, plain: Conclusion) -> tuple[Control, ...]:
    """The controls of an outcome, the strictest last; ``plain`` is the effect as it is."""
    controlled = _Controlled(sample, outcome, plain)
    past = sample.past
    volatility, returns = thirds(past.volatility), thirds(past.returns)
    return (
        Control("as it is", plain),
        Control("windows that do not overlap", controlled.apart()),
        Control("thirds of past volatility", controlled.within(volatility)),
        Control("thirds of past return", controlled.within(returns)),
        Control("thirds of both", controlled.within(PARTS * volatility + returns)),
        Control("regression on past volatility", controlled.beside(past.of_volatility)),
        Control("regression on both", controlled.beside(past.of_both)),
    )


def controls_table(outcome: Outcome, rows: Sequence[Control], *, is_detail: bool) -> StudyTable:
    """A row per control."""
    results = corrected([each.result for each in rows])
    plain = results[0]
    shown = [
        {
            "control": each.title,
            "effect": result.effect,
            "low": result.low,
            "high": result.high,
            "p_adjusted": result.p_adjusted,
            "placebo_mean": result.placebo_mean,
            "left": result.effect / plain.effect if plain.is_significant else _NONE,
        }
        for each, result in zip(rows, results, strict=True)
    ]
    columns = (
        Column("control", "Among, or beside", Unit.TEXT),
        Column("effect", "vs the rest", Unit.POINTS),
        Column("low", "From", Unit.POINTS),
        Column("high", "To", Unit.POINTS),
        Column("p_adjusted", "p", Unit.P_VALUE),
        Column("placebo_mean", "Placebos", Unit.POINTS),
        Column("left", "Left", Unit.PERCENT),
    )
    title = f"{outcome.title[0].upper()}{outcome.title[1:]} after HIGH, controlled"
    key = f"controls_{outcome.key}"
    return table_of(key, title, columns, shown, _NOTE, is_detail=is_detail)


def beyond_claim(outcome: Outcome, options: StudyOptions) -> Claim:
    """What the strictest control tests, in words."""
    return Claim(
        f"beyond_{outcome.key}",
        f"after HIGH the {outcome.title} within {options.span} is {{direction}} than past "
        "volatility and past return alone let expect",
        Unit.POINTS,
        outcome.directions,
    )


def unexplained(sample: Sample, outcome: Outcome) -> Floats:
    """What the past of the bars that enter does not explain of an outcome."""
    return _residuals(sample.outcomes[outcome], sample.past.of_both)


@dataclass(frozen=True)
class _Controlled:
    sample: Sample
    outcome: Outcome
    plain: Conclusion

    @property
    def values(self) -> Floats:
        return self.sample.outcomes[self.outcome]

    @property
    def _nothing(self) -> Conclusion:
        options = self.sample.options
        return not_computed(beyond_claim(self.outcome, options), self.plain.windows, options)

    def apart(self) -> Conclusion:
        """On windows that do not overlap, by Welch's test."""
        options, signal = self.sample.options, self.sample.signal
        inside, outside = separate_values(
            self.values, signal, np.ones_like(signal), options.horizon
        )
        if not is_testable(inside, outside):
            return self._nothing
        test = stats.ttest_ind(inside, outside, equal_var=False)
        low, high = map(float, test.confidence_interval(options.confidence))
        effect = float(inside.mean() - outside.mean())
        return replace(self._nothing, effect=effect, low=low, high=high, p_value=float(test.pvalue))

    def within(self, cells: Ints) -> Conclusion:
        """Among bars of the same cell."""
        names = np.unique(cells)
        enters = cells[:, None] == names
        columns = EffectColumns(np.repeat(self.values[:, None], len(names), axis=1), enters)
        effect = float(weighted(columns.observed(self.sample.signal)))
        draws = weighted(self.sample.resampled(columns))
        low, high = self.sample.interval(effect, draws, self.outcome)
        dummies = enters[:, 1:].astype(np.float64)
        if self._left_of_signal(dummies) < _REPEATED:
            return self._nothing
        return self._concluded(effect, (high - low) / 2, dummies)

    def beside(self, past: Floats) -> Conclusion:
        """Beside columns of the past, in a regression.

        The lags of the errors: 1.3 times the root of the bars, and no fewer than twice the
        horizon, by which windows overlap. Source: Lazarus, Lewis, Stock and Watson (2018).
        """
        options = self.sample.options
        columns = np.column_stack([self.sample.signal, _basis(past)])
        lags = max(2 * options.horizon, round(1.3 * np.sqrt(len(past))))
        if self._left_of_signal(past) < _REPEATED:
            return self._nothing
        fit = sm.OLS(self.values, columns).fit(
            cov_type="HAC", cov_kwds={"maxlags": lags, "use_correction": True}, use_t=True
        )
        with np.errstate(invalid="ignore"):  # no error is left where all is explained
            low, high = fit.conf_int(options.alpha)[0]
            p_value = float(fit.pvalues[0])
        result = self._concluded(float(fit.params[0]), float(high - low) / 2, past)
        return replace(result, p_value=float(np.maximum(p_value, result.p_value)))

    def _concluded(self, effect: float, margin: float, past: Floats) -> Conclusion:
        """An effect beside the past, with the placebo test of what that leaves unexplained.

        The interval is the wider of its own and that of the test, which is of a smaller effect
        where the past explains a part of the signal too.
        """
        sample = self.sample
        test = compare_groups(
            sample.on_series(_residuals(self.values, past)),
            sample.signal_on_series(),
            beyond_claim(self.outcome, sample.options),
            sample.options,
            *sample.names,
        )
        margin = max(margin, (test.high - test.effect) / self._left_of_signal(past))
        return replace(test, effect=effect, low=effect - margin, high=effect + margin)

    def _left_of_signal(self, past: Floats) -> float:
        """The share of the signal that the past does not explain."""
        signal = self.sample.signal.astype(np.float64)
        return float(_residuals(signal, past).var() / signal.var())


def weighted(cells: Effects) -> Floats:
    """The mean of effects in cells by the bars with the signal, where both sides have a bar."""
    known = np.isfinite(cells.effect)
    bars = np.where(known, cells.bars, 0)
    with np.errstate(invalid="ignore"):
        mean: Floats = np.sum(np.where(known, cells.effect, 0) * bars, axis=-1) / bars.sum(axis=-1)
    return mean


def _basis(past: Floats) -> Floats:
    """Orthogonal columns of unit size that span a constant and the past: some of it may repeat."""
    scale = past.std(axis=0)
    columns = past[:, scale > 0] / scale[scale > 0]
    basis: Floats = orth(np.column_stack([np.ones(len(past)), columns]), rcond=_REPEATED)
    unit: Floats = basis * np.sqrt(len(past))
    return unit


def _residuals(values: Floats, past: Floats) -> Floats:
    """What a regression on a constant and the past leaves."""
    basis = _basis(past)
    explained: Floats = basis @ (basis.T @ values) / len(values)
    return values - explained
