"""An instrument: one entry of the universe, with what identifies it at its source."""

import datetime as dt
import re
from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    ValidationError,
    model_validator,
)

from regime_platform.errors import ConfigError, nearest
from regime_platform.model.bar_files import BarFiles
from regime_platform.model.document import Array, Document
from regime_platform.model.exchanges import HOURS, OWN
from regime_platform.model.markets import MARKETS, Market, market_of
from regime_platform.model.symbols import is_pair, is_safe, split_symbols, unsafe_symbol
from regime_platform.model.timeframes import TIERS, TIMEFRAMES, known_timeframe
from regime_platform.model.universe.entry_faults import entry_error, fault

#: The fields that identify an instrument at its source.
SOURCE_FIELDS: Mapping[str, tuple[str, ...]] = {
    "sample": (),
    "files": (),
    "twelvedata": ("provider_symbol", "mic_code", "exchange", "type"),
    "ccxt": ("provider_symbol", "venue"),
}
_IDENTITY = ("exchange", "mic_code", "provider_symbol", "type", "venue")
#: Fields that a source knows and that do not identify: a file may be moved or written otherwise.
_WHERE: Mapping[str, tuple[str, ...]] = {"files": ("files", "provider_symbol")}
_MIC = re.compile(r"[A-Z0-9]{4}")  # ISO 10383
_VENUE = re.compile(r"[a-z][a-z0-9_]*")  # as the library ccxt names exchanges
#: Classes whose symbols at a vendor are pairs or world prices, so that no exchange is needed.
WITHOUT_EXCHANGE = frozenset(name for name, market in MARKETS.items() if not market.has_exchange)


def _safe(symbol: str) -> str:
    if not is_safe(symbol):
        raise fault("unsafe-symbol", unsafe_symbol(symbol))
    return symbol


def _spelling(text: str) -> str:
    if text != text.upper() or len(split_symbols([text])) > 1:
        raise fault(
            "bad-spelling",
            f"written {text!r} is no spelling of one symbol in capitals; write it as BF/B",
        )
    return text


def _among(what: str, known: Mapping[str, object]) -> AfterValidator:
    def require(value: str) -> str:
        if value not in known:
            raise fault(
                f"unknown-{what.replace('_', '-')}",
                f"{what} {value!r} is unknown; expected one of {', '.join(known)}",
            )
        return value

    return AfterValidator(require)


def _date(text: str) -> str:
    try:
        is_date = not text or dt.date.fromisoformat(text).isoformat() == text
    except ValueError:
        is_date = False
    if not is_date:
        raise fault("bad-date", f"delisted {text!r} is no date; write it as 2022-06-09")
    return text


def _calendar(code: str) -> str:
    if code and code not in HOURS:
        raise fault(
            "unknown-calendar",
            f"calendar {code!r} is unknown{nearest(code.upper(), HOURS)}; expected a code of "
            f"exchange_calendars as XLON, or one of {', '.join(OWN)}, or leave it out for that of "
            "the class",
        )
    return code


def _timeframes(names: tuple[str, ...]) -> tuple[str, ...]:
    unknown = [name for name in names if known_timeframe(name) is None]
    if unknown:
        raise fault(
            "unknown-timeframe",
            f"timeframes has {unknown[0]!r}{nearest(unknown[0], TIMEFRAMES)}; expected some of "
            f"{', '.join(TIMEFRAMES)}, or leave timeframes out for those of the tier",
        )
    wanted = {known_timeframe(name) for name in names}
    return tuple(name for name in TIMEFRAMES if name in wanted)


_Safe = Annotated[str, AfterValidator(_safe)]
_Optional = Annotated[str, Field(exclude_if=lambda text: not text)]


