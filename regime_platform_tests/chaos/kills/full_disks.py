"""Lets a command fail at every change of a file: full disk, no rights, no file handles, bad disk.

Besides these injected errors there are real limits: a small file system, where root may mount one,
and the largest size of a file. The command ends by itself and reports the failure: by its exit
code, or by a line where what failed is no part of its work. Then everything is as after a kill at
that point, and the same command, given again once the disk is sound, ends with what an undisturbed
one leaves.
"""

import errno
import os
import random
from collections.abc import Iterator
from pathlib import Path

from regime_platform_tests.chaos.kills.faulty_child import Fault
from regime_platform_tests.chaos.kills.killing import Killing
from regime_platform_tests.chaos.kills.subjects import SUBJECTS
from regime_platform_tests.chaos.trials import Trial

_NEW = frozenset({"open", "os.mkdir", "regime_platform.fsync"})
_ALL = _NEW | {"os.rename", "os.remove", "os.chmod"}
#: Kind -> what fails from some point on.
FAULTS = {
    "full disk": Fault(1, errno.ENOSPC, lasts=True, events=_NEW),
    "read-only": Fault(1, errno.EROFS, lasts=True, events=_ALL - {"regime_platform.fsync"}),
    "no rights": Fault(1, errno.EACCES, lasts=True, events=_ALL - {"regime_platform.fsync"}),
    "too many open files": Fault(1, errno.EMFILE, lasts=True, events=frozenset({"open"})),
    "failed flush": Fault(1, errno.EIO, events=frozenset({"regime_platform.fsync"})),
}


def trials(seed: int, folder: Path) -> Iterator[Trial]:
    """Every kind at points of every subject, in turn and without end."""
    killing, chance = Killing(folder), random.Random(seed)
    while True:
        for subject in chance.sample(SUBJECTS, len(SUBJECTS)):
            for kind, fault in FAULTS.items():
                points = [
                    point
                    for point in killing.undisturbed(subject).points
                    if point.event in fault.events
                ]
                if points:
                    yield killing.failed(subject, chance.choice(points), fault, kind)
            yield killing.with_short_files(subject, chance)
            if os.geteuid() == 0:
                yield killing.on_small_disk(subject, chance)
