"""The result of a check, for `regime doctor` and `regime status`."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from regime_platform.errors import RegimeError
from regime_platform.settings import Settings


class Check(NamedTuple):
    """The result of a check."""

    name: str
    status: str  # ok, note, wrong (shown as error)
    detail: str
    remedy: str = ""  # where ``detail`` does not end with it
    is_fatal: bool = False  # nothing runs, or the state cannot be read

    def text(self) -> str:
        """Detail and remedy as one line."""
        return f"{self.detail}; {self.remedy}" if self.remedy else self.detail


CheckFunction = Callable[[Settings], list[Check]]


def run_checks(settings: Settings, checks: Sequence[CheckFunction]) -> list[Check]:
    """The results of ``checks``; a check that raises has the reason as its result."""
    done: list[Check] = []
    for check in checks:
        try:
            done.extend(check(settings))
        except Exception as error:  # noqa: BLE001 - the other checks must still run
            name = check.__name__.strip("_").replace("_", " ")
            done.append(Check(name, "wrong", reason_of(error)))
    return done


def reason_of(error: Exception) -> str:
    """Why a check failed."""
    if isinstance(error, RegimeError | OSError):
        return str(error)
    return f"unexpected {type(error).__name__}: {error}"
