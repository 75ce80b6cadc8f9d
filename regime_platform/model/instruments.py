"""An instrument and where its bars come from.

A symbol is a folder name, a partition key and a word on the command line, so it is safe for all
three by construction. It is our own name for the instrument: the source's is ``provider_symbol``.
``model.universe.universe`` reads many of them from a file.
"""

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from regime_platform.errors import ConfigError
from regime_platform.model.asset_classes import ASSET_CLASSES
from regime_platform.model.timeframes import TIERS

#: What an entry must say per source so that exactly one instrument is meant there.
SOURCE_FIELDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "sample": (),
        "files": (),
        "twelvedata": ("provider_symbol", "mic_code", "exchange", "type"),
    }
)
_SYMBOL = re.compile(r"[A-Z0-9][A-Z0-9._=^-]{0,31}")
_MIC = re.compile(r"[A-Z0-9]{4}")  # ISO 10383
#: Classes whose symbols at a vendor are pairs or world prices, so that no exchange is needed.
WITHOUT_EXCHANGE = frozenset({"FX", "CRYPTO", "COMMODITY_METALS", "COMMODITY_ENERGY"})


@dataclass(frozen=True)
class Instrument:
    """One line of the universe.

    Raises:
        ConfigError: a field is missing, unknown or unsafe; names the field and the remedy.
    """

    symbol: str
    name: str
    asset_class: str
    tier: str
    source: str
    identity: Mapping[str, str] = field(default_factory=dict)  # what names it at its source
    delisted: str = ""  # the ISO date from which on its source is no longer asked
    formerly: tuple[str, ...] = ()  # symbols it had before, the oldest first

    def __post_init__(self) -> None:
        require_safe(self.symbol)
        self._require("asset_class", self.asset_class, ASSET_CLASSES)
        self._require("tier", self.tier, TIERS)
        self._require("source", self.source, SOURCE_FIELDS)
        self._require_identity()
        self._require_history()
        object.__setattr__(self, "identity", MappingProxyType(dict(self.identity)))

    def __reduce__(self) -> tuple[type["Instrument"], tuple[object, ...]]:
        # a read-only mapping cannot travel to another process, a plain one can
        fields = {**vars(self), "identity": dict(self.identity)}
        return Instrument, tuple(fields.values())

    @property
    def is_polled(self) -> bool:
        """False where the source is no longer asked for news; what is held stays readable."""
        return not self.delisted

    @property
    def timeframes(self) -> tuple[str, ...]:
        """The timeframes this instrument is followed on, shortest first."""
        return TIERS[self.tier]

    def facts(self) -> dict[str, object]:
        """Plain values for manifests and ``--json``."""
        return {
            "symbol": self.symbol,
            "name": self.name,
            "asset_class": self.asset_class,
            "tier": self.tier,
            "source": self.source,
            **self.identity,
            **({"delisted": self.delisted} if self.delisted else {}),
            **({"formerly": list(self.formerly)} if self.formerly else {}),
        }

    def _require(self, what: str, value: str, known: Mapping[str, object]) -> None:
        if value not in known:
            raise ConfigError(
                f"{self.symbol}: {what} {value!r} is unknown; expected one of {', '.join(known)}"
            )

    def _require_identity(self) -> None:
        unknown = set(self.identity) - set(SOURCE_FIELDS[self.source])
        if unknown:
            raise ConfigError(
                f"{self.symbol}: source {self.source} does not know {', '.join(sorted(unknown))}; "
                f"expected {', '.join(SOURCE_FIELDS[self.source]) or 'no further field'}"
            )
        if self.source != "twelvedata":
            return
        if not self.identity.get("provider_symbol"):
            raise ConfigError(
                f"{self.symbol}: source twelvedata needs provider_symbol; "
                "give the symbol as the vendor writes it, for example EUR/USD"
            )
        mic_code = self.identity.get("mic_code")
        if mic_code and not _MIC.fullmatch(mic_code):
            raise ConfigError(
                f"{self.symbol}: mic_code {mic_code!r} is no market code; "
                "give the four letters or digits of ISO 10383, for example XNYS"
            )
        named = mic_code or self.identity.get("exchange")
        if self.asset_class not in WITHOUT_EXCHANGE and not named:
            raise ConfigError(
                f"{self.symbol}: {self.asset_class} at twelvedata needs mic_code or exchange; "
                "a bare symbol can name another instrument"
            )

    def _require_history(self) -> None:
        for name in self.formerly:
            require_safe(name)
        if self.symbol in self.formerly or len(set(self.formerly)) < len(self.formerly):
            raise ConfigError(
                f"{self.symbol}: formerly repeats a symbol; name each former symbol once, "
                "and not the present one"
            )
        if self.delisted and not _is_date(self.delisted):
            raise ConfigError(
                f"{self.symbol}: delisted {self.delisted!r} is no date; write it as 2022-06-09"
            )


def require_safe(symbol: object) -> None:
    """Nothing, where the symbol can name a folder and a partition; documents hold any type.

    Raises:
        ConfigError: it cannot.
    """
    if not isinstance(symbol, str) or not _SYMBOL.fullmatch(symbol) or ".." in symbol:
        raise ConfigError(
            f"symbol {symbol!r} is not safe as a folder name and partition key; "
            "use 1 to 32 of A-Z 0-9 . _ - = ^, starting with a letter or digit"
        )


def _is_date(text: str) -> bool:
    try:
        return dt.date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
