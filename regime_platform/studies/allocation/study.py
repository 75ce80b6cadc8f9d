"""The study: does less exposure when the signal is high help more than less exposure alone?"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from regime_platform.studies.allocation.across import pooled
from regime_platform.studies.allocation.exposure import RULES
from regime_platform.studies.allocation.paths import Steps, pairs
from regime_platform.studies.allocation.portfolio import Sums, path_sums
from regime_platform.studies.allocation.tables import tables
from regime_platform.studies.allocation.timing import step_draws, timing, trial
from regime_platform.studies.inference.correction import corrected
from regime_platform.studies.inference.folds import folds_by_split
from regime_platform.studies.options import StudyOptions
from regime_platform.studies.result import Conclusion, StudyTable, SymbolStudy
from regime_platform.studies.series import Bools, StudySeries
from regime_platform.studies.symbol_study import open_at

__all__ = ["of", "pooled"]


def of(
    series: StudySeries, others: Mapping[str, StudySeries], options: StudyOptions
) -> SymbolStudy:
    """The study of one symbol, from its first rank that counts; see `catalog.Study`.

    With a split the conclusions are about what came after it; tables show both parts.
    """
    del others  # one timeframe decides
    ranked = series.is_ranked(include_immature=options.include_immature)
    start = int(ranked.argmax())
    path = series.part(start, None)
    has_path = bool(ranked.any()) and len(path) > options.horizon + 1
    immature = series.is_immature & ~ranked
    body = _body(path, options) if has_path else _Body()
    return SymbolStudy(
        study="allocation",
        symbol=series.symbol,
        timeframe=series.timeframe,
        first=open_at(series, start if has_path else 0),
        last=open_at(series, -1),
        bars=len(path) if has_path else 0,
        left_out=int(immature.sum()),
        tables=body.tables,
        conclusions=body.conclusions,
        sums=body.sums,
        notes=(*_notes(start, immature, has_path=has_path), *body.notes),
    )


@dataclass(frozen=True)
class _Body:
    tables: tuple[StudyTable, ...] = ()
    conclusions: tuple[Conclusion, ...] = ()
    sums: Sums = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def _body(path: StudySeries, options: StudyOptions) -> _Body:
    names = (path.symbol, path.timeframe)
    steps = Steps.of(path, RULES, options)
    draws = step_draws(steps, options, *names)
    shown = tuple(tables(path, steps, draws.bootstrap, options))
    sums, part = path_sums(path, steps), ""
    if options.split is not None:
        _before, after = folds_by_split(path, options.split, 1)
        mask, part = after.mask[:-1], after.name
        if mask.sum() <= options.horizon:
            return _Body(shown, (), sums, ("Too few bars follow the split to conclude anything.",))
        steps = steps.within(mask)
        draws = step_draws(steps, options, *names)
    conclusions = [
        conclusion
        for pair in pairs(steps, options.cost_bps)
        for conclusion in timing(trial(steps, pair, options), draws, options, part)
    ]
    return _Body(shown, corrected(conclusions), sums)


def _notes(start: int, immature: Bools, *, has_path: bool) -> Iterator[str]:
    if not has_path:
        yield "Nothing to compare: too few bars follow the first rank that counts."
        return
    yield f"Exposure of wealth {RULES[0].title}: {RULES[0].words}."
    yield f"Exposure of wealth {RULES[1].title}: {RULES[1].words}."
    yield (
        "Being out after falls changes drawdown and ulcer index also where nothing is foreseen: "
        "only the Sharpe ratio shows foresight."
    )
    yield f"It begins at the first rank that counts; {start:,} bars before it are left out."
    if after := int(immature[start:].sum()):
        yield f"{after:,} bars after that have an immature rank: as without one, full exposure."
    if before := int(immature[:start].sum()):
        yield f"With immature ranks included it would begin {before:,} ranks earlier."
