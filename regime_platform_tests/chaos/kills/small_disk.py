"""A file system of its own over a folder, whose free room is set."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_ROOMY = 1 << 30  # bytes


class SmallDisk:
    """What is mounted at a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def leave(self, room: int) -> None:
        """Lets so many bytes be written from now on, rounded up to pages."""
        facts = os.statvfs(self._folder)
        used = (facts.f_blocks - facts.f_bfree) * facts.f_frsize
        _mount("-o", f"remount,size={used + max(room, 1)}", str(self._folder))

    def make_room(self) -> None:
        """Ends the shortage."""
        self.leave(_ROOMY)


@contextmanager
def small_disk(folder: Path) -> Iterator[SmallDisk]:
    """Mounted at the folder, roomy at first; what it has is gone in the end. For root alone."""
    folder.mkdir(parents=True, exist_ok=True)
    _mount("-t", "tmpfs", "-o", f"size={_ROOMY}", "tmpfs", str(folder))
    try:
        yield SmallDisk(folder)
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def size_below(folder: Path) -> int:
    """Bytes of all files, in whole pages."""
    sizes = (path.stat().st_size for path in folder.rglob("*") if path.is_file())
    return sum(-(-size // 4096) * 4096 for size in sizes)


def _mount(*words: str) -> None:
    subprocess.run(["mount", *words], check=True, capture_output=True)
