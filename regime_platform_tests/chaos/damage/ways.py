"""Ways in which a file may be damaged."""

import os
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

_BLOCK = 512


@dataclass(frozen=True)
class Target:
    """A file, the same file of an earlier store, and one of the same kind."""

    path: Path
    earlier: Path
    other: Path  # ``path`` where there is none


Way = Callable[[Target, random.Random], bool]


def flip(target: Target, chance: random.Random) -> bool:
    """One bit."""
    return _rewritten(target, _flipped(target.path.read_bytes(), chance))


def kept_flip(target: Target, chance: random.Random) -> bool:
    """One bit, and size, inode and time of writing stay."""
    stat = target.path.stat()
    is_done = flip(target, chance)
    os.utime(target.path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    return is_done


def truncated(target: Target, chance: random.Random) -> bool:
    data = target.path.read_bytes()
    return _rewritten(target, data[: chance.randrange(len(data))] if data else data)


def zeroed_tail(target: Target, chance: random.Random) -> bool:
    """As a file system may leave it after a power cut."""
    data = target.path.read_bytes()
    start = chance.randrange(len(data) + 1)
    return _rewritten(target, data[:start] + bytes(len(data) - start))


def zeroed_block(target: Target, chance: random.Random) -> bool:
    data = target.path.read_bytes()
    start = chance.randrange(len(data) // _BLOCK + 1) * _BLOCK
    end = min(len(data), start + _BLOCK)
    return _rewritten(target, data[:start] + bytes(end - start) + data[end:])


def appended(target: Target, chance: random.Random) -> bool:
    data = target.path.read_bytes()
    return _rewritten(target, data + chance.randbytes(chance.randrange(1, 2 * _BLOCK)))


def emptied(target: Target, _chance: random.Random) -> bool:
    return _rewritten(target, b"")


def removed(target: Target, _chance: random.Random) -> bool:
    target.path.unlink()
    return True


def of_another(target: Target, _chance: random.Random) -> bool:
    """Replaced by the same file of another symbol."""
    return _rewritten(target, target.other.read_bytes())


def swapped(target: Target, _chance: random.Random) -> bool:
    """The two have each other's content."""
    data, other = target.path.read_bytes(), target.other.read_bytes()
    target.other.write_bytes(data)
    return _rewritten(target, other)


def rolled_back(target: Target, _chance: random.Random) -> bool:
    """Replaced by what it was earlier."""
    return target.earlier.is_file() and _rewritten(target, target.earlier.read_bytes())


WAYS: Mapping[str, Way] = {
    way.__name__: way
    for way in (
        flip, flip, kept_flip, truncated, zeroed_tail, zeroed_block, appended, emptied, removed,
        of_another, swapped, rolled_back,
    )
}  # fmt: skip


def _flipped(data: bytes, chance: random.Random) -> bytes:
    changed = bytearray(data)
    if data:
        changed[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def _rewritten(target: Target, data: bytes) -> bool:
    """In place, so that the inode stays; False where nothing is another."""
    if target.path.read_bytes() == data:
        return False
    with target.path.open("r+b") as stream:
        stream.write(data)
        stream.truncate()
    return True