class Instrument(Document):
    """One entry of the universe; a ConfigError names all its faults with their remedies."""

    model_config = ConfigDict(validate_by_name=False)

    symbol: _Safe  # path-safe: folder name, partition key and argument on the command line
    written: Annotated[_Optional, AfterValidator(_spelling)] = ""  # as elsewhere, where it differs
    name: Annotated[str, Field(min_length=1)]
    asset_class: Annotated[str, _among("asset_class", MARKETS)]
    tier: Annotated[str, _among("tier", TIERS)]
    source: Annotated[str, _among("source", SOURCE_FIELDS)]
    calendar: Annotated[_Optional, AfterValidator(_calendar)] = ""  # that of the class where empty
    exchange: _Optional = ""
    mic_code: _Optional = ""
    provider_symbol: _Optional = ""
    type: _Optional = ""
    venue: _Optional = ""  # of ccxt: the exchange, as binance
    #: As the entry names them, shortest first; empty where it follows its tier.
    own_timeframes: Annotated[
        Array[str],
        AfterValidator(_timeframes),
        Field(alias="timeframes", exclude_if=lambda names: not names),
    ] = ()
    #: Bar length -> paths or patterns of its files, shortest first; empty: of the symbol's folder.
    files: BarFiles = Field(default_factory=dict, exclude_if=lambda files: not files)
    delisted: Annotated[_Optional, AfterValidator(_date)] = ""  # ISO date: no fetches from then on
    #: Symbols that the instrument had before, the oldest first.
    formerly: Annotated[Array[_Safe], Field(exclude_if=lambda names: not names)] = ()

    @model_validator(mode="after")
    def _require_identity(self) -> Self:
        known = _WHERE.get(self.source, SOURCE_FIELDS[self.source])
        given = {name for name in ("files", *_IDENTITY) if getattr(self, name)}
        unknown = ", ".join(sorted(given - set(known)))
        if unknown:
            raise fault(
                "unknown-field",
                f"source {self.source} does not know {unknown}; "
                f"expected {', '.join(known) or 'no further field'}; remove {unknown}",
            )
        if self.source == "twelvedata":
            self._require_vendor_identity()
        if self.source == "ccxt":
            self._require_venue()
        return self

    @model_validator(mode="after")
    def _require_new_symbol(self) -> Self:
        if len({self.symbol, *self.formerly}) <= len(self.formerly):
            raise fault(
                "former-symbol-repeated",
                "formerly repeats a symbol; name each former symbol once, and not the present one",
            )
        return self

    @model_validator(mode="wrap")  # the last one, so that the others are within it
    @classmethod
    def _with_remedies(cls, fields: Any, validate: ModelWrapValidatorHandler[Self]) -> Self:
        try:
            return validate(fields)
        except ValidationError as error:
            symbol = fields.get("symbol") if isinstance(fields, Mapping) else None
            raise entry_error(error, symbol, ENTRY_FIELDS) from None

    def __hash__(self) -> int:  # paths of files are a mapping, which has none
        return hash((self.symbol, self.source))

    def _require_vendor_identity(self) -> None:
        if not self.provider_symbol:
            raise fault(
                "no-provider-symbol",
                "source twelvedata needs provider_symbol; "
                "give the symbol as the vendor writes it, for example EUR/USD",
            )
        if self.mic_code and not _MIC.fullmatch(self.mic_code):
            raise fault(
                "bad-market-code",
                f"mic_code {self.mic_code!r} is no market code; "
                "give the four letters or digits of ISO 10383, for example XNYS",
            )
        if self.asset_class not in WITHOUT_EXCHANGE and not (self.mic_code or self.exchange):
            raise fault(
                "no-market",
                f"{self.asset_class} at twelvedata needs mic_code or exchange; "
                "a bare symbol can name another instrument",
            )

    def _require_venue(self) -> None:
        if "/" not in self.provider_symbol:
            raise fault(
                "provider-symbol-no-pair" if self.provider_symbol else "no-provider-symbol",
                f"source ccxt needs the market as provider_symbol, not {self.provider_symbol!r}; "
                "give it as the library writes it, for example BTC/USDT",
            )
        if not _VENUE.fullmatch(self.venue):
            raise fault(
                "bad-venue" if self.venue else "no-venue",
                f"source ccxt needs the exchange as venue, not {self.venue!r}; "
                "give its name in lower case, for example binance",
            )

    @property
    def identity(self) -> dict[str, str]:
        """The fields that identify it at its source, those that are given."""
        known = SOURCE_FIELDS[self.source]
        return {name: text for name in _IDENTITY if name in known and (text := getattr(self, name))}

    @property
    def record(self) -> dict[str, Any]:
        """The entry as stored documents have it: without paths and spelling, which may change."""
        return self.model_dump(mode="json", exclude={"files", "written"})

    @property
    def spelling(self) -> str:
        """As it is written elsewhere: ``written``, a pair as at its source, or the symbol."""
        at_source = self.provider_symbol.upper()
        is_this_pair = is_pair(at_source) and at_source.replace("/", "") == self.symbol
        return self.written or (at_source if is_this_pair else self.symbol)

    @property
    def market(self) -> Market:
        """When it trades."""
        return market_of(self.asset_class, self.calendar)

    @property
    def is_polled(self) -> bool:
        """False where nothing is fetched any more; what is stored stays readable."""
        return not self.delisted

    @property
    def is_updating(self) -> bool:
        """False for the delisted, and for the bars that ship with the package and never change."""
        return self.is_polled and self.source != "sample"

    @property
    def timeframes(self) -> tuple[str, ...]:
        """Those it is tracked on, shortest first: bars are expected on each."""
        return self.own_timeframes or TIERS[self.tier]

    def changed(self, **fields: Any) -> "Instrument":
        """A copy with other values of ``fields``, validated as any entry is."""
        return Instrument(**{**self.model_dump(), **fields})


#: The fields of an entry of universe.yaml.
ENTRY_FIELDS = tuple(field.alias or name for name, field in Instrument.model_fields.items())


def parse_entry(entry: Any) -> Instrument:
    """The instrument of an entry as YAML reads it; fields without a value count as absent."""
    if not isinstance(entry, Mapping):
        fields_of_all = Instrument.model_fields.items()
        required = ", ".join(name for name, field in fields_of_all if field.is_required())
        raise ConfigError(f"expected a mapping with {required}", code="no-entry")
    fields = {str(name): _stripped(value) for name, value in entry.items()}
    if type(fields.get("delisted")) is dt.date:  # YAML reads a bare date as one
        fields["delisted"] = fields["delisted"].isoformat()
    absent = {
        name for name, value in fields.items() if value in (None, "") and name in ENTRY_FIELDS
    }
    return Instrument(**{name: value for name, value in fields.items() if name not in absent})


def _stripped(value: Any) -> Any:
    if isinstance(value, list):
        return [_stripped(part) for part in value]
    if isinstance(value, dict):
        return {name: _stripped(part) for name, part in value.items()}
    return value.strip() if isinstance(value, str) else value
