"""The resource from which every step and sensor opens its workspace."""

from collections.abc import Callable
from dataclasses import dataclass

from regime_platform.pipeline.outcomes import SymbolOutcome
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.settings import Settings

OnOutcome = Callable[[SymbolOutcome], None]
_PINNED = {"data_root", "universe", "files_root", "twelvedata_url"}


def _ignore(_outcome: SymbolOutcome) -> None:
    return None


@dataclass(frozen=True)
class WorkspaceResource:
    """Data root and universe that the code location was loaded with.

    A plain object: the launchpad offers the fields of a ``ConfigurableResource`` for editing, and a
    run on another data root would report its symbols in the statuses of this one.
    """

    loaded: Settings
    on_outcome: OnOutcome = _ignore  # called with every finished symbol

    def open(self) -> RunWorkspace:
        """The workspace; its universe is read again."""
        return RunWorkspace.open(self.settings())

    def settings(self) -> Settings:
        """The settings; keys and addresses of alerts are those in force now."""
        pinned = self.loaded.model_dump(include=_PINNED, exclude_none=True)
        return Settings().model_copy(update=pinned)
