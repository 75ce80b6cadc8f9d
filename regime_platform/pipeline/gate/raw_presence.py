"""Checks that the raw log still has the files that the bars in force were validated with.

Without one of them a promotion would silently drop its bars. Compaction and setting aside
(see ``bar_store.raw.compaction`` and ``bar_store.raw.ahead``) keep what a file held; what is to
leave the log for good is released first.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence

from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.manifest_file import whole_bar_manifest
from regime_platform.bar_store.raw.compaction import locate_all
from regime_platform.bar_store.session import raw_listing
from regime_platform.bar_store.verdicts import read_verdict, write_verdict
from regime_platform.errors import BarsError
from regime_platform.validation.verdict import Verdict

_SHOWN = 3  # files


def require_raw_files(
    paths: SymbolPaths, verdict: Verdict | None, timeframes: Collection[str]
) -> None:
    """Refuses to go on where raw files are gone.

    Args:
        paths: the symbol.
        verdict: the verdict in force; without one the bar manifest names the files.
        timeframes: those that are to be validated.

    Raises:
        BarsError: names the files, what follows and the remedy; or a raw log cannot be read.
    """
    named = _named(paths, verdict)
    gone = list(_gone(paths, {name: named[name] for name in timeframes if name in named}))
    if not gone:
        return
    more = f" and {len(gone) - _SHOWN} more" if len(gone) > _SHOWN else ""
    symbol = paths.symbol
    raise BarsError(
        f"{paths.folder}: raw files that the bars in force were validated with are gone "
        f"({', '.join(gone[:_SHOWN])}{more}); promoted without them, bars would be dropped, so "
        "those in force stay; restore the files from a backup, or where there is none, "
        f"`regime repair {symbol} --accept-loss` shows what is lost and goes on without them",
        code="raw-file-lost",
    )


def release_raw_files(paths: SymbolPaths, leaving: Mapping[str, Collection[str]]) -> None:
    """Takes files out of what the verdict in force names; hold the lock, then remove them.

    The verdict has no digest of those logs any more, so that the next promotion validates again.

    Args:
        paths: the symbol.
        leaving: timeframe -> names of raw files.
    """
    verdict = read_verdict(paths)
    if verdict is None:
        return
    series = tuple(
        record.model_copy(
            update={
                "raw_files": tuple(name for name in record.raw_files if name not in files),
                "log_digest": "",
            }
        )
        if (files := leaving.get(record.timeframe))
        else record
        for record in verdict.series
    )
    if series != verdict.series:
        write_verdict(paths, verdict.model_copy(update={"series": series}))


def _named(paths: SymbolPaths, verdict: Verdict | None) -> Mapping[str, Sequence[str]]:
    if verdict is not None:
        return {series.timeframe: series.raw_files for series in verdict.series}
    manifest = whole_bar_manifest(paths)
    recorded = {} if manifest is None else manifest.manifest.timeframes
    return {name: series.raw_files for name, series in recorded.items()}


def _gone(paths: SymbolPaths, named: Mapping[str, Sequence[str]]) -> Iterator[str]:
    for timeframe, names in named.items():
        for name, file in locate_all(raw_listing(paths, timeframe), names).items():
            if file is None:
                yield f"raw/{timeframe}/{name}"
