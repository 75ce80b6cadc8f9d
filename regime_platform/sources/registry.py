"""The sources by name, each made from the settings when it is first used.

So a missing key or folder affects only the symbols that need it.
"""

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from importlib import import_module

import httpx

from regime_platform.errors import ConfigError
from regime_platform.redaction import SHORTEST
from regime_platform.settings import Settings
from regime_platform.sources.credits import CreditBudget, Limits, budget_file
from regime_platform.sources.files.source import FilesSource
from regime_platform.sources.http_client import require_address, require_private
from regime_platform.sources.protocol import Source
from regime_platform.sources.sample.source import SampleSource
from regime_platform.sources.twelvedata.http import TwelveDataClient
from regime_platform.sources.twelvedata.source import TwelveDataSource

_LOG = logging.getLogger("regime_platform.sources")


def doubt_of_key(key: str) -> str | None:
    """A warning about a vendor's key that is too short to be one; None for any other."""
    if len(key) >= SHORTEST:
        return None
    return (
        f"TWELVEDATA_API_KEY has {len(key)} characters, fewer than the {SHORTEST} of any real key: "
        "copy it again; so short a key is redacted only in the places of a key"
    )


class _Sources(Mapping[str, Source]):
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


def build_sources(
    settings: Settings,
    *,
    clock: Callable[[], float] = time.time,
    sleep: Callable[[float], None] = time.sleep,
    transport: httpx.BaseTransport | None = None,
) -> Mapping[str, Source]:
    """Every source by its name in the universe, made when it is looked up.

    A look-up raises ``ConfigError`` where its settings are missing.
    """

    def files() -> Source:
        root = settings.files_root
        return FilesSource(None if root is None else root.expanduser())

    def twelvedata() -> Source:
        if settings.twelvedata_api_key is None:
            message = "source twelvedata needs a key; set TWELVEDATA_API_KEY in .env"
            raise ConfigError(message, code="no-key")
        key = settings.twelvedata_api_key.get_secret_value().strip()
        url = settings.address_of_key()
        require_private("REGIME_TWELVEDATA_URL", url)
        if (doubt := doubt_of_key(key)) is not None:
            _LOG.warning("%s", doubt)
        limits = Limits(settings.credits_per_minute, settings.credits_per_day)
        file = budget_file(settings.credits_folder, url, key)
        budget = CreditBudget(file, limits, clock, sleep)
        return TwelveDataSource(TwelveDataClient(url, key, budget, transport, clock=clock))

    return _Sources(
        {
            "sample": SampleSource,
            "files": files,
            "twelvedata": twelvedata,
            "ccxt": partial(_ccxt, settings, clock),
        }
    )


def _ccxt(settings: Settings, clock: Callable[[], float]) -> Source:
    if settings.ccxt_url:
        require_address("REGIME_CCXT_URL", settings.ccxt_url)
    try:  # the library takes a second to load, so only its own symbols wait for it
        module = import_module("regime_platform.sources.ccxt.source")
    except ModuleNotFoundError as error:
        if error.name != "ccxt":
            raise
        raise ConfigError(
            "source ccxt needs the library ccxt; install it by `make ccxt`, or by "
            "pip install 'regime-platform[ccxt]'",
            code="extra-missing",
        ) from None
    source: Source = module.CcxtSource(settings.ccxt_url, clock)
    return source
