"""What changed from one snapshot to another, symbol by symbol, and why."""

from collections.abc import Iterator, Mapping

from regime_platform.manifests.snapshot import (
    AbsentEntry,
    SeriesEntry,
    SnapshotManifest,
    SymbolEntry,
)
from regime_platform.model.document import Array, Document

ADDED, REMOVED, CHANGED, SAME = "added", "removed", "changed", "same"

BARS, PARAMETERS, ERAS, CODE = "bars", "parameters", "eras", "code"
LIBRARIES, SCHEMA, UNEXPLAINED = "libraries", "schema", "unexplained"

_NO_SERIES = SeriesEntry(count=0, digest=None)


class Cause(Document):
    """One reason why the results of a symbol changed."""

    what: str  # bars, parameters, eras, code, libraries, schema; or unexplained
    detail: str


class SymbolChange(Document):
    """What changed of one symbol."""

    symbol: str
    kind: str = SAME  # added, removed, changed, same
    results_changed: bool = False  # whether any number of the results differs
    causes: Array[Cause] = ()


def changes(before: SnapshotManifest, after: SnapshotManifest) -> list[SymbolChange]:
    """One change per symbol of either snapshot, unchanged ones included."""
    old, new = before.symbols, after.symbols
    return [_change(symbol, old.get(symbol), new.get(symbol)) for symbol in {**old, **new}]


def _change(
    symbol: str, old: SymbolEntry | AbsentEntry | None, new: SymbolEntry | AbsentEntry | None
) -> SymbolChange:
    if isinstance(old, SymbolEntry) and isinstance(new, SymbolEntry):
        return _of_present(symbol, old, new)
    if isinstance(old, SymbolEntry) == isinstance(new, SymbolEntry):
        return SymbolChange(symbol=symbol)
    kind, absent, where = (
        (ADDED, old, "first") if isinstance(new, SymbolEntry) else (REMOVED, new, "second")
    )
    reason = f"not in the {where} snapshot" if absent is None else absent.reason
    causes = (Cause(what=BARS, detail=reason),)
    return SymbolChange(symbol=symbol, kind=kind, results_changed=True, causes=causes)


def _of_present(symbol: str, old: SymbolEntry, new: SymbolEntry) -> SymbolChange:
    differs = old.content_digests.results != new.content_digests.results
    causes = tuple(_causes(old, new))
    if differs and not causes:
        detail = (
            "the same bars, parameters, eras, code and libraries gave other numbers; "
            f"`regime verify {symbol} --recompute` shows which"
        )
        causes = (Cause(what=UNEXPLAINED, detail=detail),)
    kind = CHANGED if causes else SAME
    return SymbolChange(symbol=symbol, kind=kind, results_changed=differs, causes=causes)


def _causes(old: SymbolEntry, new: SymbolEntry) -> Iterator[Cause]:
    was, now = old.recipe, new.recipe
    bars = list(_bars(old.timeframes, new.timeframes))
    if was.left_out != now.left_out:
        before, after = (", ".join(names) or "none" for names in (was.left_out, now.left_out))
        bars.append(f"timeframes without the mean escalation: {before} became {after}")
    if bars:
        yield Cause(what=BARS, detail="; ".join(bars))
    if was.params_fingerprint != now.params_fingerprint:
        detail = f"{was.params_fingerprint[:12]} became {now.params_fingerprint[:12]}"
        yield Cause(what=PARAMETERS, detail=detail)
    if was.eras.boundaries != now.eras.boundaries:
        yield Cause(what=ERAS, detail=f"{was.eras.version} became {now.eras.version}")
    if was.compute_digest != now.compute_digest:
        yield Cause(what=CODE, detail=f"{_code(old)} became {_code(new)}")
    if was.libraries != now.libraries:
        libraries = [
            f"{name} {was.libraries.get(name)} became {now.libraries.get(name)}"
            for name in {**was.libraries, **now.libraries}
            if was.libraries.get(name) != now.libraries.get(name)
        ]
        yield Cause(what=LIBRARIES, detail=", ".join(libraries))
    if was.result_schema_digest != now.result_schema_digest:
        yield Cause(what=SCHEMA, detail="the tables have other columns")


def _bars(old: Mapping[str, SeriesEntry], new: Mapping[str, SeriesEntry]) -> Iterator[str]:
    for timeframe in {**old, **new}:
        was, now = old.get(timeframe, _NO_SERIES), new.get(timeframe, _NO_SERIES)
        if was.digest == now.digest:
            continue
        if was.count == now.count and was.max_ts == now.max_ts:
            yield f"{timeframe} revised, {now.count:,} bars as before"
        else:
            yield f"{timeframe} {was.count:,} to {now.count:,} bars, last {now.max_ts}"


def _code(entry: SymbolEntry) -> str:
    code = entry.code
    commit = (code.commit or "no commit")[:12]
    return f"{code.package} {commit} ({entry.recipe.compute_digest[:12]})"
