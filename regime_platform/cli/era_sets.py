"""The commands around eras: find new ones, list them, put a set in force, see whom that touches."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from regime_platform.cli.exits import NOTHING_SUCCEEDED
from regime_platform.cli.options import By, Json, Now, Reason
from regime_platform.errors import ConfigError, UsageError

if TYPE_CHECKING:
    from regime_platform.bars.layout import DataRoot
    from regime_platform.compute.eras import EraSet
    from regime_platform.model.universe import Universe
    from regime_platform.pipeline.era_sets import DetectedEras
    from regime_platform.pipeline.platform import Platform

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
    """Search the benchmarks' promoted daily bars for eras and keep them as a new set."""
    from regime_platform.cli.screen import print_json
    from regime_platform.cli.warming import warm
    from regime_platform.pipeline.era_sets import detect_eras

    platform, other = _platform(), _benchmarks(instead or [])
    warm()
    found = detect_eras(platform, classes=classes or (), instead=other, version=version)
    if as_json:
        print_json(found.facts())
    else:
        _print_detected(found)
    if not found.version:
        raise typer.Exit(NOTHING_SUCCEEDED)


@eras.command("list")
def list_sets(as_json: Json = False) -> None:
    """Show every era set and every adoption; the last adoption is in force."""
    from regime_platform.cli.screen import messages, print_json, print_table
    from regime_platform.model.series import iso
    from regime_platform.pipeline.era_sets import summaries
    from regime_platform.pipeline.eras import adoptions, eras_in_force

    root, _ = house()
    in_force, adopted, rows = eras_in_force(root).version, adoptions(root), summaries(root)
    history = [
        {"version": one.version, "since": iso(one.since), "by": one.by, "reason": one.reason}
        for one in adopted
    ]
    if as_json:
        print_json({"in_force": in_force, "sets": rows, "adoptions": history})
        return
    print_table(
        ("era set", "known from", "state", "breaks"),
        [_set_row(row, in_force) for row in rows],
        folding=("breaks",),
    )
    for one in history:
        told = "{version} adopted {since} by {by}: {reason}".format_map(one)
        messages().print(told, markup=False)


@eras.command()
def adopt(
    version: Annotated[str, typer.Argument(help="The era set to put in force.")],
    reason: Reason,
    by: By = None,
    now: Now = None,
    as_json: Json = False,
) -> None:
    """Put an era set in force; the next walk recomputes exactly the symbols it touches."""
    from regime_platform.cli.clock import stamp
    from regime_platform.cli.screen import messages, print_json
    from regime_platform.pipeline import eras as store

    root, universe = house()
    before, after = _readable_in_force(), store.era_set(root, version)
    store.adopt(root, version, since=stamp(now), by=by or user(), reason=reason)
    told = {} if before is None else store.touched(universe, before, after)
    if as_json:
        print_json({"version": version, "touched": dict(told), "was_readable": before is not None})
        return
    messages().print(f"era set {version} is in force", markup=False)
    if before is None:
        messages().print("the set before it is unreadable; `regime eras affected` tells whom this")
        messages().print("touches and `regime compute --all` recomputes them")
        return
    _print_touched(told, "the next `regime compute --all` or run recomputes them")


@eras.command()
def affected(
    version: Annotated[
        str | None,
        typer.Option("--version", help="Whom adopting this set would touch."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Show whose results lie in other eras than those in force, or than those of a set."""
    from regime_platform.cli.screen import print_json
    from regime_platform.pipeline.era_sets import outdated
    from regime_platform.pipeline.eras import era_set, touched

    platform = _platform()
    if version is None:
        told: Mapping[str, str] = outdated(platform)
        remedy = "`regime compute --all` recomputes them"
    else:
        told = touched(platform.universe, platform.eras, era_set(platform.root, version))
        remedy = f"`regime eras adopt {version} --reason TEXT` would have them recomputed"
    if as_json:
        print_json({"eras": version or platform.eras.version, "symbols": dict(told)})
    else:
        _print_touched(told, remedy)


def _platform() -> "Platform":
    from regime_platform.pipeline.platform import open_platform
    from regime_platform.settings import Settings

    return open_platform(Settings())


def house() -> "tuple[DataRoot, Universe]":
    """Data root and universe, without the eras in force: they may be what has to be mended."""
    from regime_platform.bars.layout import DataRoot
    from regime_platform.settings import Settings, load_universe

    settings = Settings()
    return DataRoot(settings.data_root.expanduser().absolute()), load_universe(settings)


def _readable_in_force() -> "EraSet | None":
    from regime_platform.pipeline.eras import eras_in_force

    root, _ = house()
    try:
        return eras_in_force(root)
    except ConfigError:  # an adoption is how a damaged set is replaced
        return None


def _benchmarks(given: Iterable[str]) -> dict[str, str]:
    other: dict[str, str] = {}
    for text in given:
        symbol, _, name = text.partition("=")
        if not symbol or not name:
            raise UsageError(f"--from {text}: expected SYMBOL=CLASS, such as QQQ=EQUITIES_US")
        if name in other:
            raise UsageError(f"--from names two benchmarks for {name}; give one")
        other[name] = symbol.upper()
    return other


def user() -> str:
    """Whoever runs the command, for what is kept with a name."""
    import os
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # a container's bare number
        return f"user {os.getuid()}"


def _print_detected(found: "DetectedEras") -> None:
    from regime_platform.cli.screen import count, messages, print_table

    rows = [
        (
            str(one["class"]),
            str(one["benchmark"]),
            count(one["bars"]),
            count(one["eras"]),
            str(one["reason"] or one["breaks"] or "no breaks"),
        )
        for one in (one.facts() for one in found.classes)
    ]
    columns = ("class", "benchmark", "bars", "eras", "breaks")
    print_table(columns, rows, numbers=("bars", "eras"), folding=("breaks",))
    if not found.version:
        told = "no benchmark has what it takes, so no era set was written"
    elif found.is_new:
        told = f"era set {found.version} is written and not in force; `regime eras adopt` does that"
    else:
        told = f"nothing new: era set {found.version} has these eras"
    messages().print(told, markup=False)


def _set_row(row: Mapping[str, Any], in_force: str) -> tuple[str, ...]:
    told = [f"{name} {', '.join(dates) or 'none'}" for name, dates in row["breaks"].items()]
    same = len({tuple(dates) for dates in row["breaks"].values()}) == 1 and len(told) > 1
    if same:
        told = [f"{len(told)} classes {', '.join(next(iter(row['breaks'].values()))) or 'none'}"]
    state = "in force" if row["version"] == in_force else "·"
    return row["version"], row["known_from"] or "always", state, "; ".join(told)


def _print_touched(told: Mapping[str, str], remedy: str) -> None:
    from regime_platform.cli.screen import messages, plural, print_table

    if not told:
        messages().print("no symbol of the universe is touched")
        return
    print_table(("symbol", "era class"), [(name, of or "·") for name, of in told.items()])
    messages().print(f"{plural(len(told), 'symbol')} touched; {remedy}", markup=False)
