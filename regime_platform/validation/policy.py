"""The context of a validation: severities, overrides and listing dates.

The severity of rules whose breach would make every later number meaningless is fixed.
"""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from operator import or_
from typing import Any, TypeVar

import polars as pl

from regime_platform.errors import ConfigError, nearest
from regime_platform.model.actions import Action
from regime_platform.model.bar_schema import BAR_SCHEMA
from regime_platform.model.digests import document_digest
from regime_platform.model.instants import instant
from regime_platform.model.markets import MARKETS, Market
from regime_platform.model.symbols import require_safe
from regime_platform.model.timeframes import TIMEFRAMES
from regime_platform.model.yaml_text import YamlTextError, load_yaml
from regime_platform.validation.findings import Rule, Severity
from regime_platform.validation.overrides import ANY_RULE, Override, OverrideKind
from regime_platform.validation.rules.bar import NON_POSITIVE, UNLISTED, Listed
from regime_platform.validation.rules.bar_counts import NO_BARS, TOO_FEW_BARS
from regime_platform.validation.rules.calendar_misfit import CALENDAR_MISFIT, MOST_MISFIT
from regime_platform.validation.rules.comparison import CONTRADICTED

#: The rules whose severity may be configured.
CONFIGURABLE = (
    "date_range", "outside_listing", "stale_run", "price_jump", "unadjusted_split", "wide_range",
    "volume_outlier", "missing_volume", "outside_session", "overlapping_bars", "missing_sessions",
    "missing_bars", "calendar_misfit", "overlap_disagreement", "day_disagrees", "week_disagrees",
    "bar_disagrees", "source_lost_bars", NO_BARS.name, TOO_FEW_BARS.name,
)  # fmt: skip
#: The rules whose findings may be accepted; a series without bars has none that could be named.
ACCEPTABLE = (
    *(name for name in CONFIGURABLE if name not in (NO_BARS.name, TOO_FEW_BARS.name)),
    NON_POSITIVE,
)
EVERY_CLASS = "default"
Value = TypeVar("Value")
_TS = pl.col("ts")
_LONGEST_TICKER = 4  # letters; longer ones may be meant as a class
_PARTS = {"rules", "limits", "minimum"}
_CHOICES = (Severity.ERROR, Severity.WARNING, Severity.OFF)

#: Invented bars know no holidays.
_DEFAULTS = {
    ("outside_session", "SYNTHETIC"): Severity.OFF,
    ("calendar_misfit", "SYNTHETIC"): Severity.OFF,
}


@dataclass(frozen=True)
class Policy:
    """The severities of rules per class or symbol, where they differ from those of the rules."""

    chosen: Mapping[tuple[str, str], Severity] = field(default_factory=lambda: _DEFAULTS)
    #: Least bars of a series by timeframe and class or symbol; without one, any number will do.
    minimums: Mapping[tuple[str, str], int] = field(default_factory=dict)
    most_misfit: float = MOST_MISFIT  # the share of a year above which calendar_misfit looks at it

    def rule(self, rule: Rule, market: Market, symbol: str = "") -> Rule:
        """``rule`` with its severity for the symbol, else for its class."""
        return rule.at(_chosen(self.chosen, rule.name, market, symbol) or rule.severity)

    def minimum(self, timeframe: str, market: Market, symbol: str = "") -> int:
        """How many bars a series of the symbol has at least; 0 where none is configured."""
        return _chosen(self.minimums, timeframe, market, symbol) or 0

    @property
    def symbols(self) -> frozenset[str]:
        """The symbols that have severities or minimums of their own."""
        named = (*self.chosen, *self.minimums)
        return frozenset(name for _what, name in named) - {EVERY_CLASS, *MARKETS}

    @property
    def digest(self) -> str:
        """Equal for equal severities, minimums and limits."""
        chosen: dict[str, object] = {
            f"{rule} {name}": severity for (rule, name), severity in self.chosen.items()
        }
        if self.most_misfit != MOST_MISFIT:
            chosen["limit calendar_misfit"] = self.most_misfit
        for (timeframe, name), bars in self.minimums.items():
            chosen[f"minimum {timeframe} {name}"] = bars
        return document_digest(chosen)


def _chosen(
    values: Mapping[tuple[str, str], Value], what: str, market: Market, symbol: str
) -> Value | None:
    """The value for the symbol, else for its class, else for every class."""
    named = ((what, name) for name in (symbol, market.name, EVERY_CLASS))
    return next((values[key] for key in named if key in values), None)


