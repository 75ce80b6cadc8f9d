"""The files that documents of a symbol put in force, and which of them are gone; opens no bars."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from regime_platform.bar_store.canonical import part_names
from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.manifest_files import whole_bar_manifest
from regime_platform.errors import MissingBarsError, remedy_of
from regime_platform.model.bar_schema import PromotedBars, StoredFile
from regime_platform.model.timeframes import DURATION
from regime_platform.validation.verdict import Verdict

_SHOWN = 3  # files


@dataclass(frozen=True)
class InForce:
    """The files in force of one series before a promotion."""

    promoted: PromotedBars | None = None
    rejected_file: StoredFile | None = None


class FileDifferences(NamedTuple):
    """How the files of a symbol differ from those that its verdict names."""

    missing: list[str]  # names below the symbol's folder
    has_leftovers: bool  # parts that it does not name


def files_in_force(paths: SymbolPaths, verdict: Verdict | None) -> dict[str, InForce]:
    """The files of each timeframe; where the verdict is gone, those of the bar manifest."""
    if verdict is not None:
        series = verdict.validated
        return {each.timeframe: InForce(each.promoted, each.rejected_file) for each in series}
    manifest = whole_bar_manifest(paths)
    stated = {} if manifest is None else manifest.manifest.validated
    return {name: InForce(each.promoted, each.gate.rejected_file) for name, each in stated.items()}


def compare_files(paths: SymbolPaths, verdict: Verdict) -> FileDifferences:
    """Compares the names of the files alone, with one listing per timeframe."""
    missing: list[str] = []
    has_leftovers = False
    for series in (each for each in verdict.validated if each.timeframe in DURATION):
        named = {file.name for file in series.promoted.files} if series.promoted else set()
        present = part_names(paths.bars(series.timeframe))
        missing += [f"bars/{series.timeframe}/{name}" for name in sorted(named - present)]
        has_leftovers = has_leftovers or not present <= named
        rejected = series.rejected_file
        if rejected is not None and not paths.rejected(series.timeframe).exists():
            missing.append(f"rejected/{rejected.name}")
    return FileDifferences(missing, has_leftovers)


def require_restored(paths: SymbolPaths, verdict: Verdict, stored: Verdict | None) -> None:
    """Refuses a verdict whose bars are not those that went missing; call it before it is written.

    A series that is blocked now keeps its last good bars, which validating does not make again.
    ``stored`` is the verdict in force where logs and rules are still those of it, else None.
    """
    missing = compare_files(paths, verdict).missing
    has_others = stored is not None and stored.bars_digests != verdict.bars_digests
    if missing or has_others:
        which = f"{first_files(missing)} " if missing else ""
        raise MissingBarsError(
            f"{paths.folder}: canonical bars {which}are missing, and the raw log does not give "
            f"them as it is validated now; {remedy_of(paths.symbol)}"
        )


def describe_missing(missing: list[str]) -> str:
    """The note of a promotion that made missing files again."""
    return f"missing files made again from the raw log: {first_files(missing)}"


def first_files(names: Sequence[str]) -> str:
    """The first of some files, and how many more there are."""
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"{', '.join(names[:_SHOWN])}{more}"
