"""The bars that all parts of the study share, and their draws."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from regime_platform.studies.effects import EffectColumns, Effects
from regime_platform.studies.inference.block_pairs import BlockPairs, group_test
from regime_platform.studies.inference.blocks import block_length
from regime_platform.studies.inference.bootstrap import block_draws
from regime_platform.studies.inference.placebo import placebo_indices
from regime_platform.studies.leakage.past import Past
from regime_platform.studies.options import StudyOptions
from regime_platform.studies.outcomes import ABS_MOVE, RETURN, Outcome, high_bars
from regime_platform.studies.result import Column, Unit
from regime_platform.studies.series import Bools, Floats, StudySeries

#: By how many bars the signal is delayed, or advanced.
SHIFTS = (-20, -5, -1, 0, 1, 5, 20)
STUDIED = (ABS_MOVE, RETURN)
_PLACEBOS = 99


@dataclass(frozen=True)
class Sample:
    """Bars with a rank that counts, of which the past and the outcomes are known.

    Effects of shifted signals are of those among them that have as many bars on either side: they
    are all of the same bars, and may be compared.
    """

    series: StudySeries
    options: StudyOptions
    enters: Bools  # of the series
    signal: Bools  # HIGH, of the bars that enter, as all below
    outcomes: Mapping[Outcome, Floats]
    past: Past
    is_inside: Bools  # outcomes of bars so much earlier and later are known too

    @classmethod
    def of(cls, series: StudySeries, options: StudyOptions) -> "Sample":
        """The sample of a series; empty where it is too short."""
        horizon = options.horizon
        high = high_bars(series, include_immature=options.include_immature)
        past = Past.of(series, horizon)
        outcomes = {each: each.of(series, horizon) for each in STUDIED}
        reach = max(horizon, *SHIFTS)
        at = np.arange(len(series))
        last = len(series) - horizon
        enters = high.usable & (at < last) & past.is_known
        is_inside = (at >= reach) & (at < last - reach)
        return cls(
            series,
            options,
            enters,
            high.mask[enters],
            {each: values[enters] for each, values in outcomes.items()},
            past.at(enters),
            is_inside[enters],
        )

    def shifted_columns(self, columns: Sequence[Floats]) -> EffectColumns:
        """Columns of values of the series, such as outcomes of later bars."""
        inside = self.is_inside[:, None]
        values = np.stack([each[self.enters] for each in columns], axis=1)
        return EffectColumns(np.where(inside, values, 0), np.broadcast_to(inside, values.shape))

    @property
    def is_comparable(self) -> bool:
        """Whether there are bars with HIGH and others, also of those with bars on either side."""
        inside = self.signal[self.is_inside]
        return 0 < int(inside.sum()) < len(inside)

    @property
    def names(self) -> tuple[str, str]:
        """What random numbers depend on."""
        return self.series.symbol, self.series.timeframe

    @cached_property
    def block(self) -> int:
        """Bars of a block of draws."""
        return block_length(self.outcomes[ABS_MOVE], self.options.horizon)

    @cached_property
    def weights(self) -> Floats:
        """How often each draw of the bootstrap has a block, (draws, blocks)."""
        blocks = -(-len(self.signal) // self.block)
        draws = block_draws(blocks, self.options, *self.names)
        return np.array([np.bincount(draw, minlength=blocks) for draw in draws], np.float64)

    def resampled(self, columns: EffectColumns) -> Effects:
        """Differences of HIGH to the rest in every draw."""
        return columns.resampled(self.signal, self.block, self.weights)

    @cached_property
    def placebos(self) -> Bools:
        """Shuffled signals, (draws, bars); no p-value depends on them, so a few will do."""
        few = replace(self.options, draws=min(self.options.draws, _PLACEBOS))
        return self.signal[placebo_indices(len(self.signal), self.block, few, *self.names)]

    def on_series(self, values: Floats) -> Floats:
        """Values of the bars that enter as values of the series, NaN elsewhere."""
        out = np.full(len(self.enters), np.nan)
        out[self.enters] = values
        return out

    def signal_on_series(self) -> Bools:
        """HIGH among the bars that enter, of the series."""
        out = np.zeros(len(self.enters), bool)
        out[self.enters] = self.signal
        return out

    @cached_property
    def reach(self) -> Mapping[Outcome, float]:
        """Standard errors that placebos of an outcome reach with the confidence of the options."""
        return {outcome: self._reach(values) for outcome, values in self.outcomes.items()}

    def _reach(self, values: Floats) -> float:
        pairs = BlockPairs.of(values, self.signal, self.block)
        reach = group_test(pairs, self.options, *self.names).reach
        reach = reach[np.isfinite(reach)]
        return float(np.quantile(reach, self.options.confidence)) if len(reach) else float("nan")

    def interval(self, effect: float, draws: Floats, outcome: Outcome) -> tuple[float, float]:
        """The interval of an effect from its draws, as that of other comparisons is made."""
        usable = draws[np.isfinite(draws)]
        if not np.isfinite(effect) or len(usable) < len(draws) / 2:
            return float("nan"), float("nan")
        margin = float(usable.std()) * self.reach[outcome]
        return effect - margin, effect + margin

    def intervals_by_outcome(
        self, columns: EffectColumns, titles: Sequence[str]
    ) -> list[dict[str, str | float]]:
        """Rows for `interval_columns`; ``columns`` has those of all titles for each outcome."""
        rows: list[dict[str, str | float]] = [{"title": title} for title in titles]
        observed = columns.observed(self.signal).effect.reshape(len(STUDIED), -1)
        draws = self.resampled(columns).effect
        draws = draws.reshape(len(draws), len(STUDIED), -1)
        placebos = np.abs(columns.placebos(self.placebos).effect)
        as_far = np.mean(~(placebos < np.abs(observed.ravel())), axis=0).reshape(observed.shape)
        for at, outcome in enumerate(STUDIED):
            parts = zip(rows, observed[at], draws[:, at].T, as_far[at], strict=True)
            for row, effect, drawn, share in parts:
                low, high = self.interval(float(effect), drawn, outcome)
                row[outcome.key] = float(effect)
                row[f"{outcome.key}_low"], row[f"{outcome.key}_high"] = low, high
                row[f"{outcome.key}_placebos"] = float(share if np.isfinite(effect) else np.nan)
        return rows


def interval_columns(title: str) -> tuple[Column, ...]:
    """A title, effect and interval of each of `STUDIED`, and the placebos at least as far."""
    columns = [Column("title", title, Unit.TEXT)]
    for each in STUDIED:
        columns += [
            Column(each.key, each.short, Unit.POINTS),
            Column(f"{each.key}_low", "From", Unit.POINTS),
            Column(f"{each.key}_high", "To", Unit.POINTS),
        ]
    columns += [
        Column(f"{each.key}_placebos", f"Placebos ({each.short})", Unit.PERCENT) for each in STUDIED
    ]
    return tuple(columns)
