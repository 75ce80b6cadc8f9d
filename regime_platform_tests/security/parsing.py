"""What a parser of outside bytes owes: its value, or an error of the platform that can be shown."""

import random
import re
import resource
import signal
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from regime_platform.errors import RegimeError
from regime_platform.inert_text import inert
from regime_platform_tests.security.mutation import mutated

_SECONDS = 20  # for an input, on a machine that is busy with others
_MOST_GROWTH = 512 * 1024  # KiB of memory for an input of half a megabyte
_LONGEST = 20_000  # characters of a message
_VARYING = re.compile(r"'[^']*'|\"[^\"]*\"|[0-9]+|/\S+")


@dataclass(frozen=True)
class Parser:
    """One parser, and inputs that it accepts."""

    name: str
    parse: Callable[[bytes, Path], object]  # the bytes, and an empty folder for files
    seeds: Callable[[], Sequence[bytes]]
    #: What it may raise beside errors of the platform: callers turn these into them.
    raises: tuple[type[Exception], ...] = ()


def given(*seeds: bytes) -> Callable[[], Sequence[bytes]]:
    """Seeds that cost nothing to make."""
    return lambda: seeds


@dataclass
class Corpus:
    """Inputs worth damaging further: the seeds, and those that were refused for another reason."""

    parser: Parser
    rng: random.Random
    inputs: list[bytes] = field(default_factory=list)
    reasons: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.inputs = list(self.parser.seeds())

    def draw(self) -> bytes:
        """The next input."""
        return mutated(self.rng, self.rng.choice(self.inputs), self.inputs)

    def note(self, data: bytes, reason: str) -> None:
        """Keeps ``data`` where its reason is a new one."""
        if reason not in self.reasons and len(self.inputs) < 2000:
            self.reasons.add(reason)
            self.inputs.append(data)


class Fault(Exception):  # noqa: N818 - what a parser did, not what failed here
    """A parser did not keep its promise."""

    @property
    def kind(self) -> str:
        """Where an error of another library was raised, or what is wrong with a message."""
        text = str(self)
        return text.rpartition("File ")[2] if "File " in text else _VARYING.sub("_", text)[:40]


def checked(parser: Parser, data: bytes, folder: Path) -> str:
    """Why the parser refused ``data``, in general terms; empty where it did not.

    Raises:
        Fault: it ended with an error of another library, took too long or too much memory, has a
            message that is not safe to show, or left files.
    """
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    try:
        with _deadline():
            parser.parse(data, folder)
        reason = ""
    except RegimeError as error:
        reason = _reason(error)
    except Fault:
        raise
    except parser.raises as error:
        reason = _general(error)
    except Exception as error:  # the point of it all
        last = "".join(traceback.format_exception(error)[-3:])
        raise Fault(f"{type(error).__name__}: {error!s:.300}\n{last}") from error
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    if grown > _MOST_GROWTH:
        raise Fault(f"took {grown / 1024:,.0f} MiB for {len(data):,} bytes")
    return reason


def smallest(parser: Parser, data: bytes, kind: str, folder: Path) -> bytes:
    """A shorter input with the same fault, by leaving out pieces."""
    size = len(data)
    for _ in range(14):
        size = max(size // 2, 1)
        for start in range(0, min(len(data), 40 * size), size):
            shorter = data[:start] + data[start + size :]
            try:
                checked(parser, shorter, folder)
            except Fault as error:
                data = shorter if error.kind == kind else data
    return data


def require_shown(message: str) -> None:
    """Refuses a message that cannot be shown to a person, or is longer than one reads."""
    if not message.strip() or message != inert(message):
        raise Fault(f"has no message that can be shown: {message!r}")
    if len(message) > _LONGEST:
        raise Fault(f"has a message of {len(message):,} characters: {message[:200]}")


def _reason(error: RegimeError) -> str:
    require_shown(str(error))
    return f"{error.code}: {_general(error)}"


def _general(error: Exception) -> str:
    return f"{type(error).__name__} {_VARYING.sub('_', str(error)[:2000])[:160]}"


@contextmanager
def _deadline() -> Iterator[None]:
    def end(_signal: int, _frame: object) -> None:
        raise TimeoutError(f"took more than {_SECONDS} s")

    before = signal.signal(signal.SIGALRM, end)
    signal.alarm(_SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
