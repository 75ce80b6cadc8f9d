"""Which sources there are and how the settings make each of them.

A source is made when it is first used, so that a missing key or folder troubles only those symbols
that need it.
"""

import time
from collections.abc import Callable, Iterator, Mapping

import httpx

from regime_platform.errors import ConfigError
from regime_platform.settings import Settings
from regime_platform.sources.credits import CreditBudget, Limits, budget_file
from regime_platform.sources.files import FilesSource
from regime_platform.sources.protocol import Source
from regime_platform.sources.sample import SampleSource
from regime_platform.sources.twelvedata import TwelveDataSource
from regime_platform.sources.twelvedata_http import TwelveDataClient


def build_sources(
    settings: Settings,
    *,
    clock: Callable[[], float] = time.time,
    sleep: Callable[[float], None] = time.sleep,
    transport: httpx.BaseTransport | None = None,
) -> Mapping[str, Source]:
    """Every source by its name in the universe; looking one up makes it.

    Looking up raises ``ConfigError`` where its settings are missing.
    """
    return _Lazy(
        {
            "sample": SampleSource,
            "files": lambda: _files(settings),
            "twelvedata": lambda: _twelvedata(settings, clock, sleep, transport),
        }
    )


class _Lazy(Mapping[str, Source]):
    def __init__(self, makers: Mapping[str, Callable[[], Source]]) -> None:
        self._makers = makers
        self._made: dict[str, Source] = {}

    def __getitem__(self, name: str) -> Source:
        if name not in self._made:
            self._made[name] = self._makers[name]()
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._makers)

    def __len__(self) -> int:
        return len(self._makers)


def _files(settings: Settings) -> Source:
    if settings.files_root is None:
        raise ConfigError(
            "source files needs a folder; set REGIME_FILES_ROOT to the one that holds "
            "{SYMBOL}/{timeframe}.csv"
        )
    root = settings.files_root.expanduser()
    if not root.is_dir():
        raise ConfigError(f"REGIME_FILES_ROOT is {root}, which is no folder; create it")
    return FilesSource(root)


def _twelvedata(
    settings: Settings,
    clock: Callable[[], float],
    sleep: Callable[[float], None],
    transport: httpx.BaseTransport | None,
) -> Source:
    if settings.twelvedata_api_key is None:
        raise ConfigError("source twelvedata needs a key; set TWELVEDATA_API_KEY in .env")
    key = settings.twelvedata_api_key.get_secret_value().strip()
    budget = CreditBudget(
        budget_file(settings.credits_folder, settings.twelvedata_url, key),
        Limits(settings.credits_per_minute, settings.credits_per_day),
        clock,
        sleep,
    )
    url = settings.twelvedata_url
    return TwelveDataSource(TwelveDataClient(url, key, budget, transport, clock=clock))
