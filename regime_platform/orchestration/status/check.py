"""The result of a check, for `regime doctor` and `regime status`."""

import shutil
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

from regime_platform.errors import RegimeError
from regime_platform.settings import Settings

CheckStatus = Literal["ok", "note", "error"]

_NAMED = 3  # items in a cell
_DESCRIBED = 10  # items of a problem in one line
_LITTLE_SPACE = 2 * 10**9  # bytes


class Item(Protocol):
    """One of what a check counts."""

    @property
    def name(self) -> str:
        """In a few words."""
        ...

    @property
    def reason(self) -> str:
        """More about it; may be empty."""
        ...


@dataclass(frozen=True)
class SymbolItem:
    """A symbol, or one of its series."""

    symbol: str
    timeframe: str = ""
    reason: str = ""

    @property
    def name(self) -> str:
        """Symbol and timeframe."""
        return f"{self.symbol} {self.timeframe}".rstrip()


@dataclass(frozen=True)
class Check:
    """The result of a check."""

    name: str
    status: CheckStatus
    detail: str
    remedy: str = ""  # where ``detail`` does not end with it
    is_fatal: bool = False  # nothing runs, or the state cannot be read
    more: str = ""  # the command that shows more
    items: Sequence[Item] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)  # numbers of ``detail``, for programs

    @property
    def key(self) -> str:
        """Its name in JSON."""
        return self.name.lower().replace(" ", "_").replace("'", "")

    def text(self) -> str:
        """Detail and remedy as one line."""
        return f"{self.detail}; {self.remedy}" if self.remedy else self.detail

    def problem(self) -> str:
        """The same with the first items and their reasons."""
        if not self.items:
            return self.detail
        described = [f"{item.name} {item.reason}".rstrip() for item in self.items[:_DESCRIBED]]
        more = len(self.items) - _DESCRIBED
        described += [f"and {more:,} more"] if more > 0 else []
        return f"{len(self.items):,}: {'; '.join(described)}"

    def row(self) -> dict[str, Any]:
        """The row of ``regime status --json``."""
        return {
            "what": self.key,
            "status": self.status,
            "count": len(self.items),
            "detail": self.detail,
            "remedy": self.remedy,
            "more": self.more,
            "items": [asdict(item) for item in self.items],  # type: ignore[call-overload]
            "facts": dict(self.facts),
        }


def counted(
    name: str, status: CheckStatus, items: Sequence[Item], *, more: str = "", remedy: str = ""
) -> Check:
    """A check that is ok where there are no ``items``; else their number and the first names."""
    if not items:
        return Check(name, "ok", "none")
    detail = named([item.name for item in items])
    return Check(name, status, detail, remedy, more=more, items=items)


def named(names: Collection[str]) -> str:
    """Such as "5: AAA, BBB, CCC, ..."."""
    more = ", ..." if len(names) > _NAMED else ""
    return f"{len(names):,}: {', '.join(list(names)[:_NAMED])}{more}"


def command(words: str, symbols: Collection[str]) -> str:
    """A command for the first of some symbols, each once, short enough for a cell."""
    first = list(dict.fromkeys(symbols))[:_NAMED]
    while len(first) > 1 and len(" ".join((words, *first))) > _LONGEST_COMMAND:
        first.pop()
    return " ".join((words, *first))


_LONGEST_COMMAND = 24


def gigabytes(size: float) -> str:
    """A number of bytes in the unit of all texts about the disk."""
    return f"{size / 1e9:,.{1 if size >= 1e10 else 2}f} GB"


def free_space(folder: Path) -> Check:
    """The free space of the disk of ``folder``; reads no file."""
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    free = shutil.disk_usage(existing).free
    is_little = free < _LITTLE_SPACE
    remedy = "free space or move the data root" if is_little else ""
    return Check("disk", "error" if is_little else "ok", f"{gigabytes(free)} free", remedy)


CheckFunction = Callable[[Settings], list[Check]]


def run_checks(settings: Settings, checks: Sequence[CheckFunction]) -> list[Check]:
    """The results of ``checks``; a check that raises has the reason as its result."""
    done: list[Check] = []
    for check in checks:
        try:
            done.extend(check(settings))
        except Exception as error:  # noqa: BLE001 - the other checks must still run
            name = check.__name__.strip("_").replace("_", " ")
            done.append(Check(name, "error", reason_of(error)))
    return done


def reason_of(error: Exception) -> str:
    """Why a check failed."""
    if isinstance(error, RegimeError | OSError):
        return str(error)
    return f"unexpected {type(error).__name__}: {error}"
