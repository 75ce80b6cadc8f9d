"""Eras: the stretches of time within which escalation is ranked (section 10).

This module maps symbols to era classes, defines versioned era sets, and reads the era file of the
legacy engine. Times are microseconds since 1970 UTC; a date is its midnight.
"""

import csv
import datetime as dt
import io
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from regime_platform.errors import ConfigError

OPEN_START = -(2**63)
OPEN_END = 2**63 - 1

#: Era class -> its symbols; the daily bars of the first represent the class.
_SYMBOLS_OF = {
    "EQUITIES_US": ("SPY", "QQQ", "DIA", "IWM"),
    "CREDIT_HY": ("HYG",),
    "CREDIT_IG": ("LQD",),
    "RATES_LONG": ("TLT",),
    "RATES_INTERMEDIATE": ("IEF",),
    "FX_MAJORS": ("EURUSD", "GBPUSD", "USDJPY", "AUDUSD", "USDCAD"),
    "COMMODITIES_ENERGY": ("WTIUSD",),
    "COMMODITIES_METALS": ("XAUUSD", "XAGUSD"),
    "CRYPTO": ("BTCUSD", "ETHUSD", "BNBUSD", "SOLUSD", "XRPUSD"),
}
ERA_CLASSES = tuple(_SYMBOLS_OF)
#: Era class -> symbol in whose bars its eras are detected.
BENCHMARKS: Mapping[str, str] = MappingProxyType(
    {name: _SYMBOLS_OF[name][0] for name in ERA_CLASSES}
)
_CLASS_OF_SYMBOL = {symbol: name for name, symbols in _SYMBOLS_OF.items() for symbol in symbols}

#: Asset class -> era class; None: the fixed eras.
CLASS_OF_ASSET_CLASS: Mapping[str, str | None] = MappingProxyType(
    {
        "US_EQUITY": "EQUITIES_US",
        "US_EQUITY_INDEX": "EQUITIES_US",
        "US_MEGA_CAP": "EQUITIES_US",
        "FIXED_INCOME": "RATES_INTERMEDIATE",
        "COMMODITY_METALS": "COMMODITIES_METALS",
        "COMMODITY_ENERGY": "COMMODITIES_ENERGY",
        "FX": "FX_MAJORS",
        "CRYPTO": "CRYPTO",
        "SYNTHETIC": None,
    }
)
#: Spellings of older universe files, in which "Commodities" meant metals.
_OLDER_SPELLINGS = {
    "Commodities": "COMMODITY_METALS",
    "Energy commodities": "COMMODITY_ENERGY",
    "Fixed Income": "FIXED_INCOME",
}
_FILE_ALIASES = {
    "EQUITIES_US": ("US_EQUITY_INDEX", "US_EQUITY"),
    "FX_MAJORS": ("FX",),
    "COMMODITIES_METALS": ("Commodities",),
}
_FILE_COLUMNS = ("asset_class", "start_date", "end_date", "era_index")
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


@dataclass(frozen=True)
class Era:
    """A half-open stretch of time: ``start_us`` is inside, ``end_us`` outside."""

    index: int
    start_us: int
    end_us: int


@dataclass(frozen=True)
class EraClass:
    """The era class of a symbol and why; without a name the fixed eras apply."""

    name: str | None
    reason: str


@dataclass(frozen=True)
class EraChoice:
    """The eras in which a series is ranked, their version and why."""

    eras: tuple[Era, ...]
    version: str
    reason: str


def era_class(symbol: str, asset_class: str | None) -> EraClass:
    """The era class of a symbol: by its name, else by its asset class (section 10).

    Raises:
        ConfigError: the symbol is not named in the table and its asset class is unknown.
    """
    by_name = _CLASS_OF_SYMBOL.get(symbol.upper())
    if by_name is not None:
        return EraClass(by_name, f"{symbol.upper()} is named in the symbol table")
    if asset_class is None:
        return EraClass(None, f"{symbol.upper()} has no asset class: fixed eras")
    folded = _OLDER_SPELLINGS.get(asset_class, asset_class)
    if folded not in CLASS_OF_ASSET_CLASS:
        raise ConfigError(
            f"{symbol}: asset class {asset_class!r} belongs to no era class; "
            f"expected one of {', '.join(CLASS_OF_ASSET_CLASS)}",
            code="no-era-class",
        )
    name = CLASS_OF_ASSET_CLASS[folded]
    return EraClass(name, f"asset class {folded}" + ("" if name else ": fixed eras"))


