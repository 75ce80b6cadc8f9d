"""What every question to a store needs: settings, the universe, the present, and a past moment."""

import datetime as dt
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from regime_platform.model.moments import When, moment, past_moment
from regime_platform.model.universe.universe import Universe
from regime_platform.settings import Settings
from regime_platform.workspace import Workspace

if TYPE_CHECKING:
    from regime_platform.api.past import Past


class OpenedRoot:
    """A data root as settings describe it; nothing is kept between two questions."""

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.time) -> None:
        """The store that settings describe; ``clock`` gives the present, in Unix time."""
        self.settings = settings
        self._clock = clock

    @property
    def root(self) -> Path:
        """The data root."""
        return self.settings.root_folder

    def __repr__(self) -> str:
        """Such as ``Store('/data')``."""
        return f"Store({str(self.root)!r})"

    def _universe(self) -> Universe:
        return Workspace.open(self.settings).universe

    def _now(self, now: When | None = None) -> dt.datetime:
        if now is not None:
            return moment(now, "now")
        return dt.datetime.fromtimestamp(self._clock(), dt.UTC)

    def _past(self, as_of: When | None) -> "Past | None":
        if as_of is None:
            return None
        # the pipeline and all that proves it, which answers about the present need not wait for
        from regime_platform.api.past import Past  # noqa: PLC0415
        from regime_platform.pipeline.run_workspace import RunWorkspace  # noqa: PLC0415

        then = past_moment(as_of, self._now(), "as_of")
        return Past(RunWorkspace.open(self.settings, clock=self._clock), then)
