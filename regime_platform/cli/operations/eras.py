"""`regime eras`: detect, list and adopt era sets, and show the affected symbols."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any

import typer

from regime_platform.cli.console.clock import Clock
from regime_platform.cli.console.kernels import warm
from regime_platform.cli.console.options import Author
from regime_platform.cli.console.output import ALL_GOOD, NOTHING_SUCCEEDED, Output
from regime_platform.cli.console.screen import count, plural
from regime_platform.compute.eras.eras import EraSet
from regime_platform.errors import ConfigError, UsageError
from regime_platform.model.instants import iso
from regime_platform.operations.era_sets import (
    DetectedEras,
    breaks_of,
    detect_eras,
    outdated,
    summaries,
    touched,
)
from regime_platform.operations.era_sets import adopt as adopt_set
from regime_platform.pipeline.eras import adoptions, era_set, eras_in_force
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.workspace import Workspace


def detect(
    *,
    classes: Annotated[
        list[str] | None,
        typer.Option("--class", help="Only this era class; may be repeated. Default: all."),
    ] = None,
    instead: Annotated[
        list[str] | None,
        typer.Option("--from", help="SYMBOL=CLASS: another benchmark for a class; repeatable."),
    ] = None,
    version: Annotated[
        str | None, typer.Option("--version", help="Name of the new set; default: date and digest.")
    ] = None,
    out: Output,
) -> int:
    workspace, other = RunWorkspace.open(), _benchmarks(instead or [])
    warm()
    detected = detect_eras(workspace, classes=classes or (), instead=other, version=version)
    out.document(detected.document())
    _print_detected(detected, out)
    return ALL_GOOD if detected.version else NOTHING_SUCCEEDED


def list_sets(out: Output) -> None:
    root = Workspace.open().root
    in_force, adopted, rows = eras_in_force(root).version, adoptions(root), summaries(root)
    history = [
        {
            "version": adoption.version,
            "since": iso(adoption.since),
            "by": adoption.by,
            "reason": adoption.reason,
        }
        for adoption in adopted
    ]
    out.document({"in_force": in_force, "sets": rows, "adoptions": history})
    columns = ("era set", "known from", "state", "breaks")
    out.table(columns, [_set_row(row, in_force) for row in rows], folding=("breaks",))
    for adoption in history:
        out.note("{version} adopted {since} by {by}: {reason}".format_map(adoption))


def adopt(
    version: Annotated[str, typer.Argument(help="The era set to put in force.")],
    author: Author,
    clock: Clock,
    out: Output,
) -> None:
    workspace = Workspace.open()
    root, universe = workspace.root, workspace.universe
    before, after = _readable_in_force(workspace), era_set(root, version)
    adopt_set(root, version, since=clock.stamp(), by=author.name, reason=author.reason)
    symbols = {} if before is None else touched(universe, before, after)
    out.document({"version": version, "touched": dict(symbols), "was_readable": before is not None})
    out.note(f"era set {version} is in force")
    if before is None:
        out.note("the set before it is unreadable; `regime eras affected` shows the affected")
        out.note("symbols and `regime compute --all` recomputes them")
    else:
        _print_affected(symbols, "the next `regime compute --all` or run recomputes them", out)


def affected(
    version: Annotated[
        str | None, typer.Argument(help="Show what adopting this set would affect.")
    ] = None,
    *,
    option: Annotated[str | None, typer.Option("--version", hidden=True)] = None,  # its old place
    out: Output,
) -> None:
    workspace = Workspace.open()
    name = version or option
    if name is None:
        wanted, before = eras_in_force(workspace.root), None
        remedy = "`regime compute --all` recomputes them"
    else:
        wanted, before = era_set(workspace.root, name), _readable_in_force(workspace)
        remedy = f"`regime eras adopt {name} --reason TEXT` recomputes them with the next run"
    symbols = (
        outdated(workspace, wanted)
        if before is None
        else touched(workspace.universe, before, wanted)
    )
    out.document({"eras": wanted.version, "symbols": dict(symbols)})
    _print_affected(symbols, remedy, out)


def _readable_in_force(workspace: Workspace) -> EraSet | None:
    try:
        return eras_in_force(workspace.root)
    except ConfigError:  # a damaged set is replaced by an adoption
        return None


def _benchmarks(given: Iterable[str]) -> dict[str, str]:
    other: dict[str, str] = {}
    for text in given:
        symbol, _, name = text.rpartition("=")  # EURUSD=X is a symbol too
        if not symbol or not name:
            raise UsageError(
                f"--from {text}: expected SYMBOL=CLASS, such as QQQ=EQUITIES_US",
                code="bad-benchmark",
            )
        if name in other:
            raise UsageError(
                f"--from names two benchmarks for {name}; give one", code="duplicate-benchmark"
            )
        other[name] = symbol
    return other


def _print_detected(detected: DetectedEras, out: Output) -> None:
    rows = [
        (
            detection.name,
            detection.benchmark,
            count(detection.bars.rows if detection.bars else 0),
            count(len(detection.eras)),
            detection.reason or ", ".join(breaks_of(detection.eras)) or "no breaks",
        )
        for detection in detected.classes
    ]
    columns = ("class", "benchmark", "bars", "eras", "breaks")
    out.table(columns, rows, numbers=("bars", "eras"), folding=("breaks",))
    if not detected.version:
        summary = "no benchmark has enough bars, so no era set was written"
    elif detected.is_new:
        name = detected.version
        summary = f"era set {name} is written; `regime eras adopt {name}` puts it in force"
    else:
        summary = f"nothing new: era set {detected.version} has these eras"
    out.note(summary)


def _set_row(row: Mapping[str, Any], in_force: str) -> tuple[str, ...]:
    breaks = [f"{name} {', '.join(dates) or 'none'}" for name, dates in row["breaks"].items()]
    same = len({tuple(dates) for dates in row["breaks"].values()}) == 1 and len(breaks) > 1
    if same:
        dates = ", ".join(next(iter(row["breaks"].values())))
        breaks = [f"{len(breaks)} classes {dates or 'none'}"]
    state = "in force" if row["version"] == in_force else "·"
    return row["version"], row["known_from"] or "always", state, "; ".join(breaks)


def _print_affected(symbols: Mapping[str, str], remedy: str, out: Output) -> None:
    if not symbols:
        out.note("no symbols are affected")
        return
    out.table(("symbol", "era class"), [(name, kind or "·") for name, kind in symbols.items()])
    out.note(f"{plural(len(symbols), 'symbol')} affected; {remedy}")
