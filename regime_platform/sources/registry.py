"""The sources by name, each made from the settings when it is first used.

So a missing key, folder or library affects only the symbols that need it, and no command loads the
libraries of a source that it does not use.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from typing import TYPE_CHECKING

from regime_platform.errors import ConfigError
from regime_platform.settings import Settings
from regime_platform.sources.protocol import Source, SourceInputs

if TYPE_CHECKING:
    import httpx

#: Name in the universe -> the module whose ``source_of`` makes the source.
_MODULES = {
    "sample": "regime_platform.sources.sample.source",
    "files": "regime_platform.sources.files.source",
    "twelvedata": "regime_platform.sources.twelvedata.source",
    "ccxt": "regime_platform.sources.ccxt.source",
}
#: Libraries that are installed by an extra of the same name, and by `make` of it.
_EXTRAS = {"ccxt"}


class _Sources(Mapping[str, Source]):
    def __init__(self, inputs: SourceInputs) -> None:
        self._inputs = inputs
        self._made: dict[str, Source] = {}

    def __getitem__(self, name: str) -> Source:
        if name not in self._made:
            self._made[name] = _made(name, self._inputs)
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(_MODULES)

    def __len__(self) -> int:
        return len(_MODULES)


def build_sources(
    settings: Settings,
    *,
    clock: Callable[[], float] = time.time,
    sleep: Callable[[float], None] = time.sleep,
    transport: "httpx.BaseTransport | None" = None,
) -> Mapping[str, Source]:
    """Every source by its name in the universe, made when it is looked up.

    A look-up raises ``ConfigError`` where its settings or its library are missing.
    """
    return _Sources(SourceInputs(settings, clock, sleep, transport))


def _made(name: str, inputs: SourceInputs) -> Source:
    try:
        module = import_module(_MODULES[name])
    except ModuleNotFoundError as error:
        if error.name not in _EXTRAS:
            raise
        raise ConfigError(
            f"source {name} needs the library {error.name}; install it by `make {error.name}`, or "
            f"by pip install 'regime-platform[{error.name}]'",
            code="extra-missing",
        ) from None
    source: Source = module.source_of(inputs)
    return source
