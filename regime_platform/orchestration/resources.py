"""The resource from which every step and sensor takes its workspace and the time."""

import datetime as dt
import os
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from regime_platform.bar_store.layout import DataRoot
from regime_platform.pipeline.outcomes import SymbolOutcome
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.settings import Settings

OnOutcome = Callable[[SymbolOutcome], None]
_PINNED = {"data_root", "universe", "files_root", "twelvedata_url", "ccxt_url"}


def ignore_outcome(_outcome: SymbolOutcome) -> None:
    """Does nothing."""


@dataclass(frozen=True)
class WorkspaceResource:
    """Data root and universe that the code location was loaded with.

    A plain object: the launchpad offers the fields of a ``ConfigurableResource`` for editing, and a
    run on another data root would report its symbols in the statuses of this one.
    """

    loaded: Settings
    on_outcome: OnOutcome = ignore_outcome  # called with every finished symbol
    clock: Callable[[], float] = time.time  # Unix time

    def open(self) -> RunWorkspace:
        """The workspace; its universe is read again."""
        return RunWorkspace.open(self.settings(), clock=self.clock)

    def now(self) -> dt.datetime:
        """The time of a run that starts now."""
        return dt.datetime.fromtimestamp(self.clock(), dt.UTC)

    def board(self) -> os.stat_result | None:
        """Size and times of the board; None before the first results."""
        with suppress(FileNotFoundError):
            return DataRoot(self.loaded.root_folder).board.stat()
        return None

    def settings(self) -> Settings:
        """The settings; keys and addresses of alerts are those in force now."""
        pinned = self.loaded.model_dump(include=_PINNED, exclude_none=True)
        return Settings().model_copy(update=pinned)