@dataclass(frozen=True)
class ValidationContext:
    """What the rules need to know of one symbol beside its bars."""

    policy: Policy = field(default_factory=Policy)
    overrides: tuple[Override, ...] = ()  # in force
    listing: Mapping[str, Listed] = field(default_factory=dict)  # per timeframe, where known
    withdrawn: tuple[Override, ...] = ()  # on record and not in force
    symbol: str = ""
    calendar: str = ""  # the code of the one that its bars follow
    actions: tuple[Action, ...] = ()  # on record, whether in force or not

    def listed(self, timeframe: str) -> Listed:
        """The dates between which the series can have bars."""
        return self.listing.get(timeframe, UNLISTED)

    def exclusion(self, timeframe: str) -> pl.Expr:
        """Why an override excludes the bar at ``ts``; null where none does."""
        excluding = [
            (override, f"override {override.id} by {override.by}: {override.reason}")
            for override in self.overrides
            if override.kind is OverrideKind.EXCLUDE and override.timeframe == timeframe
        ]
        listed = {opens: reason for override, reason in excluding for opens in override.listed}
        by_open = pl.lit(None, pl.String)
        if listed:
            by_open = _TS.replace_strict(listed, default=None, return_dtype=pl.String)
        ranges = (
            pl.when(_TS.is_between(override.opens, override.last)).then(pl.lit(reason))
            for override, reason in excluding
            if override.until
        )
        return pl.coalesce(by_open, *ranges)

    def accepted(self, timeframe: str, rule: str) -> tuple[Override, ...]:
        """The overrides that accept findings of the rule."""
        # a series as a whole is not accepted along with its first bar
        is_alone = rule == CALENDAR_MISFIT.name or rule not in CONFIGURABLE
        names = (rule,) if is_alone else (rule, ANY_RULE)
        return tuple(self._accepting(timeframe, *names)) if rule in ACCEPTABLE else ()

    def settled(self, timeframe: str) -> dt.datetime | None:
        """Up to when contradicting fetches were accepted as of the same instrument."""
        accepting = self._accepting(timeframe, CONTRADICTED.name)
        return max((instant(override.at) for override in accepting), default=None)

    def _accepting(self, timeframe: str, *rules: str) -> Iterator[Override]:
        for override in self.overrides:
            is_accepting = override.kind is OverrideKind.ACCEPT and override.rule in rules
            if is_accepting and override.timeframe == timeframe:
                yield override


def is_about(overrides: Sequence[Override], opens: pl.Expr) -> pl.Expr:
    """True where one of ``overrides`` is about the open."""
    listed = [each for override in overrides for each in override.listed]
    ranges = (
        opens.is_between(override.opens, override.last) for override in overrides if override.until
    )
    return reduce(or_, ranges, opens.is_in(pl.Series(listed, dtype=BAR_SCHEMA["ts"]).implode()))


DEFAULT_CONTEXT = ValidationContext()


def parse_policy(text: str, where: str) -> Policy:
    """The policy of the gate.yaml ``where``; severities that it leaves out keep their defaults.

    Raises:
        ConfigError: an unknown rule, class or severity; names it and the known ones.
    """
    try:
        document = load_yaml(text)
    except YamlTextError as error:
        raise _invalid(f"{where} is not YAML ({error}); correct or remove it") from error
    if not isinstance(document, dict) or not document or set(document) - _PARTS:
        raise _invalid(f"{where}: expected one mapping named rules, and perhaps limits, minimum")
    most_misfit = _limit(document.pop("limits", {}), where)
    minimums = _minimums(document.pop("minimum", {}), where)
    document = {"rules": {}, **document}
    if not isinstance(document["rules"], dict):
        raise _invalid(f"{where}: rules is no mapping of rule names")
    chosen = dict(_DEFAULTS)
    for rule, classes in document["rules"].items():
        _require(f"{where}: rule", rule, CONFIGURABLE)
        if not isinstance(classes, dict):
            raise _invalid(f"{where}: {rule} is no mapping of classes or symbols to severities")
        for name, severity in classes.items():
            _require_name(f"{where}: {rule}", name)
            given = "off" if severity is False else severity  # YAML reads a bare off as false
            _require(f"{where}: {rule}: {name}", given, _CHOICES)
            chosen[rule, name] = Severity(given)
    return Policy(chosen, minimums, most_misfit)


def _minimums(classes: Any, where: str) -> dict[tuple[str, str], int]:
    """Timeframe and class or symbol -> least bars."""
    expected = "expected counts of bars, as in minimum: {US_EQUITY: {1day: 500, 1week: 100}}"
    if not isinstance(classes, dict):
        raise _invalid(f"{where}: minimum is {classes!r}; {expected}")
    minimums = {}
    for name, counts in classes.items():
        _require_name(f"{where}: minimum", name)
        if not isinstance(counts, dict):
            raise _invalid(f"{where}: minimum: {name} is {counts!r}; {expected}")
        for timeframe, bars in counts.items():
            _require(f"{where}: minimum: {name}: timeframe", timeframe, TIMEFRAMES)
            if not isinstance(bars, int) or isinstance(bars, bool) or bars < 0:
                raise _invalid(f"{where}: minimum: {name}: {timeframe} is {bars!r}; {expected}")
            minimums[timeframe, name] = bars
    return minimums


def _limit(limits: Any, where: str) -> float:
    expected = f"expected a share, as in {CALENDAR_MISFIT.name}: {MOST_MISFIT}"
    if not isinstance(limits, dict) or set(limits) - {CALENDAR_MISFIT.name}:
        raise _invalid(f"{where}: limits is {limits!r}; {expected}")
    given = limits.get(CALENDAR_MISFIT.name, MOST_MISFIT)
    if not isinstance(given, int | float) or not 0 < given < 1:
        raise _invalid(f"{where}: limits is {limits!r}; {expected}")
    return float(given)


def _invalid(message: str) -> ConfigError:
    return ConfigError(message, code="gate-policy-invalid")


def _require_name(where: str, name: Any) -> None:
    """Refuses what is neither a class nor a symbol, and a symbol that may be a misspelt class."""
    known = (EVERY_CLASS, *MARKETS)
    if name in known:
        return
    try:
        require_safe(name)
    except ConfigError:
        _require(f"{where}: class or symbol", name, known)
    if len(name) > _LONGEST_TICKER and (likely := nearest(name, known)):
        raise _invalid(f"{where}: class {name!r} is unknown{likely}")


def _require(where: str, given: Any, known: Sequence[str]) -> None:
    if given not in known:
        raise _invalid(f"{where} {given!r} is unknown; expected one of {', '.join(known)}")
