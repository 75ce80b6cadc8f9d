"""Two of everything: commands and runs of Dagster that begin together over the same symbols.

Each is a process of its own. Afterwards every one has ended in its time with an expected exit code
and no traceback, a run finishes what is left, everything verifies, no temporary file is left, and
bars, results and board are those of the same commands one after the other.
"""

import datetime as dt
import functools
import logging
import os
import random
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from pytest_httpserver import HTTPServer

from regime_platform.cli.main import main
from regime_platform.settings import Settings
from regime_platform_tests.chaos.several.dagster_range import run_everything
from regime_platform_tests.chaos.several.stored_answers import differences, stored_answers
from regime_platform_tests.chaos.trials import Trial
from regime_platform_tests.cli.vendor_stocks import environment
from regime_platform_tests.pipeline.vendor_street import list_stock, stock_bars, vendor_settings
from regime_platform_tests.prepared_process import PREPARED
from regime_platform_tests.vendor import LoopbackVendor

SYMBOLS = ("AAA", "BBB", "CCC")
_START = dt.datetime(2025, 1, 2, tzinfo=dt.UTC)
_BEFORE = "2026-11-06T02:00:00+00:00"
NOW = "2026-11-21T02:00:00+00:00"  # two weeks of bars later
_PATIENCE = 150.0  # seconds, under load; what takes longer is stuck
_APART = 0.6  # seconds, at most, between the beginnings of two commands
RUN_ALL = ("run", "--all", "--now", NOW)
_FETCHED = (("run", "--all", "--now", _BEFORE),)
_DAGSTER = "dagster"  # instead of a command: a run of the whole range
_GOOD = frozenset({0})


@dataclass(frozen=True)
class Race:
    """Commands that begin together, after others have ended."""

    name: str
    commands: tuple[tuple[str, ...], ...]
    before: tuple[tuple[str, ...], ...] = _FETCHED
    #: Exit codes beside 0 that are true: a command met a state of another one and says so.
    codes: frozenset[int] = field(default=_GOOD)
    #: A command that is refused where another one has begun, and is repeated after both.
    repeats: tuple[tuple[str, ...], ...] = ()


_SOME = frozenset({0, 1, 2, 3})
RACES = (
    Race("two backfills", (("backfill", "--all", "--now", NOW),) * 2, before=()),
    Race(
        "a backfill and an update",
        (("backfill", "--all", "--now", NOW), ("update", "--all", "--now", NOW)),
        before=(),
    ),
    Race("two updates", (("update", "--all", "--now", NOW),) * 2),
    Race("two runs", (RUN_ALL,) * 2),
    Race(
        "two computes",
        (("compute", "--all", "--force", "--now", NOW),) * 2,
        before=(*_FETCHED, ("update", "--all", "--now", NOW)),
    ),
    Race("a run and a run of Dagster", (RUN_ALL, (_DAGSTER,))),
    Race("two runs of Dagster", ((_DAGSTER,),) * 2),
    Race("a run and a compaction", (RUN_ALL, ("compact", "--all"))),
    Race("a run and a repair", (RUN_ALL, ("repair", "--all", "--yes", "--now", NOW))),
    Race("two repairs", (("repair", "--all", "--yes", "--now", NOW),) * 2),
    Race("a run and a backup", (RUN_ALL, ("backup", "BACKUP", "--now", NOW))),
    Race(
        "two backups",
        (("backup", "BACKUP", "--now", NOW),) * 2,
        codes=frozenset({0, 2}),  # the one that finds the folder in use
        repeats=(("backup", "BACKUP", "--now", NOW),),
    ),
    Race("a run and a snapshot", (RUN_ALL, ("snapshot", "take", "--now", NOW))),
    Race("two snapshots", (("snapshot", "take", "--now", NOW),) * 2),
    Race(
        "a run and a rename",
        (RUN_ALL, ("universe", "rename", "BBB", "NEW", "--provider-symbol", "NEW", "--now", NOW)),
        codes=_SOME,
        repeats=(("universe", "rename", "BBB", "NEW", "--provider-symbol", "NEW", "--now", NOW),),
    ),
    Race(
        "a run of Dagster and a rename",
        (
            (_DAGSTER,),
            ("universe", "rename", "BBB", "NEW", "--provider-symbol", "NEW", "--now", NOW),
        ),
        codes=_SOME,
        repeats=(("universe", "rename", "BBB", "NEW", "--provider-symbol", "NEW", "--now", NOW),),
    ),
    Race(
        "a run and edits of the universe",
        (
            RUN_ALL,
            ("universe", "remove", "CCC"),
            ("universe", "delist", "AAA"),
        ),
        codes=_SOME,
    ),
    Race(
        "a run, a validation and a verification",
        (RUN_ALL, ("validate", "--all"), ("verify", "--all")),
    ),
    Race(
        "a run, a compaction, a backup and a run",
        (RUN_ALL, ("compact", "--all"), ("backup", "BACKUP", "--now", NOW), RUN_ALL),
    ),
)


@dataclass(frozen=True)
class Begun:
    """A command at work."""

    words: tuple[str, ...]
    process: ForkServerProcess
    output: Path


