"""The rules of alerts.yaml: which changes are sent at once, when a change counts, and the digest.

Pure; ``rules_file`` reads the file.
"""

import datetime as dt
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError

from regime_platform.compute.params import BUCKETS
from regime_platform.errors import ConfigError, nearest
from regime_platform.model.document import Array, Document, first_fault
from regime_platform.model.exchanges import NEW_YORK
from regime_platform.model.instruments import Instrument
from regime_platform.model.markets import MARKETS
from regime_platform.model.result_schema import ESCALATION_BUCKETS, REGIME_LABELS
from regime_platform.model.timeframes import TIERS, TIMEFRAMES
from regime_platform.model.yaml_text import YamlTextError, load_yaml

#: The regimes that one wants to know of on their first bar.
URGENT = ("SHOCK", "PANIC_RISK")
HIGH = "HIGH"
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_TIME = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")
#: Lower and upper edge of each bucket that has a rank.
_EDGES: Mapping[str, tuple[float, float]] = {
    "LOW": (0.0, BUCKETS.med),
    "MED": (BUCKETS.med, BUCKETS.high),
    HIGH: (BUCKETS.high, 1.0),
}


def _word_of(known: Sequence[str]) -> AfterValidator:
    def require(word: str) -> str:
        if word not in known:
            raise ValueError(
                f"{word!r} is unknown{nearest(word, known)}; expected one of {', '.join(known)}"
            )
        return word

    return AfterValidator(require)


def _time(value: Any) -> Any:
    if isinstance(value, dt.time):
        return value
    # YAML reads a bare 18:00 as minutes, in base 60
    is_minutes = isinstance(value, int) and not isinstance(value, bool)
    text = "{}:{:02}".format(*divmod(value, 60)) if is_minutes else value
    match = _TIME.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise ValueError(f"{value!r} is no time of day; write it as 08:00")
    return dt.time(int(match[1]), int(match[2]))


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"{name!r} is no time zone; write it as {NEW_YORK}") from error
    return name


_Timeframe = Annotated[str, _word_of(TIMEFRAMES)]
_Bucket = Annotated[str, _word_of(ESCALATION_BUCKETS)]
_Regime = Annotated[str, _word_of(REGIME_LABELS)]


class Rule(Document):
    """Which changes are sent; a field that is left out allows all."""

    symbols: Array[str] = ()
    watchlist: str | None = None  # a file beside alerts.yaml, whose symbols are added
    classes: Array[Annotated[str, _word_of(tuple(MARKETS))]] = ()
    tiers: Array[Annotated[str, _word_of(tuple(TIERS))]] = ()
    timeframes: Array[_Timeframe] = ()
    buckets: Array[_Bucket] = ()  # that a series enters or leaves
    regimes: Array[_Regime] = ()  # the same; with buckets either will do

    def covers(self, instrument: Instrument, timeframe: str) -> bool:
        """True where it is about the series."""
        is_named = instrument.symbol in self.symbols or not (self.symbols or self.watchlist)
        return (
            is_named
            and (not self.classes or instrument.asset_class in self.classes)
            and (not self.tiers or instrument.tier in self.tiers)
            and (not self.timeframes or timeframe in self.timeframes)
        )

    def sends(self, regimes: tuple[str, str], buckets: tuple[str, str]) -> bool:
        """True where a change is sent; each pair is of before and after."""
        has_regime, has_bucket = regimes[0] != regimes[1], buckets[0] != buckets[1]
        if not (self.buckets or self.regimes):
            return has_regime or has_bucket
        return (has_regime and not set(regimes).isdisjoint(self.regimes)) or (
            has_bucket and not set(buckets).isdisjoint(self.buckets)
        )


class Confirmation(Document):
    """When a change counts."""

    #: Bars that a regime or bucket has to last, by timeframe.
    bars: dict[_Timeframe, Annotated[int, Field(ge=1)]] = Field(default_factory=dict)
    #: Or how far beyond its edge the percentile of a bucket has to be.
    band: Annotated[float, Field(gt=0, le=1)] = 0.10
    #: Regimes and buckets that count from their first bar; leaving them takes ``bars``.
    at_once: Array[Annotated[str, _word_of((*REGIME_LABELS, *ESCALATION_BUCKETS))]] = URGENT

    def needed(self, timeframe: str) -> int:
        """The bars that a change on a timeframe has to last."""
        return self.bars.get(timeframe, _BARS.get(timeframe, _USUAL_BARS))

    def is_beyond(self, before: str, after: str, percentile: float | None) -> bool:
        """True where a percentile is beyond the edge that it crossed by the band."""
        if percentile is None or before not in _EDGES or after not in _EDGES:
            return False
        lower, upper = _EDGES[after]
        if lower > _EDGES[before][0]:
            return percentile >= lower + self.band
        return percentile < upper - self.band


