"""The index of the snapshots: a line of JSON for each, so that none is opened to be found."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

from regime_platform.bar_store.layout import DataRoot
from regime_platform.errors import ResultsError
from regime_platform.manifests.snapshot import Listing

#: What readers use of an entry.
_USED = frozenset({"label", "file", "date", "name", "number", "seal"})
_FILE = re.compile(r"manifest_(?P<date>\d{4}-\d{2}-\d{2})(\.(?P<revision>\d+))?\.json")


def read_index(root: DataRoot) -> list[Listing]:
    """The snapshots listed, in the order of writing.

    Raises:
        ResultsError: a line is damaged.
    """
    path = root.snapshot_index
    try:
        lines = path.read_bytes().split(b"\n")[:-1]  # what has no end of line was never written
        return [_listing(json.loads(line)) for line in lines]
    except FileNotFoundError:
        return []
    except ValueError as error:
        raise ResultsError(
            f"{path} is damaged ({error}); restore it from a backup, or remove it: it is made anew "
            "from the snapshots",
            code="snapshot-index-damaged",
        ) from error


def _listing(facts: object) -> Listing:
    if not isinstance(facts, dict) or not facts.keys() >= _USED:
        raise ValueError("a line is no entry of a snapshot")
    if not _FILE.fullmatch(str(facts["file"])):
        raise ValueError(f"{facts['file']!a:.200} is no name of a snapshot")
    return facts


def snapshot_files(folder: Path) -> Iterator[tuple[str, int, Path]]:
    """Date, revision and path of every snapshot that lies in the folder."""
    for path in sorted(folder.glob("manifest_*.json")):
        found = _FILE.fullmatch(path.name)
        if found is not None:
            yield found["date"], int(found["revision"] or 1), path
