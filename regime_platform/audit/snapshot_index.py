"""The index of the snapshots: a line of JSON for each, so that finding one opens no other."""

import re
from collections.abc import Iterator
from pathlib import Path

from pydantic import ValidationError

from regime_platform.bar_store.layout import DataRoot
from regime_platform.errors import ResultsError
from regime_platform.manifests.snapshot import SnapshotSummary
from regime_platform.model.document import first_fault

_FILE = re.compile(r"manifest_(?P<date>\d{4}-\d{2}-\d{2})(\.(?P<revision>\d+))?\.json")


def read_index(root: DataRoot) -> list[SnapshotSummary]:
    """The snapshots listed, in the order of writing.

    Raises:
        ResultsError: a line is damaged.
    """
    path = root.snapshot_index
    try:
        lines = path.read_bytes().split(b"\n")[:-1]  # what has no end of line was never written
        return [_listing(line) for line in lines]
    except FileNotFoundError:
        return []
    except ValueError as error:
        raise ResultsError(
            f"{path} is damaged ({error}); restore it from a backup, or remove it: it is rebuilt "
            "from the snapshots",
            code="snapshot-index-damaged",
        ) from error


def _listing(line: bytes) -> SnapshotSummary:
    try:
        summary = SnapshotSummary.model_validate_json(line)
    except ValidationError as error:
        raise ValueError(f"a line is no entry of a snapshot, {first_fault(error)}") from error
    if not _FILE.fullmatch(summary.file):
        raise ValueError(f"{summary.file!a:.200} is no name of a snapshot")
    return summary


def snapshot_files(folder: Path) -> Iterator[tuple[str, int, Path]]:
    """Date, revision and path of every snapshot that lies in the folder."""
    for path in sorted(folder.glob("manifest_*.json")):
        match = _FILE.fullmatch(path.name)
        if match is not None:
            yield match["date"], int(match["revision"] or 1), path
