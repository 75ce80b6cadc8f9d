"""A machine whose clock jumps, beside a vendor whose clock is right: a part of `make chaos`.

In the end the clock is right as well, and everything is to be as if it had always been.
"""

import datetime as dt
import itertools
import random
import shutil
from collections.abc import Iterator
from pathlib import Path

from regime_platform_tests.chaos.command import command, environment
from regime_platform_tests.chaos.trials import Trial
from regime_platform_tests.chaos.vendor.loopback import utc_now
from regime_platform_tests.chaos.vendor.story import Story

#: By how much the clock is wrong while a command runs.
JUMPS = {
    "right clock": dt.timedelta(),
    "an hour back": -dt.timedelta(hours=1),
    "ten minutes ahead": dt.timedelta(minutes=10),
    "a day ahead": dt.timedelta(days=1),
    "a week back": -dt.timedelta(days=7),
    "nine years ahead": dt.timedelta(days=9 * 365),
    "nine years back": -dt.timedelta(days=9 * 365),
}
_STEPS = [dt.timedelta(minutes=15), dt.timedelta(hours=5), dt.timedelta(hours=23)]
_LATE = dt.timedelta(hours=23, minutes=58)  # of the day: a command then goes on past midnight
_COMMANDS = (("update", "--all"), ("backfill", "--all"), ("run", "--all"))
#: What an operator looks at meanwhile: it may complain, and ends with an exit code of its own.
_LOOKS = (
    ("status", "--json"),
    ("board", "--json"),
    ("doctor", "--json"),
    ("snapshot", "take", "--json"),
    ("verify", "--all", "--json"),
    ("state", "HUB", "--json"),
)


def trials(seed: int, folder: Path) -> Iterator[Trial]:
    """Some weeks with a clock that jumps, again and again."""
    random_ = random.Random(seed)
    for number in itertools.count():
        where = folder / str(number)
        tried = list(weeks(random_.randrange(2**32), where))
        yield from tried
        if not any(trial.problem for trial in tried):
            shutil.rmtree(where)


def weeks(seed: int, folder: Path, *, chapters: int = 12) -> Iterator[Trial]:
    """The jumps of one seed, and whether they left a trace."""
    folder.mkdir(parents=True)
    with Story.begun(folder, seed) as story, environment(**story.ready()):
        is_ahead = dt.timedelta()
        story.vendor.is_dated = True

        def right_now() -> dt.datetime:
            return utc_now() - is_ahead

        def right_time() -> float:
            return right_now().timestamp()

        assert story.vendor.plan is not None
        story.vendor.now, story.vendor.plan.clock = right_now, right_time
        for name in (story.random.choice(sorted(JUMPS)) for _ in range(chapters)):
            _pass_time(story)
            is_ahead = JUMPS[name]
            story.clock.shift(is_ahead)
            before = len(story.problems)
            story.run(*story.random.choice(_COMMANDS))
            _look(story)
            story.clock.shift(-is_ahead)
            is_ahead = dt.timedelta()
            yield Trial(name, _problem(seed, story.problems[before:]))
        before = len(story.problems)
        story.end()
        problems = [*story.problems[before:], *story.vendor.problems]
        yield Trial("weeks that ended as with a right clock", _problem(seed, problems))


def _pass_time(story: Story) -> None:
    story.clock.shift(story.random.choice(_STEPS))
    if story.random.random() < 0.3:
        midnight = utc_now().replace(hour=0, minute=0, second=0, microsecond=0)
        story.clock.move_to(max(utc_now(), midnight + _LATE))


def _look(story: Story) -> None:
    words = story.random.choice(_LOOKS)
    ended = command(*words)
    if ended.code not in {0, 1, 2, 3} or "Traceback" in ended.shown:
        story.problems.append(f"{' '.join(words)}: {ended.code} {ended.shown[-800:]}")


def _problem(seed: int, problems: list[str]) -> str:
    return f"seed {seed}: {'; '.join(problems)}" if problems else ""
