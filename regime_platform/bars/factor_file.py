"""price_factors.json of a symbol: by what its intraday bars are adjusted, every version kept.

Whatever stands here follows from the raw log; the file keeps which table was in force, when it
changed and on what evidence.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from regime_platform.bars.layout import SymbolPaths
from regime_platform.bars.price_factors import Step
from regime_platform.errors import BarsError
from regime_platform.files import read_json, write_json


def keep_factors(
    paths: SymbolPaths, timeframe: str, steps: Sequence[Step], logs: Mapping[str, str]
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
    facts = read_json(paths.price_factors)
    if facts is None:
        return {}
    try:
        for versions in facts.values():
            _ = [_adjustment(step) for one in versions for step in one["steps"]]
    except (AttributeError, KeyError, TypeError) as error:
        raise BarsError(
            f"{paths.price_factors} is no table of factors ({error}); restore it from a backup, "
            "or remove it and promote the symbol again"
        ) from error
    return dict(facts)


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
