"""What changed from one snapshot to another, symbol by symbol, and why."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from regime_platform.manifests.snapshot import COMPLETE

ADDED, REMOVED, CHANGED, SAME = "added", "removed", "changed", "same"

BARS, PARAMETERS, ERAS, CODE = "bars", "parameters", "eras", "code"
LIBRARIES, SCHEMA, UNEXPLAINED = "libraries", "schema", "unexplained"

Entry = Mapping[str, Any]


@dataclass(frozen=True)
class Cause:
    """One reason why the results of a symbol are others."""

    what: str  # bars, parameters, eras, code, libraries, schema; or unexplained
    detail: str


@dataclass(frozen=True)
class SymbolChange:
    """What became of one symbol."""

    symbol: str
    kind: str  # added, removed, changed, same
    causes: tuple[Cause, ...]
    is_other_content: bool  # whether any number of the results is another

    def facts(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "symbol": self.symbol,
            "kind": self.kind,
            "results_changed": self.is_other_content,
            "causes": [{"what": cause.what, "detail": cause.detail} for cause in self.causes],
        }


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[SymbolChange]:
    """One change per symbol of either snapshot (facts), those that are the same included."""
    old, new = before["symbols"], after["symbols"]
    return [_change(one, old.get(one), new.get(one)) for one in {**old, **new}]


def _change(symbol: str, old: Entry | None, new: Entry | None) -> SymbolChange:
    had, has = _is_there(old), _is_there(new)
    if old is None or new is None or not (had and has):
        if had == has:
            return SymbolChange(symbol, SAME, (), is_other_content=False)
        kind, entry = (ADDED, old) if has else (REMOVED, new)
        where = "the first" if has else "the second"
        reason = f"not in {where} snapshot" if entry is None else entry["reason"]
        return SymbolChange(symbol, kind, (Cause(BARS, reason),), is_other_content=True)
    is_other = old["content_digests"]["results"] != new["content_digests"]["results"]
    found = tuple(_causes(old, new))
    if is_other and not found:
        told = "the same bars, parameters, eras, code and libraries gave other numbers"
        found = (Cause(UNEXPLAINED, f"{told}; `regime verify {symbol} --recompute` tells more"),)
    return SymbolChange(symbol, CHANGED if found else SAME, found, is_other)


def _is_there(entry: Entry | None) -> bool:
    return entry is not None and entry["status"] == COMPLETE


def _causes(old: Entry, new: Entry) -> Iterator[Cause]:
    bars = list(_bars(old["timeframes"], new["timeframes"]))
    if bars:
        yield Cause(BARS, "; ".join(bars))
    was, now = old["recipe"], new["recipe"]
    if was["params_fingerprint"] != now["params_fingerprint"]:
        detail = f"{was['params_fingerprint'][:12]} became {now['params_fingerprint'][:12]}"
        yield Cause(PARAMETERS, detail)
    if was["eras"]["boundaries"] != now["eras"]["boundaries"]:
        yield Cause(ERAS, f"{was['eras']['version']} became {now['eras']['version']}")
    if was["compute_digest"] != now["compute_digest"]:
        yield Cause(CODE, f"{_code(old)} became {_code(new)}")
    if was["libraries"] != now["libraries"]:
        yield Cause(LIBRARIES, ", ".join(_libraries(was["libraries"], now["libraries"])))
    if was["result_schema_digest"] != now["result_schema_digest"]:
        yield Cause(SCHEMA, "the tables have other columns")


def _bars(old: Mapping[str, Entry], new: Mapping[str, Entry]) -> Iterator[str]:
    nothing = {"digest": None, "count": 0, "max_ts": None}
    for timeframe in {**old, **new}:
        was, now = old.get(timeframe, nothing), new.get(timeframe, nothing)
        if was["digest"] == now["digest"]:
            continue
        if was["count"] == now["count"] and was["max_ts"] == now["max_ts"]:
            yield f"{timeframe} revised, {now['count']:,} bars as before"
        else:
            yield f"{timeframe} {was['count']:,} to {now['count']:,} bars, last {now['max_ts']}"


def _code(entry: Entry) -> str:
    code = entry["code"]
    commit = str(code.get("commit") or "no commit")[:12]
    return f"{code.get('package')} {commit} ({entry['recipe']['compute_digest'][:12]})"


def _libraries(was: Mapping[str, str], now: Mapping[str, str]) -> Iterator[str]:
    for name in {**was, **now}:
        if was.get(name) != now.get(name):
            yield f"{name} {was.get(name)} became {now.get(name)}"
