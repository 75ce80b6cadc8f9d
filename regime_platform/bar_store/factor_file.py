"""price_factors.json of a symbol: by what its intraday bars are adjusted, every version kept.

The adjustments follow from the raw log; the file records which table was in force, since when and
on what evidence.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from fractions import Fraction
from typing import Any

from pydantic import TypeAdapter

from regime_platform.bar_store.documents import read_document
from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.recorded import recorded_of
from regime_platform.bar_store.session import read_once
from regime_platform.errors import BarsError
from regime_platform.files import write_json
from regime_platform.manifests.bar_manifest import PriceFactors, PriceStep
from regime_platform.model.document import Array, Document
from regime_platform.revisions.price_factors import Adjustment
from regime_platform.revisions.splits import ratio_text


class FactorTable(Document):
    """One version of the adjustments of a timeframe; empty where nothing is adjusted."""

    version: int  # from 1 on
    raw_logs: dict[str, str]  # timeframe -> digest of the raw log that they were derived from
    steps: Array[Adjustment]

    @property
    def effect(self) -> list[tuple[date, Fraction]]:
        """What the adjustments do, without their evidence."""
        return [(step.until, step.ratio) for step in self.steps]


#: Timeframe -> every version of its table, the one in force last.
FactorTables = dict[str, Array[FactorTable]]

_DOCUMENT = TypeAdapter(FactorTables)


def write_factors(
    paths: SymbolPaths, timeframe: str, steps: Sequence[Adjustment], logs: Mapping[str, str]
) -> None:
    """Puts ``steps`` in force as a new version where they differ; hold the lock.

    Args:
        paths: the symbol.
        timeframe: the timeframe that is adjusted.
        steps: the result of ``price_factors``; empty where nothing is adjusted.
        logs: timeframe -> digest of the raw log that they were derived from.
    """
    stored = read_factors(paths)
    versions = stored.get(timeframe, ())
    table = FactorTable(version=len(versions) + 1, raw_logs=dict(logs), steps=tuple(steps))
    if table.effect != (versions[-1].effect if versions else []):
        after = {**stored, timeframe: (*versions, table)}
        write_json(paths.price_factors, as_json(after))
        read_factors.written(paths, after)


@read_once("price_factors")
def read_factors(paths: SymbolPaths) -> FactorTables:
    """Timeframe -> every version of its table, the one in force last; empty where none was made.

    Raises:
        BarsError: the file is damaged; names it.
    """
    return read_document(paths.price_factors, _DOCUMENT, "price-factors-damaged") or {}


def recorded_factors(paths: SymbolPaths) -> FactorTables:
    """The same as the bar manifest recorded it."""
    return _DOCUMENT.validate_python(recorded_of(paths, "price_factors") or {})


def lost_factors(stored: FactorTables, recorded: FactorTables) -> list[str]:
    """Timeframe and version of the recorded tables that ``stored`` lacks or has otherwise."""
    return [
        f"{timeframe} version {table.version}"
        for timeframe, tables in recorded.items()
        for table in tables
        if table not in stored.get(timeframe, ())
    ]


def restore_factors(paths: SymbolPaths) -> None:
    """Writes the file again from the bar manifest's record and later versions; hold the lock."""
    try:
        stored = read_factors(paths)
    except BarsError:
        stored = {}
    recorded = recorded_factors(paths)
    whole: FactorTables = {}
    for timeframe in (*recorded, *(name for name in stored if name not in recorded)):
        both = (*stored.get(timeframe, ()), *recorded.get(timeframe, ()))
        by_version = {table.version: table for table in both}
        whole[timeframe] = tuple(by_version[number] for number in sorted(by_version))
    if whole:
        write_json(paths.price_factors, as_json(whole))
    else:
        paths.price_factors.unlink(missing_ok=True)


def factors_in_force(paths: SymbolPaths) -> dict[str, PriceFactors]:
    """Timeframe -> the table in force, as the bar manifest records it."""
    return {timeframe: _in_force(tables[-1]) for timeframe, tables in read_factors(paths).items()}


def _in_force(table: FactorTable) -> PriceFactors:
    steps = tuple(
        PriceStep(until=step.until.isoformat(), ratio=ratio_text(step.ratio))
        for step in table.steps
    )
    return PriceFactors(version=table.version, steps=steps)


def as_json(tables: FactorTables) -> dict[str, Any]:
    """The JSON document of all versions."""
    document: dict[str, Any] = _DOCUMENT.dump_python(tables, mode="json")
    return document
