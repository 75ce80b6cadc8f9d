"""The symbols that a command is to process, in the workspace that a run needs."""

from dataclasses import dataclass
from typing import NamedTuple

from regime_platform.cli.console.symbol_options import SymbolOptions
from regime_platform.model.instruments import Instrument
from regime_platform.pipeline.run_workspace import RunWorkspace


class Selection(NamedTuple):
    """The symbols that a command is to process, and the workspace that they are in."""

    workspace: RunWorkspace
    instruments: tuple[Instrument, ...]


@dataclass(frozen=True)
class SymbolChoice(SymbolOptions):
    """The symbol options of a command that processes them."""

    def open(self) -> Selection:
        """Opens the workspace of the environment and finds the symbols there.

        Raises:
            UsageError: see `of`.
        """
        workspace = RunWorkspace.open()
        return Selection(workspace, self.of(workspace.universe))
