"""A workspace with everything that a run needs, opened once and passed on."""

import datetime as dt
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from regime_platform.code_version import code_version
from regime_platform.compute.eras.eras import EraSet
from regime_platform.compute.params import DEFAULT_PARAMS, Params
from regime_platform.manifests.compute_manifest import Code
from regime_platform.pipeline.eras import eras_in_force
from regime_platform.sources.protocol import Source
from regime_platform.sources.registry import build_sources
from regime_platform.workspace import Where, Workspace


@dataclass(frozen=True)
class RunWorkspace(Workspace):
    """A workspace with its sources, and with what turns bars into results."""

    sources: Mapping[str, Source]
    eras: EraSet
    params: Params
    code: Code
    clock: Callable[[], float] = time.time  # the machine's, whatever `--now` says; Unix time

    @classmethod
    def open(cls, where: Where = None, *, clock: Callable[[], float] = time.time) -> Self:
        """The workspace as the settings describe it, in the eras in force.

        Raises:
            ConfigError: the universe is missing or invalid, or the eras in force cannot be read.
        """
        workspace = Workspace.open(where)
        return cls(
            **vars(workspace),
            sources=build_sources(workspace.settings, clock=clock),
            eras=eras_in_force(workspace.root),
            params=DEFAULT_PARAMS,
            code=code_version(),
            clock=clock,
        )

    def present(self, now: dt.datetime | None = None) -> dt.datetime:
        """The latest moment at which anything stored can have been stored: by the machine's clock,
        and for work at a later ``now`` that."""
        machine = dt.datetime.fromtimestamp(self.clock(), dt.UTC)
        return machine if now is None else max(now, machine)

    def __getstate__(self) -> dict[str, Any]:
        # worker processes get neither sources, whose connections and credits stay with one process,
        # nor secrets
        return {**vars(self), "sources": {}, "settings": self.settings.without_secrets()}
