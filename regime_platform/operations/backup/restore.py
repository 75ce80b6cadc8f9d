"""Fills an empty data root from a backup.

Every copy is verified before the first one is restored, and again while it is restored. A restore
that was killed is started again and continues; until then a marker lies in the data root.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from regime_platform.bar_store.layout import DataRoot
from regime_platform.errors import PathError, RegimeError, UsageError
from regime_platform.files import copy_hashed, file_sha256, path_below, write_atomically, write_json
from regime_platform.operations.backup.folder import (
    LISTING,
    BackupError,
    BackupListing,
    FileCopy,
    group_of,
    read_listing,
)
from regime_platform.temporary_files import sweep_below

#: In a data root whose restore is not complete.
RESTORE_MARKER = "restore.begun.json"
_SHOWN = 5  # damaged copies in a message


@dataclass(frozen=True)
class RestoreOutcome:
    """What a restore did."""

    files: int
    bytes: int
    made_at: str
    is_proven: bool  # False for a backup of an earlier release, which has no digests
    left_out: Mapping[str, str] = field(default_factory=dict)  # symbol's folder or file -> why
    kept: Mapping[str, str] = field(default_factory=dict)  # brought back older than the backup
    damaged: Mapping[str, str] = field(default_factory=dict)  # was damaged when it was copied


def restore(source: Path, root: Path, *, skip_damaged: bool = False) -> RestoreOutcome:
    """Fills the empty data root ``root`` from the backup in the folder ``source``.

    With ``skip_damaged``, symbols and files with a damaged copy are left out, instead of all
    being refused by a BackupError. UsageError where the data root or the backup is unfit.
    """
    listing, marker = read_listing(source), root / RESTORE_MARKER
    if listing is None:
        raise UsageError(
            f"{source} has no {LISTING}: it is no backup, or one that was interrupted; "
            "use another one",
            code="no-backup",
        )
    if (root / "assets").exists() and not marker.exists():
        raise UsageError(
            f"{root} holds symbols already; restore into another folder by REGIME_DATA_ROOT",
            code="data-root-in-use",
        )
    targets = _targets(root, listing, source)
    left_out = _damaged(source, listing)
    if left_out and not skip_damaged:
        raise BackupError(_refusal(source, left_out), code="copies-damaged")
    write_json(marker, {"backup": str(source), "made_at": listing.made_at})
    # the board would show symbols that are left out; any run makes it again
    unwanted = {*left_out, DataRoot(root).board.name} if left_out else set()
    brought = {name: copy for name, copy in listing.files.items() if group_of(name) not in unwanted}
    for name, copy in brought.items():
        _bring_back(listing.path(source, name), targets[name], copy)
    marker.unlink()
    sweep_below(root)  # of a restore that was killed
    return RestoreOutcome(
        len(brought),
        sum(copy.bytes for copy in brought.values()),
        listing.made_at,
        all(copy.sha256 is not None for copy in listing.files.values()),
        left_out,
        listing.kept,
        listing.damaged,
    )


def _targets(root: Path, listing: BackupListing, source: Path) -> dict[str, Path]:
    try:
        return {name: path_below(root, name) for name in listing.files}
    except PathError as error:
        raise BackupError(
            f"{source / LISTING} cannot be trusted: {error}", code="unsafe-path"
        ) from error


def _damaged(source: Path, listing: BackupListing) -> dict[str, str]:
    """Symbol's folder or file -> which copies are not those that were made."""
    reasons: dict[str, str] = {}
    for name, copy in listing.files.items():
        path = listing.path(source, name)
        if not _is_sound(path, copy):
            group = group_of(name)
            more = f"{reasons[group]}, " if group in reasons else ""
            reasons[group] = f"{more}{path} is missing or damaged"
    return reasons


def _is_sound(path: Path, copy: FileCopy) -> bool:
    try:
        is_as_long = path.is_file() and path.stat().st_size == copy.bytes
        return is_as_long and (copy.sha256 is None or copy.sha256 == file_sha256(path))
    except OSError:
        return False


def _refusal(source: Path, damaged: Mapping[str, str]) -> str:
    shown = "; ".join(list(damaged.values())[:_SHOWN])
    more = f"; and {len(damaged) - _SHOWN} more" if len(damaged) > _SHOWN else ""
    return (
        f"{shown}{more}; nothing was restored. Use another backup; or make this one whole by "
        f"`regime backup --check {source}` where the data root still exists; or restore the rest "
        "with --skip-damaged"
    )


def _bring_back(path: Path, target: Path, copy: FileCopy) -> None:
    def write(temporary: Path) -> None:
        if copy_hashed(path, temporary) != copy.sha256 and copy.sha256 is not None:
            raise RegimeError(
                f"{path} was changed while it was restored; start the restore again, which goes on",
                code="changed-while-read",
            )

    write_atomically(target, write)
