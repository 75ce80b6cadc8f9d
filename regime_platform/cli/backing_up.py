"""The commands that copy a data root and bring it back: backup, restore."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from regime_platform.cli.exits import ALL_GOOD, NOTHING_SUCCEEDED, SOME_FAILED
from regime_platform.cli.options import Now

if TYPE_CHECKING:
    from regime_platform.pipeline.backup import BackupOutcome


def backup(
    folder: Annotated[Path, typer.Argument(help="A new folder, or that of an earlier backup.")],
    check: Annotated[
        bool, typer.Option("--check", help="Read every copy again; without it a thirtieth a day.")
    ] = False,
    now: Now = None,
) -> None:
    """Copy the data root while it is in use; a second time only what changed since."""
    from regime_platform.bars.layout import DataRoot
    from regime_platform.cli.clock import moment
    from regime_platform.pipeline.backup import backup as back_up
    from regime_platform.settings import Settings

    root = DataRoot(Settings().data_root.expanduser().absolute())
    outcome = back_up(root, folder.expanduser().absolute(), moment(now), check_all=check)
    changes = f"{outcome.copied:,} copied, {outcome.removed:,} removed"
    _print(f"{folder}: {outcome.files:,} files, {outcome.bytes / 1e6:,.1f} MB; {changes}")
    if outcome.damaged_copies:
        names = _few(outcome.damaged_copies)
        _warn(f"copies of the last backup were damaged: {names}; look after its disk")
    _warn_each(outcome.kept, "was not copied, the backup keeps what it had")
    _warn_each(outcome.damaged, "was copied although it is damaged, for lack of a better copy")
    raise typer.Exit(_code(outcome))


def restore(
    folder: Annotated[Path, typer.Argument(help="The folder of a backup.")],
    skip_damaged: Annotated[
        bool,
        typer.Option("--skip-damaged", help="Leave out what is damaged, instead of refusing all."),
    ] = False,
) -> None:
    """Fill the data root in force, which must hold no symbols yet, from a backup."""
    from regime_platform.pipeline.restoring import restore as bring_back
    from regime_platform.settings import Settings

    root = Settings().data_root.expanduser().absolute()
    outcome = bring_back(folder.expanduser().absolute(), root, skip_damaged=skip_damaged)
    proof = "every byte proven" if outcome.is_proven else "an old backup, only lengths were checked"
    size = f"{outcome.files:,} files, {outcome.bytes / 1e6:,.1f} MB"
    _print(f"{root}: {size} of the backup of {outcome.made_at}; {proof}")
    _warn_each(outcome.left_out, "was left out", has_remedy=False)
    _warn_each(outcome.kept, "is older than the backup, which could not copy it")
    _warn_each(outcome.damaged, "was damaged when it was copied")
    raise typer.Exit(SOME_FAILED if outcome.left_out else ALL_GOOD)


_FEW = 20  # lines: so many are no nuisance


def _code(outcome: "BackupOutcome") -> int:
    if not outcome.files:
        return NOTHING_SUCCEEDED if outcome.kept else ALL_GOOD
    return SOME_FAILED if outcome.kept or outcome.damaged else ALL_GOOD


def _few(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - _FEW} more" if len(names) > _FEW else ""
    return f"{', '.join(names[:_FEW])}{more}"


def _warn_each(reasons: Mapping[str, str], what: str, *, has_remedy: bool = True) -> None:
    for name, reason in list(reasons.items())[:_FEW]:
        symbol = name.removeprefix("assets/")
        is_symbol = symbol != name
        remedy = f"; see `regime verify {symbol}`" if is_symbol and has_remedy else ""
        _warn(f"{symbol} {what}: {reason}{remedy}")
    if len(reasons) > _FEW:
        _warn(f"and {len(reasons) - _FEW} more")


def _print(text: str) -> None:
    from regime_platform.cli.screen import results

    results().print(text, markup=False, soft_wrap=True)


def _warn(text: str) -> None:
    from regime_platform.cli.screen import messages

    messages().print(text, style="bold yellow", markup=False, soft_wrap=True)