@dataclass(frozen=True)
class EraSet:
    """One version of the eras of all classes; other boundaries are another set.

    Raises:
        ConfigError: an unknown class, or eras with a gap, an overlap or a closed end.
    """

    version: str
    effective_from: dt.date  # first date on which this set could have been known
    by_class: Mapping[str, tuple[Era, ...]]

    def __post_init__(self) -> None:
        for name, eras in self.by_class.items():
            if name not in ERA_CLASSES:
                raise ConfigError(
                    f"era set {self.version}: class {name!r} is unknown; "
                    f"expected one of {', '.join(ERA_CLASSES)}",
                    code="unknown-era-class",
                )
            _require_tiling(f"era set {self.version}, class {name}", eras)

    def choose(self, wanted: EraClass) -> EraChoice:
        """The eras of a class; the fixed eras, with the reason, where this set has none."""
        if wanted.name is None:
            return EraChoice(FIXED_ERAS, FIXED_VERSION, wanted.reason)
        if wanted.name not in self.by_class:
            reason = f"{wanted.reason}; era set {self.version} has no {wanted.name}: fixed eras"
            return EraChoice(FIXED_ERAS, FIXED_VERSION, reason)
        return EraChoice(self.by_class[wanted.name], self.version, wanted.reason)


def midnight_us(date: dt.date) -> int:
    """Microseconds from 1970 to the start of a date, or to an instant, which is UTC by default."""
    if not isinstance(date, dt.datetime):
        date = dt.datetime.combine(date, dt.time())
    return (date.replace(tzinfo=date.tzinfo or dt.UTC) - _EPOCH) // dt.timedelta(microseconds=1)


def tiling_eras(boundaries: tuple[dt.date, ...]) -> tuple[Era, ...]:
    """Eras that change at the given dates and are open at both ends."""
    edges = (OPEN_START, *(midnight_us(date) for date in boundaries), OPEN_END)
    return tuple(Era(k, edges[k], edges[k + 1]) for k in range(len(edges) - 1))


def _require_tiling(what: str, eras: tuple[Era, ...]) -> None:
    starts = [OPEN_START, *(era.end_us for era in eras)]
    ends = [*(era.start_us for era in eras), OPEN_END]
    if not eras or starts != ends or any(era.start_us >= era.end_us for era in eras):
        raise ConfigError(
            f"{what}: eras must follow one another without gap or overlap and be open at both "
            "ends; give boundaries, not intervals",
            code="eras-not-tiling",
        )


FIXED_VERSION = "fixed-1"
FIXED_ERAS = tiling_eras((dt.date(2010, 1, 1), dt.date(2020, 1, 1)))
#: The default: the same three eras for every class.
FALLBACK_ERAS = EraSet(FIXED_VERSION, dt.date.min, dict.fromkeys(ERA_CLASSES, FIXED_ERAS))


def legacy_eras(csv_text: str, name: str) -> tuple[Era, ...]:
    """The eras of one class from an era file of the legacy engine, in era_index order.

    The file names the last day of each era, and the legacy engine read it as an exclusive end. So
    that day belongs to no era, nor does any time before, between or after the eras. Where eras
    overlap the later one applies; see `compute.escalation`.

    Raises:
        ConfigError: it is no CSV, a column is missing or a value is not a date or an index.
    """
    reader = csv.DictReader(io.StringIO(csv_text, newline=""))
    try:
        rows, given = list(reader), reader.fieldnames or ()
    except csv.Error as error:
        raise ConfigError(
            f"era file line {reader.line_num} is no CSV ({error}); restore it from a backup",
            code="era-file-columns",
        ) from error
    missing = [column for column in _FILE_COLUMNS if column not in given]
    if missing:
        raise ConfigError(f"era file: column {', '.join(missing)} missing", code="era-file-columns")
    names = (name, *_FILE_ALIASES.get(name, ()))
    eras = [_file_era(row, line) for line, row in enumerate(rows, 2) if row["asset_class"] in names]
    return tuple(sorted(eras, key=lambda era: era.index))


def _file_era(row: Mapping[str, str], line: int) -> Era:
    try:
        start, end = (dt.datetime.fromisoformat(row[key]) for key in ("start_date", "end_date"))
        return Era(int(row["era_index"]), midnight_us(start), midnight_us(end))
    except (TypeError, ValueError) as error:
        raise ConfigError(
            f"era file line {line}: {error}; expected ISO dates", code="era-file-values"
        ) from error
