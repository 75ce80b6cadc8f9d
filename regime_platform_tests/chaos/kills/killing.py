"""Kills a command at every change of a file, and the whole pipeline at any time.

After a kill every reader answers as before the command or as after it, `verify` finds no damage,
and the same command, given again, ends with what an undisturbed one leaves.
"""

import os
import random
import re
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from regime_platform_tests.chaos.kills.faulty_child import (
    JOB,
    Ended,
    Fault,
    Point,
    distinct,
    run_command,
)
from regime_platform_tests.chaos.kills.observed import (
    ERROR,
    Answers,
    answers,
    command,
    damages,
    settled,
)
from regime_platform_tests.chaos.kills.small_disk import size_below, small_disk
from regime_platform_tests.chaos.kills.subjects import RUN, SUBJECTS, Bases, Subject, places
from regime_platform_tests.chaos.trials import Trial

#: Whose kills at any time are tried.
PIPELINE = tuple(subject for subject in SUBJECTS if subject.words[0] in {"run", JOB})
_IN_TURN = 4
#: What shows that a symbol failed, where the others were done.
_WITH_ROWS_OF_FAILURES = "board"


@dataclass(frozen=True)
class Undisturbed:
    """What there is before a command, after it, and once a run followed it."""

    before: Answers
    after: Answers
    settled: Answers
    points: tuple[Point, ...]
    took: float  # seconds
    sizes: tuple[int, ...]  # of the files that it leaves, in bytes
    growth: int  # bytes that it leaves more than it found


