"""`regime backup` and `regime restore`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from regime_platform.bar_store.layout import DataRoot
from regime_platform.cli.console.clock import moment
from regime_platform.cli.console.exits import ALL_GOOD, NOTHING_SUCCEEDED, SOME_FAILED
from regime_platform.cli.console.options import Now
from regime_platform.cli.console.screen import messages, results
from regime_platform.operations.backup.backup import BackupOutcome
from regime_platform.operations.backup.backup import backup as back_up
from regime_platform.operations.backup.restore import RestoreOutcome
from regime_platform.operations.backup.restore import restore as restore_backup
from regime_platform.settings import Settings


def backup(
    folder: Annotated[
        Path, typer.Argument(help="A new folder, or the folder of an earlier backup.")
    ],
    check: Annotated[
        bool, typer.Option("--check", help="Verify every copy; default: a thirtieth of them a day.")
    ] = False,
    now: Now = None,
) -> None:
    """Copy the data root while it is in use; a repeated backup copies only changes."""
    root = DataRoot(Settings().root_folder)
    outcome = back_up(root, folder.expanduser().absolute(), moment(now), check_all=check)
    changes = f"{outcome.copied:,} copied, {outcome.removed:,} removed"
    _print(f"{folder}: {outcome.files:,} files, {outcome.bytes / 1e6:,.1f} MB; {changes}")
    if outcome.damaged_copies:
        names = _few(outcome.damaged_copies)
        _warn(f"copies of the last backup were damaged: {names}; check its disk")
    _warn_each(outcome.kept, "was not copied; the backup keeps its last copy")
    _warn_each(outcome.damaged, "is damaged and was copied for lack of a better copy")
    raise typer.Exit(_code(outcome))


def restore(
    folder: Annotated[Path, typer.Argument(help="The folder of a backup.")],
    skip_damaged: Annotated[
        bool,
        typer.Option(
            "--skip-damaged", help="Leave out damaged files instead of refusing the backup."
        ),
    ] = False,
) -> None:
    """Restore a backup into the current data root, which must have no symbols yet."""
    root = Settings().root_folder
    outcome = restore_backup(folder.expanduser().absolute(), root, skip_damaged=skip_damaged)
    proof = _proof(outcome)
    size = f"{outcome.files:,} files, {outcome.bytes / 1e6:,.1f} MB"
    _print(f"{root}: {size} of the backup of {outcome.made_at}; {proof}")
    _warn_each(outcome.left_out, "was left out", has_remedy=False)
    _warn_each(outcome.kept, "is older than the backup, which could not copy it")
    _warn_each(outcome.damaged, "was damaged when it was copied")
    raise typer.Exit(SOME_FAILED if outcome.left_out else ALL_GOOD)


_FEW = 20  # lines


def _code(outcome: BackupOutcome) -> int:
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
    results().print(text, soft_wrap=True)


def _warn(text: str) -> None:
    messages().print(text, style="bold yellow", soft_wrap=True)


def _proof(outcome: RestoreOutcome) -> str:
    """What was checked of the files restored."""
    if not outcome.is_proven:
        return "an old backup, only lengths were checked"
    if outcome.left_out:
        return f"every restored byte proven, {len(outcome.left_out):,} left out"
    return "every byte proven"
