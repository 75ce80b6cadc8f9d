"""The commands that copy a data root and bring it back: backup, restore."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from regime_platform.cli.options import Now

if TYPE_CHECKING:
    from regime_platform.pipeline.backup import BackupOutcome


def backup(
    folder: Annotated[Path, typer.Argument(help="A new folder, or that of an earlier backup.")],
    now: Now = None,
) -> None:
    """Copy the data root while it is in use; a second time only what changed since."""
    from regime_platform.bars.layout import DataRoot
    from regime_platform.cli.clock import moment
    from regime_platform.pipeline.backup import backup as back_up
    from regime_platform.settings import Settings

    root = DataRoot(Settings().data_root.expanduser().absolute())
    _tell(back_up(root, folder.expanduser().absolute(), moment(now)), str(folder))


def restore(
    folder: Annotated[Path, typer.Argument(help="The folder of a backup.")],
) -> None:
    """Fill the data root in force, which must hold no symbols yet, from a backup."""
    from regime_platform.bars.layout import DataRoot
    from regime_platform.pipeline.backup import restore as bring_back
    from regime_platform.settings import Settings

    root = DataRoot(Settings().data_root.expanduser().absolute())
    _tell(bring_back(folder.expanduser().absolute(), root), str(root.path))


def _tell(outcome: "BackupOutcome", where: str) -> None:
    from regime_platform.cli.screen import results

    told = f"{where}: {outcome.files:,} files, {outcome.bytes / 1e6:,.1f} MB; "
    told += f"{outcome.copied:,} copied, {outcome.removed:,} removed"
    results().print(told, markup=False, soft_wrap=True)