def trials(seed: int, folder: Path) -> Iterator[Trial]:
    """All races, again and again, with other beginnings each time."""
    chance = random.Random(seed)
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    with HTTPServer() as server:
        stage = Stage(server, folder)
        while True:
            for race in RACES:
                yield Trial(race.name, stage.problem(race, chance))


class Stage:
    """A vendor, and data roots that are copied for each race."""

    def __init__(self, server: HTTPServer, folder: Path) -> None:
        self._vendor = LoopbackVendor(server, most_rows=120, asset_class="US_EQUITY")
        self._folder = folder
        end = dt.datetime.fromisoformat(NOW)
        for seed, symbol in enumerate((*SYMBOLS, "NEW")):
            for frame in ("1day", "1week"):
                bars = stock_bars(frame, _START, end, seed=1 if symbol == "NEW" else seed)
                list_stock(self._vendor, symbol, frame, bars)

    def problem(self, race: Race, chance: random.Random) -> str:
        """What was wrong after a race; empty where nothing was."""
        expected = self._expected(race)
        settings = self.copied(self._prepared(race.before), f"race-{chance.random()}")
        begun = [
            begin(settings, words, chance.uniform(0, _APART) * (number > 0))
            for number, words in enumerate(race.commands)
        ]
        problems = [*ended(begun, race.codes)]
        if not problems:
            problems += _carried_on(settings, race)
            problems += differences(expected, stored_answers(settings))
        if problems:
            return f"{'; '.join(problems)} (in {settings.data_root.parent})"
        shutil.rmtree(settings.data_root.parent)
        return ""

    @functools.cache  # noqa: B019 - a stage lives as long as its process
    def _expected(self, race: Race) -> Mapping[str, str]:
        """What is stored when the commands ran one after the other."""
        settings = self.copied(self._prepared(race.before), f"calm-{race.name}")
        for words in race.commands:
            problems = [*ended([begin(settings, words, 0.0)], race.codes)]
            assert not problems, problems
        problems = _carried_on(settings, race)
        assert not problems, problems
        return stored_answers(settings)

    @functools.cache  # noqa: B019 - a stage lives as long as its process
    def _prepared(self, commands: tuple[tuple[str, ...], ...]) -> Path:
        folder = self._folder / f"prepared-{len(list(self._folder.iterdir()))}"
        settings = self.settings(folder.name)
        for words in commands:
            problems = [*ended([begin(settings, words, 0.0)], _GOOD)]
            assert not problems, problems
        return folder

    def settings(self, name: str) -> Settings:
        """A new data root."""
        return vendor_settings(self._folder / name, self._vendor, SYMBOLS)

    def pages(self) -> int:
        """How many pages of bars were requested so far."""
        return len(self._vendor.asked("/time_series"))

    def copied(self, prepared: Path, name: str) -> Settings:
        """A copy of a folder with a data root in it."""
        name = name.replace(" ", "-")
        shutil.copytree(prepared, self._folder / name)
        return self.settings(name)


def begin(settings: Settings, words: tuple[str, ...], delay: float) -> Begun:
    """Starts a command over a data root, after some seconds."""
    folder = settings.data_root.parent
    output = folder / f"output-{time.monotonic_ns()}"
    here = {**os.environ, **environment(settings), "REGIME_WORKERS": "1"}
    process = PREPARED.Process(target=_command, args=(words, here, folder, output, delay))
    process.start()
    return Begun(words, process, output)


def _command(
    words: Sequence[str], environment: Mapping[str, str], folder: Path, output: Path, delay: float
) -> None:
    with output.open("w") as stream:
        for descriptor in (1, 2):
            os.dup2(stream.fileno(), descriptor)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    time.sleep(delay)
    if words == (_DAGSTER,):
        run_everything(dt.datetime.fromisoformat(NOW))
    else:
        main([word if word != "BACKUP" else str(folder / "backup") for word in words])


def ended(begun: Sequence[Begun], codes: frozenset[int]) -> Iterator[str]:
    """What is wrong with how the commands ended; waits for all of them."""
    deadline = time.monotonic() + _PATIENCE
    for each in begun:
        each.process.join(max(0.0, deadline - time.monotonic()))
        name, text = " ".join(each.words), each.output.read_text()
        code = each.process.exitcode
        if code is None:
            each.process.kill()
            each.process.join()
            yield f"`{name}` did not end: {text[-500:]}"
        elif code not in codes or "Traceback" in text or "unexpected" in text:
            yield f"`{name}` ended with {code}: {text[-1500:]}"


def _carried_on(settings: Settings, race: Race) -> list[str]:
    """What is wrong once the commands that were refused are repeated and a run has finished."""
    problems: list[str] = []
    for words in race.repeats:
        list(ended([begin(settings, words, 0.0)], _SOME))  # it may have been done already
    for words in (RUN_ALL, ("verify", "--all")):
        problems += ended([begin(settings, words, 0.0)], _GOOD)
    root = settings.data_root
    problems += [f"left {path}" for path in root.rglob(".tmp-*")]
    return problems
