"""`regime backup` and `regime restore`."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from regime_platform.bar_store.layout import DataRoot
from regime_platform.cli.console.clock import Clock
from regime_platform.cli.console.output import ALL_GOOD, NOTHING_SUCCEEDED, SOME_FAILED, Output
from regime_platform.operations.backup.backup import backup as back_up
from regime_platform.operations.backup.restore import RestoreOutcome
from regime_platform.operations.backup.restore import restore as restore_backup
from regime_platform.pipeline.outbox import Outbox
from regime_platform.settings import Settings

_FEW = 20  # lines


def backup(
    folder: Annotated[
        Path, typer.Argument(help="A new folder, or the folder of an earlier backup.")
    ],
    *,
    check: Annotated[
        bool, typer.Option("--check", help="Verify every copy; default: a thirtieth of them a day.")
    ] = False,
    clock: Clock,
    out: Output,
) -> int:
    root, target = DataRoot(Settings().root_folder), folder.expanduser().absolute()
    outcome = back_up(root, target, clock.moment(), check_all=check)
    is_partial = outcome.kept or (outcome.files and outcome.damaged)
    partial = SOME_FAILED if outcome.files else NOTHING_SUCCEEDED
    code = partial if is_partial else ALL_GOOD
    out.document({"exit_code": code, "folder": str(target), **asdict(outcome)})
    changes = f"{outcome.copied:,} copied, {outcome.removed:,} removed"
    out.line(f"{folder}: {outcome.files:,} files, {outcome.bytes / 1e6:,.1f} MB; {changes}")
    if outcome.damaged_copies:
        names = ", ".join(outcome.damaged_copies[:_FEW])
        more = f" and {len(outcome.damaged_copies) - _FEW} more"
        names += more if len(outcome.damaged_copies) > _FEW else ""
        _warn(f"copies of the last backup were damaged: {names}; check its disk", out)
    _warn_each(outcome.kept, "was not copied; the backup keeps its last copy", out)
    _warn_each(outcome.damaged, "is damaged and was copied for lack of a better copy", out)
    return code


def restore(
    folder: Annotated[Path, typer.Argument(help="The folder of a backup.")],
    *,
    skip_damaged: Annotated[
        bool,
        typer.Option(
            "--skip-damaged", help="Leave out damaged files instead of refusing the backup."
        ),
    ] = False,
    out: Output,
) -> int:
    settings = Settings()
    root, outbox = settings.root_folder, Outbox(settings)
    outcome = restore_backup(folder.expanduser().absolute(), root, skip_damaged=skip_damaged)
    outbox.leave_stored(sorted(path.name for path in root.glob("assets/*") if path.is_dir()))
    code = SOME_FAILED if outcome.left_out else ALL_GOOD
    out.document({"exit_code": code, "data_root": str(root), **asdict(outcome)})
    size = f"{outcome.files:,} files, {outcome.bytes / 1e6:,.1f} MB"
    out.line(f"{root}: {size} of the backup of {outcome.made_at}; {_proof(outcome)}")
    _warn_each(outcome.left_out, "was left out", out, has_remedy=False)
    _warn_each(outcome.kept, "is older than the backup, which could not copy it", out)
    _warn_each(outcome.damaged, "was damaged when it was copied", out)
    out.problem(outbox.problem)
    return code


def _proof(outcome: RestoreOutcome) -> str:
    if not outcome.is_proven:
        return "an old backup, only lengths were checked"
    if outcome.left_out:
        return f"every restored byte proven, {len(outcome.left_out):,} left out"
    return "every byte proven"


def _warn_each(
    reasons: Mapping[str, str], what: str, out: Output, *, has_remedy: bool = True
) -> None:
    for name, reason in list(reasons.items())[:_FEW]:
        symbol = name.removeprefix("assets/")
        remedy = f"; see `regime verify {symbol}`" if symbol != name and has_remedy else ""
        _warn(f"{symbol} {what}: {reason}{remedy}", out)
    if len(reasons) > _FEW:
        _warn(f"and {len(reasons) - _FEW} more", out)


def _warn(text: str, out: Output) -> None:
    out.note(text, "bold yellow")
