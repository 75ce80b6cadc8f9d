"""The studies by name; each is a module, imported when it is called.

A module of a study has the two functions of `Study`. It is added by a line of ``STUDIES``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Protocol, cast

from regime_platform.errors import ConfigError, UsageError, nearest
from regime_platform.studies.options import StudyOptions
from regime_platform.studies.result import Conclusion, StudyTable, SymbolStudy
from regime_platform.studies.series import StudySeries

_PACKAGE = "regime_platform.studies"
#: The libraries of the extra `studies`.
LIBRARIES = ("arch", "scipy", "statsmodels")


class Study(Protocol):
    """What the module of a study has."""

    def of(
        self, series: StudySeries, others: Mapping[str, StudySeries], options: StudyOptions
    ) -> SymbolStudy:
        """The study of one symbol.

        Args:
            series: the bars with a state; at least ``horizon + 2`` of them. May lack any rank.
            others: the other timeframes of the symbol that have states, by name; empty unless the
                entry of the study has ``reads_others``.
            options: draws take their random numbers from ``options.generator(symbol, ...)`` or by
                the functions of ``studies.inference``, which do.
        """

    def pooled(
        self, studies: Sequence[SymbolStudy], options: StudyOptions
    ) -> tuple[tuple[StudyTable, ...], tuple[Conclusion, ...]]:
        """What several symbols say together; ``studies`` are two or more, sorted by symbol."""


@dataclass(frozen=True)
class StudyEntry:
    """A study that there is."""

    name: str
    title: str
    question: str  # in one line
    module: str  # below studies
    reads_others: bool = False  # also the other timeframes of a symbol

    def load(self) -> Study:
        """The study itself.

        Raises:
            ConfigError: its libraries are not installed.
        """
        try:
            return cast(Study, import_module(f"{_PACKAGE}.{self.module}"))
        except ModuleNotFoundError as error:
            if (error.name or "").partition(".")[0] not in LIBRARIES:
                raise
            raise ConfigError(
                f"regime study needs the library {error.name}; install it by `make studies`, or "
                "by pip install 'regime-platform[studies]'",
                code="extra-missing",
            ) from None


_ENTRIES: tuple[StudyEntry, ...] = (
    StudyEntry(
        "forward-returns",
        "Forward returns",
        "What followed each bucket and each regime: returns, largest moves, drawdowns?",
        "forward_returns.study",
    ),
    StudyEntry(
        "events",
        "Shock events",
        "Did the signal mark the bars before large moves, and what did it show in crashes?",
        "events.study",
    ),
    StudyEntry(
        "lead-time",
        "Lead time",
        "How long before events did HIGH begin, and how often only after they had?",
        "events.lead_time",
    ),
    StudyEntry(
        "transitions",
        "Transitions",
        "How do states follow each other, how long do they last, and is that more than chance?",
        "transitions.study",
        reads_others=True,
    ),
    StudyEntry(
        "leakage",
        "Leakage",
        "Does the effect of HIGH last with delay, beyond past volatility, without crises?",
        "leakage.study",
    ),
    StudyEntry(
        "allocation",
        "Allocation",
        "Does less exposure when the signal is high beat as little exposure at all times?",
        "allocation.study",
    ),
)
STUDIES: Mapping[str, StudyEntry] = {entry.name: entry for entry in _ENTRIES}


def study_entry(name: str) -> StudyEntry:
    """A study by its name.

    Raises:
        UsageError: there is none.
    """
    if name not in STUDIES:
        raise UsageError(
            f"there is no study {name!r}{nearest(name, STUDIES)}; expected one of "
            f"{', '.join(STUDIES)}",
            code="unknown-study",
        )
    return STUDIES[name]
