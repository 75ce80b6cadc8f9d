"""Everything the walk needs, opened once and passed on: no room looks for it by itself."""

import datetime as dt
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from regime_platform.bars.layout import DataRoot
from regime_platform.code_version import CodeVersion, code_version
from regime_platform.compute.eras import EraSet
from regime_platform.compute.params import DEFAULT_PARAMS, Params
from regime_platform.model.universe import Universe
from regime_platform.pipeline.eras import eras_in_force
from regime_platform.settings import Settings, load_universe
from regime_platform.sources.protocol import Source
from regime_platform.sources.registry import build_sources


@dataclass(frozen=True)
class Platform:
    """A data root, the symbols that live in it, and what turns their bars into results."""

    root: DataRoot
    universe: Universe
    sources: Mapping[str, Source]
    eras: EraSet
    params: Params
    code: CodeVersion
    reread_days: int = 0  # every so many days what is held is read again; 0 means never
    clock: Callable[[], float] = time.time  # the machine's, whatever `--now` says; Unix time

    def present(self, now: dt.datetime | None = None) -> dt.datetime:
        """The latest moment at which anything stored can have been stored.

        That is the machine's time, and for work at a later ``now`` that ``now``.
        """
        machine = dt.datetime.fromtimestamp(self.clock(), dt.UTC)
        return machine if now is None else max(now, machine)

    def __reduce__(self) -> tuple[Callable[[dict[str, Any]], "Platform"], tuple[dict[str, Any]]]:
        # to another process it goes without sources, whose connections and credits stay with one
        eras = {**vars(self.eras), "by_class": dict(self.eras.by_class)}
        return _arrived, ({**vars(self), "sources": {}, "eras": eras},)


def _arrived(held: dict[str, Any]) -> Platform:
    return Platform(**{**held, "eras": EraSet(**held["eras"])})


def open_platform(settings: Settings, *, clock: Callable[[], float] = time.time) -> Platform:
    """The platform as the settings describe it.

    Args:
        settings: where everything is.
        clock: the machine's, in seconds since the epoch.

    Raises:
        ConfigError: the universe is missing or invalid, or the eras in force cannot be read.
    """
    root = DataRoot(settings.data_root.expanduser().absolute())
    return Platform(
        root=root,
        universe=load_universe(settings),
        sources=build_sources(settings, clock=clock),
        eras=eras_in_force(root),
        params=DEFAULT_PARAMS,
        code=code_version(),
        reread_days=settings.reread_days(),
        clock=clock,
    )
