"""An instrument: one entry of the universe, with what identifies it at its source.

A symbol is a folder name, a partition key and a command-line argument, so only symbols that are
safe for all three are accepted; the source's own name for it is ``provider_symbol``.
"""

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
from pydantic_core import ErrorDetails, PydanticCustomError

from regime_platform.errors import ConfigError, nearest
from regime_platform.model.document import Array, Document
from regime_platform.model.exchanges import HOURS, OWN
from regime_platform.model.markets import MARKETS, Market, market_of
from regime_platform.model.timeframes import TIERS, TIMEFRAMES, known_timeframe

#: The fields that identify an instrument at its source.
SOURCE_FIELDS: Mapping[str, tuple[str, ...]] = {
    "sample": (),
    "files": (),
    "twelvedata": ("provider_symbol", "mic_code", "exchange", "type"),
}
_IDENTITY = ("exchange", "mic_code", "provider_symbol", "type")
_SYMBOL = re.compile(r"(?!.*\.\.)[A-Z0-9][A-Z0-9._=^-]{0,31}")
_MIC = re.compile(r"[A-Z0-9]{4}")  # ISO 10383
#: Classes whose symbols at a vendor are pairs or world prices, so that no exchange is needed.
WITHOUT_EXCHANGE = frozenset(name for name, market in MARKETS.items() if not market.has_exchange)
_UNSAFE = (
    "symbol {!r} is not safe as a folder name and partition key; "
    "use 1 to 32 of A-Z 0-9 . _ - = ^, starting with a letter or digit"
)


def _fault(code: str, message: str) -> PydanticCustomError:
    return PydanticCustomError(code, "{message}", {"message": message})


def _safe(symbol: str) -> str:
    if not _SYMBOL.fullmatch(symbol):
        raise _fault("unsafe-symbol", _UNSAFE.format(symbol))
    return symbol


def _among(what: str, known: Mapping[str, object]) -> AfterValidator:
    def require(value: str) -> str:
        if value not in known:
            raise _fault(
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
        raise _fault("bad-date", f"delisted {text!r} is no date; write it as 2022-06-09")
    return text


def _calendar(code: str) -> str:
    if code and code not in HOURS:
        raise _fault(
            "unknown-calendar",
            f"calendar {code!r} is unknown{nearest(code.upper(), HOURS)}; expected a code of "
            f"exchange_calendars as XLON, or one of {', '.join(OWN)}, or leave it out for that of "
            "the class",
        )
    return code


def _timeframes(names: tuple[str, ...]) -> tuple[str, ...]:
    unknown = [name for name in names if known_timeframe(name) is None]
    if unknown:
        raise _fault(
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

    symbol: _Safe
    name: Annotated[str, Field(min_length=1)]
    asset_class: Annotated[str, _among("asset_class", MARKETS)]
    tier: Annotated[str, _among("tier", TIERS)]
    source: Annotated[str, _among("source", SOURCE_FIELDS)]
    calendar: Annotated[_Optional, AfterValidator(_calendar)] = ""  # that of the class where empty
    exchange: _Optional = ""
    mic_code: _Optional = ""
    provider_symbol: _Optional = ""
    type: _Optional = ""
    #: As the entry names them, shortest first; empty where it follows its tier.
    own_timeframes: Annotated[
        Array[str],
        AfterValidator(_timeframes),
        Field(alias="timeframes", exclude_if=lambda names: not names),
    ] = ()
    delisted: Annotated[_Optional, AfterValidator(_date)] = ""  # ISO date: no fetches from then on
    #: Symbols that the instrument had before, the oldest first.
    formerly: Annotated[Array[_Safe], Field(exclude_if=lambda names: not names)] = ()

    @model_validator(mode="after")
    def _require_identity(self) -> Self:
        known = SOURCE_FIELDS[self.source]
        unknown = ", ".join(sorted(set(self.identity) - set(known)))
        if unknown:
            raise _fault(
                "unknown-field",
                f"source {self.source} does not know {unknown}; "
                f"expected {', '.join(known) or 'no further field'}; remove {unknown}",
            )
        if self.source == "twelvedata":
            self._require_vendor_identity()
        return self

    @model_validator(mode="after")
    def _require_new_symbol(self) -> Self:
        if len({self.symbol, *self.formerly}) <= len(self.formerly):
            raise _fault(
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
            raise _config_error(error, symbol) from None

    def _require_vendor_identity(self) -> None:
        if not self.provider_symbol:
            raise _fault(
                "no-provider-symbol",
                "source twelvedata needs provider_symbol; "
                "give the symbol as the vendor writes it, for example EUR/USD",
            )
        if self.mic_code and not _MIC.fullmatch(self.mic_code):
            raise _fault(
                "bad-market-code",
                f"mic_code {self.mic_code!r} is no market code; "
                "give the four letters or digits of ISO 10383, for example XNYS",
            )
        if self.asset_class not in WITHOUT_EXCHANGE and not (self.mic_code or self.exchange):
            raise _fault(
                "no-market",
                f"{self.asset_class} at twelvedata needs mic_code or exchange; "
                "a bare symbol can name another instrument",
            )

    @property
    def identity(self) -> dict[str, str]:
        """The fields that identify it at its source, those that are given."""
        return {name: text for name in _IDENTITY if (text := getattr(self, name))}

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


def require_safe(symbol: object) -> None:
    """ConfigError where a symbol, of any type in a document, cannot name a folder."""
    if not isinstance(symbol, str) or not _SYMBOL.fullmatch(symbol):
        raise ConfigError(_UNSAFE.format(symbol), code="unsafe-symbol")


def _stripped(value: Any) -> Any:
    if isinstance(value, list):
        return [_stripped(part) for part in value]
    return value.strip() if isinstance(value, str) else value


def _config_error(error: ValidationError, symbol: object) -> ConfigError:
    """All faults of an entry in one message, the code of the first one."""
    faults = error.errors(include_url=False)
    missing = [_name(fault) for fault in faults if fault["type"] in _MISSING]
    unknown = [_name(fault) for fault in faults if fault["type"] == "extra_forbidden"]
    messages = [f"{', '.join(missing)} missing; add to this entry"] if missing else []
    if unknown:
        messages.append(
            f"unknown field {', '.join(unknown)}; remove it or use one of "
            f"{', '.join(sorted(ENTRY_FIELDS))}"
        )
    listed = {*missing, *unknown}
    messages += [_message(fault) for fault in faults if _name(fault) not in listed]
    is_named = symbol and "symbol" not in map(_name, faults)
    text = " | ".join(messages)
    return ConfigError(f"{symbol}: {text}" if is_named else text, code=_code(faults[0]))


_LISTS = {
    "formerly": "list former symbols in [ ]",
    "timeframes": "list timeframes in [ ], as in timeframes: [1day, 1week]",
}
_MISSING = ("missing", "string_too_short")
_CODES = {**dict.fromkeys(_MISSING, "missing-field"), "extra_forbidden": "unknown-field"}


def _name(fault: ErrorDetails) -> str:
    return str(fault["loc"][0]) if fault["loc"] else ""


def _code(fault: ErrorDetails) -> str:
    is_ours = "message" in fault.get("ctx", {})
    return fault["type"] if is_ours else _CODES.get(fault["type"], "misread-value")


def _message(fault: ErrorDetails) -> str:
    if _code(fault) != "misread-value":
        return fault["msg"]
    remedy = _LISTS.get(_name(fault), "put it in quotes")
    return f"{_name(fault)} was read as {fault['input']!r}; {remedy}"
