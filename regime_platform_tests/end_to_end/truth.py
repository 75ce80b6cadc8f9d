"""What terminal, Dagster and files say of each symbol, in the same words.

The words of a symbol are sorted and joined, such as "failed, late"; none means that it is good.
"""

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from regime_platform.pipeline.outcomes import Stage
from regime_platform_tests.end_to_end.graphql import AssetsPage, GraphQL

GOOD, BLOCKED, FAILED, NO_BARS = "good", "blocked", "failed", "no bars"
LATE, PENDING = "late", "pending"
#: Done by a command, and not yet reported to Dagster.
WAITING = "waiting"
#: Found by hashing what is stored, which no other witness does.
DAMAGED = "damaged"

Ask = Callable[..., Any]  # a command with --json: its document
Words = Mapping[str, str]

_STATUS_ROWS = {
    "blocked": BLOCKED,
    "failed": FAILED,
    "no_bars": NO_BARS,
    "late_bars": LATE,
    "results_pending": PENDING,
}
_ENDS = {"blocked": BLOCKED, "failed": FAILED, "no_bars": NO_BARS}
_PROOFS = {
    "proven": GOOD,
    "no_bars": NO_BARS,
    "results pending": PENDING,
    **dict.fromkeys(("missing", "changed", "unreadable"), DAMAGED),
}


def witnesses(
    root: Path, ask: Ask, graphql: GraphQL, symbols: Collection[str]
) -> Mapping[str, Words]:
    """Everything that an operator may look at -> symbol -> words."""
    status, verified, page = ask("status"), ask("verify", "--all"), graphql.page()
    return {
        "status": {symbol: joined(_by_status(status["rows"], symbol)) for symbol in symbols},
        "board": _by_board(ask("board", "--by-timeframe")),
        "verify": {
            row["symbol"]: _PROOFS.get(row["proof"], f"{row['proof']} {row['findings']}")
            for row in verified["symbols"]
        },
        "files": {symbol: _by_files(root / "assets" / symbol) for symbol in symbols},
        "Dagster": {symbol: joined(_by_dagster(page, graphql, symbol)) for symbol in symbols},
    }


def expected(witness: str, words: str) -> str:
    """What a witness can know of the whole truth about a symbol."""
    known = {
        "status": {BLOCKED, FAILED, NO_BARS, LATE, PENDING, WAITING},
        "board": {BLOCKED, FAILED, NO_BARS},
        "verify": {NO_BARS, DAMAGED, PENDING},
        "files": {BLOCKED, NO_BARS, DAMAGED, PENDING},
        "Dagster": {BLOCKED, FAILED, NO_BARS, LATE, PENDING},
    }[witness]
    return joined(word for word in words.split(", ") if word in known)


def joined(words: Iterator[str] | Collection[str]) -> str:
    """The words of a symbol, as compared."""
    return ", ".join(sorted(set(words))) or GOOD


def _by_status(rows: list[Mapping[str, Any]], symbol: str) -> Iterator[str]:
    for row in rows:
        if any(item.get("symbol") == symbol for item in row.get("items", ())):
            yield _STATUS_ROWS.get(row["what"], row["what"])


def _by_board(rows: list[Mapping[str, Any]]) -> dict[str, str]:
    ends = {row["symbol"]: (row["held_back"] or "").partition(":")[0] for row in rows}
    return {symbol: _ENDS.get(end, end) or GOOD for symbol, end in ends.items()}


def _by_files(folder: Path) -> str:
    """From the documents and names, as any program can read them."""
    try:
        verdict = _document(folder / "verdict.json")
    except ValueError:
        return DAMAGED
    series = [each for each in verdict.get("series", []) if each["promoted"]]
    if not series:
        return NO_BARS
    words = {BLOCKED for each in verdict["series"] if each["status"] == "blocked"}
    named = [
        folder / "bars" / each["timeframe"] / file["name"]
        for each in series
        for file in each["promoted"]["files"]
    ]
    words |= {DAMAGED for path in (*named, folder / "compute.db") if not path.exists()}
    bars = {each["timeframe"]: each["promoted"]["digest"] for each in series}
    stated = _document(folder / "manifest.json").get("manifest", {"timeframes": {}})["timeframes"]
    results = _document(folder / "compute_manifest.json").get("manifest", {"recipe": {"bars": {}}})
    if bars != {timeframe: each["digest"] for timeframe, each in stated.items()}:
        words.add("bars without a manifest")
    if not results["recipe"]["bars"].items() >= bars.items():
        words.add(PENDING)
    return joined(words)


def _document(path: Path) -> Mapping[str, Any]:
    return dict(json.loads(path.read_bytes())) if path.exists() else {}


def _by_dagster(page: AssetsPage, graphql: GraphQL, symbol: str) -> Iterator[str]:
    """From the partitions of a symbol and the latest results of its checks."""
    checks = {name: statuses.get(symbol, "missing") for name, statuses in page.checks.items()}
    failing = {name for name, status in checks.items() if status != "succeeded"} - {"findings"}
    red = {
        stage for stage in Stage if page.partitions[stage].get(symbol, "missing") != "materialized"
    }

    gate = graphql.check(Stage.VALIDATED_BARS, "gate", symbol).get("evaluation") or {}
    reason = gate.get("description") or ""
    if len(red) == len(Stage):  # it never had a bar; whatever looked for one says why
        is_explained = "has no bars" in reason or "404" in graphql.failed(Stage.RAW_BARS, symbol)
        yield NO_BARS if is_explained else "red without a reason"
    elif "gate" in failing:
        yield BLOCKED if "rejected" in reason else FAILED if reason else "red without a reason"
    elif red or failing - {"is_fresh"}:
        yield FAILED
    if checks["is_fresh"] == "failed":
        yield LATE
    elif "is_fresh" in failing and "manifests" not in red:
        yield "is_fresh not evaluated"
