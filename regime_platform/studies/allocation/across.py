"""What symbols say together: an equally weighted portfolio, and their spread around it."""

from collections.abc import Iterator, Sequence

import numpy as np

from regime_platform.studies.allocation.exposure import RULES, ExposureRule
from regime_platform.studies.allocation.paths import Pair
from regime_platform.studies.allocation.portfolio import LaidBlocks, Portfolio
from regime_platform.studies.allocation.tables import (
    COURSE,
    MEASURES,
    Row,
    curves,
    named_paths,
    path_row,
)
from regime_platform.studies.allocation.timing import (
    AIMS,
    Aim,
    Draws,
    Trial,
    path_block,
    path_bootstrap,
    reduced_windows,
    timing,
)
from regime_platform.studies.inference.correction import adjusted_p_values, corrected
from regime_platform.studies.inference.placebo import block_orders
from regime_platform.studies.options import StudyOptions
from regime_platform.studies.result import Column, Conclusion, StudyTable, SymbolStudy, Unit
from regime_platform.studies.tables import table_of


def pooled(
    studies: Sequence[SymbolStudy], options: StudyOptions
) -> tuple[tuple[StudyTable, ...], tuple[Conclusion, ...]]:
    """The answer across symbols, see `catalog.Study`; with a split, after it."""
    portfolio = Portfolio.of(studies, options)
    spread = tuple(_spread_tables(studies, options))
    if portfolio is None:
        return spread, ()
    compared = [_pair(portfolio, rule, options.cost_bps) for rule in RULES]
    conclusions = [each for pair in compared for each in _conclusions(portfolio, pair, options)]
    return (*_portfolio_tables(portfolio, compared, options), *spread), corrected(conclusions)


def _pair(portfolio: Portfolio, rule: ExposureRule, cost_bps: float) -> Pair:
    ruled = portfolio.ruled(rule, cost_bps)
    return Pair(rule, ruled, portfolio.constant(float(ruled.exposure.mean()), cost_bps))


def _portfolio_tables(
    portfolio: Portfolio, compared: Sequence[Pair], options: StudyOptions
) -> Iterator[StudyTable]:
    cost, hold = options.cost_bps, portfolio.hold(options.cost_bps)
    drawn = path_bootstrap(hold.returns, options, "portfolio")
    named = tuple(named_paths(hold, compared))
    rows = [path_row(name, path, portfolio.clock, drawn, options) for name, path in named]
    part = " out of sample" if options.split else ""
    note = (
        f"{len(portfolio.members):,} symbols in equal weights, restored at every bar at no cost; "
        f"the trades of each symbol cost {cost:g} bp. A study of the past, no promise."
    )
    yield table_of("portfolio", f"Portfolio of all symbols{part}", MEASURES, rows, note)
    yield table_of("portfolio_course", "Course of the portfolio", COURSE, rows)
    yield curves("portfolio_curves", portfolio.clock, named)


def _conclusions(portfolio: Portfolio, pair: Pair, options: StudyOptions) -> tuple[Conclusion, ...]:
    blocks = max(len(pair.path.returns) // path_block(pair.path.returns, options), 1)
    laid = LaidBlocks.of(portfolio, pair.rule, pair.path, blocks)
    tried = Trial(
        pair.rule.key,
        f"exposure {pair.rule.title} of {len(portfolio.members):,} symbols",
        pair.path.returns,
        pair.constant.returns,
        portfolio.clock.steps_per_year,
        reduced_windows(pair.path.exposure, options),
        laid.returns,
    )
    draws = Draws(
        path_bootstrap(tried.ruled, options, "portfolio"),
        block_orders(blocks, options, "portfolio"),
    )
    return timing(tried, draws, options, "out of sample" if options.split else "")


def _spread_tables(studies: Sequence[SymbolStudy], options: StudyOptions) -> Iterator[StudyTable]:
    for unit, title in ((Unit.RATIO, "Sharpe ratio"), (Unit.POINTS, "Drawdown and ulcer index")):
        rows = [
            _spread(rule, aim, studies, options)
            for rule in RULES
            for aim in AIMS
            if aim.unit is unit
        ]
        columns = (
            Column("compared", "less constant", Unit.TEXT),
            Column("symbols", "symbols", Unit.COUNT),
            *(Column(*each, unit) for each in (("low", "5 %"), ("median", "median"))),
            Column("high", "95 %", unit),
            Column("better", "better", Unit.PERCENT),
            Column("significant", "p alone", Unit.COUNT),
            Column("better_corrected", "better, corrected", Unit.COUNT),
            Column("worse_corrected", "worse, corrected", Unit.COUNT),
        )
        note = (
            f"Symbols with p up to {options.alpha:g}, alone and corrected over symbols (Benjamini "
            f"and Yekutieli); of nothing, {options.alpha:.0%} have that alone. {options.draws:,} "
            f"placebos show no p below {1 / (1 + options.draws):.4f}: corrected over many symbols, "
            "a few that stand out are not shown."
        ).replace("%", " %")
        yield table_of(f"spread_{unit.value}", f"{title}: the symbols", columns, rows, note)


def _spread(
    rule: ExposureRule, aim: Aim, studies: Sequence[SymbolStudy], options: StudyOptions
) -> Row:
    """Over the symbols that were tested; nulls where none was."""
    key, name = f"{rule.key}_{aim.key}", f"{rule.title}, {aim.key}"
    conclusions = [
        each
        for study in studies
        for each in study.conclusions
        if each.key.startswith(key) and not each.is_too_few and np.isfinite(each.effect)
    ]
    if not conclusions:
        nothing = ("low", "median", "high", "better", "significant")
        corrections = ("better_corrected", "worse_corrected")
        return {"compared": name, "symbols": 0, **dict.fromkeys((*nothing, *corrections))}
    effects = np.array([each.effect for each in conclusions])
    p_values = np.array([each.p_value for each in conclusions])
    is_shown = np.array(adjusted_p_values(p_values.tolist())) <= options.alpha
    is_better = effects * aim.better > 0
    low, median, high = np.quantile(effects, (0.05, 0.5, 0.95))
    return {
        "compared": name,
        "symbols": len(effects),
        "low": low,
        "median": median,
        "high": high,
        "better": float(is_better.mean()),
        "significant": int((p_values <= options.alpha).sum()),
        "better_corrected": int((is_shown & is_better).sum()),
        "worse_corrected": int((is_shown & ~is_better).sum()),
    }