_BARS = {"1week": 2}
_USUAL_BARS = 3


class DigestTime(Document):
    """When the weekly digest is sent, and what it compares."""

    day: Annotated[str, BeforeValidator(lambda word: str(word).lower()), _word_of(_DAYS)] = (
        "saturday"
    )
    time: Annotated[dt.time, BeforeValidator(_time)] = dt.time(8)
    zone: Annotated[str, AfterValidator(_zone)] = NEW_YORK
    timeframes: Array[_Timeframe] = ("1day", "1week")

    def last_due(self, now: dt.datetime) -> dt.datetime:
        """The last moment of a digest that is not after ``now`` (aware)."""
        local = now.astimezone(ZoneInfo(self.zone))
        date = local.date() - dt.timedelta(days=(local.weekday() - _DAYS.index(self.day)) % 7)
        due = dt.datetime.combine(date, self.time, local.tzinfo)
        if due > now:
            due = dt.datetime.combine(date - dt.timedelta(days=7), self.time, local.tzinfo)
        return due.astimezone(dt.UTC)

    def __str__(self) -> str:
        return f"{self.day} {self.time:%H:%M} {self.zone}"


class AlertRules(Document):
    """What alerts.yaml says; without the file its defaults."""

    rules: Array[Rule] = (
        Rule(tiers=("core",), timeframes=("1day", "1week"), buckets=(HIGH,), regimes=URGENT),
    )
    confirmation: Confirmation = Confirmation()
    digest: DigestTime | Literal[False] = DigestTime()  # False: none is sent

    def sends(
        self,
        instrument: Instrument,
        timeframe: str,
        regimes: tuple[str, str],
        buckets: tuple[str, str],
    ) -> bool:
        """True where a change of a series, before and after, is sent at once."""
        return any(
            rule.covers(instrument, timeframe) and rule.sends(regimes, buckets)
            for rule in self.rules
        )

    def describe(self) -> str:
        """The rules in a few words."""
        count = len(self.rules)
        rules = "1 rule" if count == 1 else f"{count} rules"
        return f"{rules}, digest {self.digest or 'off'}"


def parse_rules(
    text: str, where: str, symbols_of: Callable[[Sequence[str], str | None], Sequence[str]]
) -> AlertRules:
    """The rules in the text of the file ``where``.

    ``symbols_of`` turns the symbols and the watchlist of a rule into symbols of the universe.

    Raises:
        ConfigError: it is no YAML, or a field is unknown or has no usable value.
    """
    try:
        document = load_yaml(text)
    except YamlTextError as error:
        raise _invalid(f"{where} is not YAML ({error}); correct or remove it") from error
    if not isinstance(document, dict):
        known = ", ".join(AlertRules.model_fields)
        raise _invalid(f"{where}: expected a mapping with some of {known}; correct or remove it")
    try:
        rules = AlertRules.model_validate(document)
    except ValidationError as error:
        raise _invalid(f"{where}: {_fault(error)}; correct it, or remove the file") from error
    named = (
        rule.model_copy(update={"symbols": tuple(symbols_of(rule.symbols, rule.watchlist))})
        for rule in rules.rules
    )
    return rules.model_copy(update={"rules": tuple(named)})


def _fault(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    if first["type"] != "extra_forbidden":
        return first_fault(error)
    *place, name = map(str, first["loc"])
    parts: Mapping[str, type[Document]] = {
        "rules": Rule,
        "confirmation": Confirmation,
        "digest": DigestTime,
    }
    known = parts.get(place[0] if place else "", AlertRules).model_fields
    where = f"{'.'.join(place)}: " if place else ""
    return f"{where}unknown field {name!r}{nearest(name, known)}; expected {', '.join(known)}"


def _invalid(message: str) -> ConfigError:
    return ConfigError(message, code="alert-rules-invalid")