class Killing:
    """Tries subjects, each trial in a fresh copy of its base."""

    def __init__(self, folder: Path) -> None:
        self._bases = Bases(folder / "bases")
        self._at = folder / "data root"
        self._known: dict[str, Undisturbed] = {}

    def undisturbed(self, subject: Subject) -> Undisturbed:
        """Made once for each subject."""
        if subject.name not in self._known:
            self._bases.copy(subject.base, self._at)
            before, size = answers(self._at), size_below(self._at)
            begun = time.monotonic()
            ended = run_command(self._at, places(subject.words, self._at))
            took = time.monotonic() - begun
            assert ended.code == 0, f"{subject.name}: {ended.output[-2000:]}"
            after, growth = answers(self._at), size_below(self._at) - size
            sizes = {path.stat().st_size for path in self._at.rglob("*") if path.is_file()}
            command(self._at, *RUN)
            self._known[subject.name] = Undisturbed(
                before, after, settled(self._at), ended.points, took, tuple(sorted(sizes)), growth
            )
        return self._known[subject.name]

    def killed(self, subject: Subject, point: Point, *, is_torn: bool = False) -> Trial:
        """Kills the command at a point, and gives it again."""
        self.undisturbed(subject)
        self._bases.copy(subject.base, self._at)
        fault = Fault(point.number, is_torn=is_torn)
        ended = run_command(self._at, places(subject.words, self._at), fault)
        problem = self._survived(subject) if ended.is_killed else f"ended with {ended.code}"
        kind = "torn line" if is_torn else "kill"
        at = f" at {point.number}, {point.name}: {problem}" if problem else ""
        return Trial(f"{kind}: {subject.name}", at)

    def failed(self, subject: Subject, point: Point, fault: Fault, kind: str) -> Trial:
        """Lets the command fail at a point, and gives it again."""
        self.undisturbed(subject)
        self._bases.copy(subject.base, self._at)
        here = replace(fault, at=point.number)
        ended = run_command(self._at, places(subject.words, self._at), here)
        is_silent = ended.code == 0 and fault.lasts and os.strerror(fault.errno) not in ended.output
        problem = (
            _misreported(subject, ended)
            or (f"nothing is reported: {ended.output[-500:]}" if is_silent else "")
            or self._survived(subject, _WITH_ROWS_OF_FAILURES)
        )
        at = f" at {point.number}, {point.name}: {problem}" if problem else ""
        return Trial(f"{kind}: {subject.name}", at)

    def on_small_disk(self, subject: Subject, chance: random.Random) -> Trial:
        """Gives the command on a disk with less room than it may need, and again with enough."""
        room = int(chance.random() * 1.5 * max(self.undisturbed(subject).growth, 1 << 16))
        with small_disk(self._at) as disk:
            self._bases.copy(subject.base, self._at)
            disk.leave(room)
            ended = run_command(self._at, places(subject.words, self._at), Fault(0))
            disk.make_room()
            problem = _misreported(subject, ended) or self._survived(
                subject, _WITH_ROWS_OF_FAILURES
            )
        kind = "small disk" if ended.code else "small disk that was enough"
        return Trial(f"{kind}: {subject.name}", problem and f"with {room} bytes left: {problem}")

    def with_short_files(self, subject: Subject, chance: random.Random) -> Trial:
        """Gives the command where no file may exceed a size, and again where all may."""
        sizes = self.undisturbed(subject).sizes
        self._bases.copy(subject.base, self._at)
        limit = chance.choice(sizes[len(sizes) // 2 :]) - chance.randrange(1, 4096)
        fault = Fault(0, file_size=max(limit, 1 << 12))
        ended = run_command(self._at, places(subject.words, self._at), fault)
        problem = _misreported(subject, ended) or self._survived(subject, _WITH_ROWS_OF_FAILURES)
        kind = "limit of file size" if ended.code else "limit of file size that was enough"
        return Trial(f"{kind}: {subject.name}", problem and f"of {fault.file_size}: {problem}")

    def killed_at_times(self, subject: Subject, chance: random.Random) -> Iterator[Trial]:
        """Kills the command and its repetitions at any time, until one comes to its end."""
        self.undisturbed(subject)
        self._bases.copy(subject.base, self._at)
        took, fault = self._known[subject.name].took, f"any time: {subject.name}"
        for _ in range(8):
            wait = partial(_kill_after, chance.random() * took)
            ended = run_command(self._at, places(subject.words, self._at), while_running=wait)
            if not ended.is_killed:
                break
            yield Trial(fault, self._answers_of_either(subject))
        yield Trial(f"{fault}, then finished", self._finished(subject))

    def _survived(self, subject: Subject, left_out: str = "-") -> str:
        return self._answers_of_either(subject, left_out) or self._finished(subject)

    def _answers_of_either(self, subject: Subject, left_out: str = "-") -> str:
        """What a reader answers that neither state has, else what `verify` finds."""
        known = self._known[subject.name]
        if not (self._at / "data/universe.yaml").exists():
            return ""
        for name, answer in answers(self._at).items():
            if name.startswith(left_out):
                continue
            if answer not in {known.before.get(name), known.after.get(name)} and not (
                answer.startswith(ERROR) and "`regime " in answer
            ):
                return f"{name}: {_difference(known.before.get(name, ''), answer)}"
        findings = [] if subject.base == "damaged" else damages(self._at)
        return "; ".join(findings)

    def _finished(self, subject: Subject) -> str:
        """What differs from an undisturbed command once it was given again."""
        if subject.words[0] == JOB:
            ended = run_command(self._at, subject.words)
            code, output = ended.code, ended.output
        else:
            code, output = command(self._at, *places(subject.words, self._at))
        if code not in subject.codes:
            return f"given again it ended with {code}: {output[-600:]}"
        code, output = (0, "") if subject.words == RUN else command(self._at, *RUN)
        if code:
            return f"the run after it ended with {code}: {output[-600:]}"
        wanted, now = self._known[subject.name].settled, settled(self._at)
        for name in sorted({*wanted, *now}):
            if wanted.get(name) != now.get(name):
                return f"{name}: {_difference(wanted.get(name, ''), now.get(name, ''))}"
        left = [path.name for path in self._at.rglob(".tmp-*") if "proven" not in path.parts]
        return f"left behind: {left}" if left else ""


def _misreported(subject: Subject, ended: Ended) -> str:
    """What is wrong with how a command ended that met an error."""
    is_shown = subject.words[0] != JOB  # which this process begins itself, without a command line
    if ended.code < 0 or (is_shown and re.search("Traceback|unexpected", ended.output)):
        return f"ended with {ended.code}: {ended.output[-700:]}"
    return ""


def _difference(wanted: str, now: str) -> str:
    """Words of one and not of the other."""
    other = [{*text.replace(',"', '\n"').splitlines()} for text in (wanted, now)]
    return f"lacks {sorted(other[0] - other[1])}, has {sorted(other[1] - other[0])}"[:900]


def _kill_after(seconds: float, process: int) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        time.sleep(0.002)
        if not Path(f"/proc/{process}").exists():
            return
    os.kill(process, signal.SIGKILL)


def trials(seed: int, folder: Path) -> Iterator[Trial]:
    """Every point of every subject, some of each in turn, and kills of the pipeline at any time.

    Once all points were tried, those at any time go on without end.
    """
    killing, chance = Killing(folder), random.Random(seed)
    left: dict[str, list[tuple[Point, bool]]] = {}
    while True:
        for subject in chance.sample(SUBJECTS, len(SUBJECTS)):
            if subject.name not in left:
                left[subject.name] = _points(killing, subject)
                chance.shuffle(left[subject.name])
            for _ in range(min(_IN_TURN, len(left[subject.name]))):
                point, is_torn = left[subject.name].pop()
                yield killing.killed(subject, point, is_torn=is_torn)
        for subject in chance.sample(PIPELINE, len(PIPELINE)):
            yield from killing.killed_at_times(subject, chance)


def _points(killing: Killing, subject: Subject) -> list[tuple[Point, bool]]:
    points = killing.undisturbed(subject).points
    states = [(point, False) for point in distinct(points)]
    torn = [(point, True) for point in points if point.is_append]
    print(f"  {subject.name}: {len(points)} points, {len(states)} states of the files", flush=True)
    return states + torn
