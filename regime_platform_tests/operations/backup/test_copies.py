"""Copies are reused while they are sound, and made again where they are not."""

import os
import random
from pathlib import Path

from regime_platform.bar_store.layout import DataRoot
from regime_platform.operations.backup.backup import backup
from regime_platform.operations.backup.copies import CHECKED_EVERY
from regime_platform.settings import Settings
from regime_platform_tests.conftest import NOW
from regime_platform_tests.operations.backup.backed_up import flip
from regime_platform_tests.scenario import later


def test_a_damaged_copy_is_detected_in_its_turn_and_made_again(used: Settings, copy: Path) -> None:
    path = copy / "assets/OAK/compute.db"
    sound = path.read_bytes()
    flip(path, random.Random(3))
    state = path.stat()
    for day in range(1, CHECKED_EVERY + 1):
        at = later(NOW, 24 * day)
        if backup(DataRoot(used.data_root), copy, at).damaged_copies:
            break

    assert path.read_bytes() == sound
    flip(path, random.Random(4))
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))
    made = backup(DataRoot(used.data_root), copy, NOW, check_all=True)
    assert made.damaged_copies == ("assets/OAK/compute.db",)
    assert path.read_bytes() == sound


def test_what_is_unchanged_is_not_copied_again_and_nothing_is_written(
    used: Settings, copy: Path
) -> None:
    before = {path: path.stat().st_ino for path in copy.rglob("*") if path.is_file()}

    made = backup(DataRoot(used.data_root), copy, later(NOW))

    after = {path: path.stat().st_ino for path in copy.rglob("*") if path.is_file()}
    assert made.copied == 0
    assert {path.name for path in after if after[path] != before[path]} == {"backup.json"}
