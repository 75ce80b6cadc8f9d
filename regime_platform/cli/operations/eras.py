"""`regime eras`: detect, list and adopt era sets, and show the affected symbols."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any

import typer

from regime_platform.cli.console.clock import stamp
from regime_platform.cli.console.exits import NOTHING_SUCCEEDED
from regime_platform.cli.console.kernels import warm
from regime_platform.cli.console.options import By, Json, Now, Reason, user
from regime_platform.cli.console.screen import count, messages, plural, print_json, print_table
from regime_platform.compute.eras.eras import EraSet
from regime_platform.errors import ConfigError, UsageError
from regime_platform.model.instants import iso
from regime_platform.operations.documents import detected_eras_document
from regime_platform.operations.era_adoption import adopt as adopt_set
from regime_platform.operations.era_adoption import touched
from regime_platform.operations.era_sets import (
    DetectedEras,
    breaks_of,
    detect_eras,
    outdated,
    summaries,
)
from regime_platform.pipeline.eras import adoptions, era_set, eras_in_force
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.workspace import Workspace

eras = typer.Typer(no_args_is_help=True)


@eras.command()
def detect(
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
    as_json: Json = False,
) -> None:
    """Detect eras in the benchmarks' daily bars and store them as a new era set."""
    workspace, other = RunWorkspace.open(), _benchmarks(instead or [])
    warm()
    detected = detect_eras(workspace, classes=classes or (), instead=other, version=version)
    if as_json:
        print_json(detected_eras_document(detected))
    else:
        _print_detected(detected)
    if not detected.version:
        raise typer.Exit(NOTHING_SUCCEEDED)


@eras.command("list")
def list_sets(as_json: Json = False) -> None:
    """Show all era sets and adoptions; the last adoption is in force."""
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
    if as_json:
        print_json({"in_force": in_force, "sets": rows, "adoptions": history})
        return
    print_table(
        ("era set", "known from", "state", "breaks"),
        [_set_row(row, in_force) for row in rows],
        folding=("breaks",),
    )
    for adoption in history:
        line = "{version} adopted {since} by {by}: {reason}".format_map(adoption)
        messages().print(line)


@eras.command()
def adopt(
    version: Annotated[str, typer.Argument(help="The era set to put in force.")],
    reason: Reason,
    by: By = None,
    now: Now = None,
    as_json: Json = False,
) -> None:
    """Put an era set in force; the next run recomputes the affected symbols."""
    workspace = Workspace.open()
    root, universe = workspace.root, workspace.universe
    before, after = _readable_in_force(), era_set(root, version)
    adopt_set(root, version, since=stamp(now), by=by or user(), reason=reason)
    symbols = {} if before is None else touched(universe, before, after)
    if as_json:
        print_json(
            {"version": version, "touched": dict(symbols), "was_readable": before is not None}
        )
        return
    messages().print(f"era set {version} is in force")
    if before is None:
        messages().print(
            "the set before it is unreadable; `regime eras affected` shows the affected"
        )
        messages().print("symbols and `regime compute --all` recomputes them")
        return
    _print_affected(symbols, "the next `regime compute --all` or run recomputes them")


@eras.command()
def affected(
    version: Annotated[
        str | None,
        typer.Option("--version", help="Show what adopting this set would affect."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Show symbols whose results use other eras than those in force, or of a given set."""
    workspace = RunWorkspace.open()
    if version is None:
        symbols: Mapping[str, str] = outdated(workspace)
        remedy = "`regime compute --all` recomputes them"
    else:
        symbols = touched(workspace.universe, workspace.eras, era_set(workspace.root, version))
        remedy = f"`regime eras adopt {version} --reason TEXT` recomputes them with the next run"
    if as_json:
        print_json({"eras": version or workspace.eras.version, "symbols": dict(symbols)})
    else:
        _print_affected(symbols, remedy)


def _readable_in_force() -> EraSet | None:
    try:
        return eras_in_force(Workspace.open().root)
    except ConfigError:  # a damaged set is replaced by an adoption
        return None


def _benchmarks(given: Iterable[str]) -> dict[str, str]:
    other: dict[str, str] = {}
    for text in given:
        symbol, _, name = text.partition("=")
        if not symbol or not name:
            raise UsageError(
                f"--from {text}: expected SYMBOL=CLASS, such as QQQ=EQUITIES_US",
                code="bad-benchmark",
            )
        if name in other:
            raise UsageError(
                f"--from names two benchmarks for {name}; give one", code="duplicate-benchmark"
            )
        other[name] = symbol.upper()
    return other


def _print_detected(detected: DetectedEras) -> None:
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
    print_table(columns, rows, numbers=("bars", "eras"), folding=("breaks",))
    if not detected.version:
        summary = "no benchmark has enough bars, so no era set was written"
    elif detected.is_new:
        name = detected.version
        summary = f"era set {name} is written; `regime eras adopt {name}` puts it in force"
    else:
        summary = f"nothing new: era set {detected.version} has these eras"
    messages().print(summary)


def _set_row(row: Mapping[str, Any], in_force: str) -> tuple[str, ...]:
    breaks = [f"{name} {', '.join(dates) or 'none'}" for name, dates in row["breaks"].items()]
    same = len({tuple(dates) for dates in row["breaks"].values()}) == 1 and len(breaks) > 1
    if same:
        dates = ", ".join(next(iter(row["breaks"].values())))
        breaks = [f"{len(breaks)} classes {dates or 'none'}"]
    state = "in force" if row["version"] == in_force else "·"
    return row["version"], row["known_from"] or "always", state, "; ".join(breaks)


def _print_affected(symbols: Mapping[str, str], remedy: str) -> None:
    if not symbols:
        messages().print("no symbols are affected")
        return
    print_table(
        ("symbol", "era class"), [(name, era_class or "·") for name, era_class in symbols.items()]
    )
    messages().print(f"{plural(len(symbols), 'symbol')} affected; {remedy}")
