"""price_factors.json of a symbol: by what its intraday bars are adjusted, every version kept.

Whatever stands here follows from the raw log; the file keeps which table was in force, when it
changed and on what evidence.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.recorded import recorded_of
from regime_platform.errors import BarsError, RegimeError
from regime_platform.files import read_json, write_json
from regime_platform.revisions.price_factors import Adjustment


def write_factors(
    paths: SymbolPaths, timeframe: str, steps: Sequence[Adjustment], logs: Mapping[str, str]
) -> None:
    """Puts ``steps`` in force as a new version where they differ; hold the lock.

    Args:
        paths: the symbol.
        timeframe: the timeframe that is adjusted.
        steps: what ``price_factors`` found; none means that nothing is adjusted.
        logs: timeframe -> digest of the raw log they were found in.
    """
    held = read_factors(paths)
    versions = held.get(timeframe, [])
    steps_now = [step.facts() for step in steps]
    in_force = versions[-1]["steps"] if versions else []
    if [_adjustment(one) for one in in_force] == [_adjustment(one) for one in steps_now]:
        return
    added = {"version": len(versions) + 1, "raw_logs": dict(logs), "steps": steps_now}
    write_json(paths.price_factors, {**held, timeframe: [*versions, added]})


def read_factors(paths: SymbolPaths) -> dict[str, list[dict[str, Any]]]:
    """Timeframe -> every version of its table, the one in force last; empty where none was made.

    Raises:
        BarsError: the file is damaged; names it.
    """
    try:
        facts = read_json(paths.price_factors)
        for versions in ({} if facts is None else facts).values():
            _ = [_adjustment(step) for version in versions for step in version["steps"]]
            _ = [version["version"] for version in versions]
    except (AttributeError, KeyError, TypeError, RegimeError) as error:
        told = f"{paths.price_factors} is no table of factors ({error})"
        raise BarsError(
            f"{told}; `regime repair {paths.symbol}` writes it anew", code="price-factors-damaged"
        ) from error
    return dict(facts or {})


def recorded_factors(paths: SymbolPaths) -> dict[str, list[dict[str, Any]]]:
    """The same as the bar manifest recorded it."""
    return dict(recorded_of(paths, "price_factors") or {})


def lost_factors(
    stored: Mapping[str, Sequence[Any]], recorded: Mapping[str, Sequence[Any]]
) -> list[str]:
    """Timeframe and version of those recorded that ``stored`` does not have, or has otherwise."""
    return [
        f"{timeframe} version {table['version']}"
        for timeframe, versions in recorded.items()
        for table in versions
        if table not in stored.get(timeframe, ())
    ]


def restore_factors(paths: SymbolPaths) -> None:
    """Writes the file anew from what was recorded and what it has beside that; hold the lock."""
    try:
        stored = read_factors(paths)
    except BarsError:
        stored = {}
    recorded = recorded_factors(paths)
    whole = {}
    for timeframe in (*recorded, *(name for name in stored if name not in recorded)):
        both = (*stored.get(timeframe, ()), *recorded.get(timeframe, ()))
        by_version = {table["version"]: table for table in both}
        whole[timeframe] = [by_version[number] for number in sorted(by_version)]
    if whole:
        write_json(paths.price_factors, whole)
    else:
        paths.price_factors.unlink(missing_ok=True)


def factors_in_force(paths: SymbolPaths) -> dict[str, dict[str, Any]]:
    """Timeframe -> version and steps of the table in force, for the bar manifest."""
    return {
        timeframe: {
            "version": versions[-1]["version"],
            "steps": [_adjustment(step) for step in versions[-1]["steps"]],
        }
        for timeframe, versions in read_factors(paths).items()
    }


def _adjustment(step: Mapping[str, Any]) -> dict[str, Any]:
    """What a step does, without its evidence."""
    return {"until": step["until"], "ratio": step["ratio"]}
