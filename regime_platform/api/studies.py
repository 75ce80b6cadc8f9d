"""Questions to a store about what followed its signal."""

from regime_platform.api.arguments import text_of
from regime_platform.api.opened_root import OpenedRoot
from regime_platform.api.series import Symbols, symbols_of
from regime_platform.api.study import StudyAnswer
from regime_platform.model.moments import When, optional_moment
from regime_platform.query.study.run import run_study
from regime_platform.studies.options import StudyOptions


class Studies(OpenedRoot):
    """The questions to a store that look at what followed."""

    def study(  # noqa: PLR0913 - the parts of one question
        self,
        name: str,
        symbols: Symbols | None = None,
        timeframe: str = "1day",
        *,
        split: When | None = None,
        horizon: int = 20,
        include_immature: bool = False,
        cost_bps: float = 5.0,
        confidence: float = 0.95,
        draws: int = 499,
        seed: int = 2022,
    ) -> StudyAnswer:
        """Whether the signal warned of anything: what followed it, and what chance would give.

        ``.conclusions`` has a row per effect with interval, p-values, placebo and independent
        windows, ``.tables["..."]`` the tables by key; a notebook shows the page, and
        ``.save("study.html")`` writes it. The same options give the same numbers. All figures
        describe the past. Needs the extra ``studies``.

        Args:
            name: forward-returns, events, lead-time, transitions, leakage or allocation.
            symbols: one or several; default: all, which takes minutes for a large universe.
            timeframe: of the bars.
            split: the first moment out of sample; before and after are shown apart.
            horizon: how many bars after a bar are looked at.
            include_immature: counts ranks on too few bars, too.
            cost_bps: of turnover, in hundredths of a percent; for ``allocation``.
            confidence: of intervals; p-values up to 1 less it are significant.
            draws: of the bootstrap, and shuffled signals.
            seed: of the random numbers.

        Raises:
            UsageError: an argument is not understood, or the split is outside the bars.
            ResultsError: no symbol has an answer.
            ConfigError: the extra ``studies`` is not installed.

        Example:
            ``rp.study("forward-returns", "IBM", split="2010-01-01").conclusions``
        """
        options = StudyOptions(
            horizon=horizon,
            split=optional_moment(split, "split"),
            include_immature=include_immature,
            draws=draws,
            seed=seed,
            cost_bps=cost_bps,
            confidence=confidence,
        )
        names = None if symbols is None else symbols_of(self._universe(), symbols)
        study, bars = text_of(name, "name", "events"), text_of(timeframe, "timeframe", "1day")
        report = run_study(study, names, bars, options, where=self.settings)
        return StudyAnswer(report, self.settings)
