"""A series prepared for studies of events: which bars count, and what they are compared by."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from regime_platform.studies.across import Compared
from regime_platform.studies.events.event_marks import EVENT_KINDS, Events
from regime_platform.studies.events.signals import SIGNALS, trailing_counts
from regime_platform.studies.inference.comparison import Claim, compare_groups
from regime_platform.studies.inference.windows import independent_windows
from regime_platform.studies.options import StudyOptions
from regime_platform.studies.result import Conclusion, StudyTable, SymbolStudy
from regime_platform.studies.series import Bools, Floats, StudySeries
from regime_platform.studies.symbol_study import symbol_study

_NOTE = (
    "Wide bars are counted in average ranges, which are large after HIGH: that fewer follow HIGH, "
    "or that HIGH is on for fewer bars before them, is no sign of calm; only more is tested. The "
    "peaks of falls are known in hindsight: what came before them is shown, and not tested."
)


@dataclass(frozen=True)
class Sample:
    """A series, its events, and the bars on which signals are tested.

    They are the same for all signals, which so have one base rate: bars with a rank that counts,
    as the ``horizon - 1`` bars before them, and of which it is known whether an event followed.
    """

    series: StudySeries
    options: StudyOptions
    events: Mapping[str, Events]  # by kind
    usable: Bools

    @classmethod
    def of(cls, series: StudySeries, options: StudyOptions) -> "Sample":
        """The sample of all bars of a series."""
        events = {kind: mark(series, options.horizon) for kind, mark in EVENT_KINDS.items()}
        ranked = series.is_ranked(include_immature=options.include_immature)
        usable = trailing_counts(ranked, options.horizon) == options.horizon
        for kind in events.values():
            usable = usable & ~np.isnan(kind.follows)
        return cls(series, options, events, usable)

    @cached_property
    def masks(self) -> Mapping[str, Bools]:
        """Where each signal is on, by its key."""
        return {key: signal.mask(self.series) for key, signal in SIGNALS.items()}

    @property
    def ranked(self) -> Bools:
        """The bars with a rank that counts."""
        return self.series.is_ranked(include_immature=self.options.include_immature)

    def has_past(self, bars: int) -> Bools:
        """Where the last ``bars`` bars, with the bar itself, all have a rank that counts."""
        has_past: Bools = trailing_counts(self.ranked, bars) == bars
        return has_past

    def ask(self, question: "Question") -> Conclusion:
        """The answer of this series."""
        names = (self.series.symbol, self.series.timeframe)
        compared = (question.outcome, question.mask, question.claim, self.options, *names)
        answer = compare_groups(*compared, usable=question.usable)
        if question.events is None:
            return answer
        events = independent_windows(question.events & question.usable, self.options.horizon)
        return replace(answer, windows=min(answer.windows, events))

    def study(
        self,
        name: str,
        tables: Sequence[StudyTable],
        conclusions: Sequence[Conclusion],
        pooled: Iterable["Question"],
        sums: Mapping[str, npt.NDArray[Any]],
    ) -> SymbolStudy:
        """The answer of a study; ``pooled`` are the questions that are also asked of all symbols.

        ``sums`` is what the tables across symbols need beside.
        """
        study = symbol_study(
            name,
            self.series,
            self.options,
            tables=tables,
            conclusions=conclusions,
            compared=[each.compared for each in pooled],
            notes=(_NOTE,),
        )
        return replace(study, sums={**study.sums, **sums})


@dataclass(frozen=True)
class Question:
    """A comparison to make: the outcome of the bars in a mask, and of all others."""

    claim: Claim
    outcome: Floats
    mask: Bools
    usable: Bools
    #: Bars that an event follows, where few of them leave as little to say as few in the mask.
    events: Bools | None = None

    def groups(self) -> tuple[Floats, Floats]:
        """The outcome of the usable bars in the mask, and of all usable ones."""
        return self.outcome[self.mask & self.usable], self.outcome[self.usable]

    @property
    def compared(self) -> Compared:
        """The same for the view across symbols."""
        return Compared(self.claim.key, self.outcome, self.mask, self.usable)
