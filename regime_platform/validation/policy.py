"""By what bars are judged beside the rules themselves: severities, decisions, the listing.

Severities are configuration, per rule and per class of instrument, in ``gate.yaml`` of the data
root. Rules whose breach would make nonsense of every number after it are not for choosing.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from regime_platform.errors import ConfigError
from regime_platform.model.asset_classes import ASSET_CLASSES
from regime_platform.model.digests import facts_digest
from regime_platform.model.series import instant
from regime_platform.model.yaml_text import YamlTextError, load_yaml
from regime_platform.validation.findings import Rule, Severity
from regime_platform.validation.overrides import ANY_RULE, Override, OverrideKind
from regime_platform.validation.rules.listing import UNLISTED, Listed
from regime_platform.validation.rules.overlap import CONTRADICTED

#: The rules whose severity may be chosen, and whose findings a person may accept.
CONFIGURABLE = (
    "date_range",
    "outside_listing",
    "stale_run",
    "price_jump",
    "wide_range",
    "volume_outlier",
    "missing_volume",
    "outside_session",
    "missing_sessions",
    "missing_bars",
    "overlap_disagreement",
    "day_disagrees",
    "week_disagrees",
)
EVERY_CLASS = "default"
_CHOICES = (Severity.ERROR, Severity.WARNING, Severity.OFF)

#: Invented bars know no holidays.
_DEFAULTS: Mapping[tuple[str, str], Severity] = MappingProxyType(
    {("outside_session", "SYNTHETIC"): Severity.OFF}
)


@dataclass(frozen=True)
class Policy:
    """Which severity a rule has for a class."""

    chosen: Mapping[tuple[str, str], Severity] = field(default_factory=lambda: _DEFAULTS)

    def rule(self, rule: Rule, asset_class: str) -> Rule:
        """``rule`` with the severity that holds for the class."""
        for name in (asset_class, EVERY_CLASS):
            severity = self.chosen.get((rule.name, name))
            if severity is not None:
                return rule.at(severity)
        return rule

    @property
    def digest(self) -> str:
        """Equal for equal severities."""
        return facts_digest({f"{rule} {name}": told for (rule, name), told in self.chosen.items()})


@dataclass(frozen=True)
class Standard:
    """By what the series of one symbol are judged."""

    policy: Policy = field(default_factory=Policy)
    overrides: tuple[Override, ...] = ()  # in force
    listing: Mapping[str, Listed] = field(default_factory=dict)  # per timeframe, where known
    withdrawn: tuple[Override, ...] = ()  # on record and not in force

    def listed(self, timeframe: str) -> Listed:
        """Between which dates the series can have bars."""
        return self.listing.get(timeframe, UNLISTED)

    def excluded(self, timeframe: str) -> Mapping[str, str]:
        """ISO open -> why a person keeps the bar out."""
        return {
            override.ts: f"decision {override.id} by {override.by}: {override.reason}"
            for override in self.overrides
            if override.kind is OverrideKind.EXCLUDE and override.timeframe == timeframe
        }

    def accepted(self, timeframe: str, rule: str) -> Sequence[Override]:
        """The decisions that declare findings of the rule true; none for rules beyond choosing."""
        if rule not in CONFIGURABLE:
            return []
        return [
            override
            for override in self.overrides
            if override.kind is OverrideKind.ACCEPT
            and override.timeframe == timeframe
            and override.rule in (rule, ANY_RULE)
        ]

    def settled(self, timeframe: str) -> dt.datetime | None:
        """Up to when contradicting fetches were declared to be of the same instrument."""
        moments = [
            instant(override.at)
            for override in self.overrides
            if override.kind is OverrideKind.ACCEPT
            and (override.timeframe, override.rule) == (timeframe, CONTRADICTED.name)
        ]
        return max(moments, default=None)


STANDARD = Standard()


def parse_policy(text: str, where: str) -> Policy:
    """The policy that gate.yaml describes: what it leaves out keeps its default.

    Raises:
        ConfigError: unknown rule, class or severity; names the place and what is possible.
    """
    try:
        document = load_yaml(text)
    except YamlTextError as error:
        raise ConfigError(f"{where} is not YAML ({error}); correct or remove it") from error
    if not isinstance(document, dict) or set(document) != {"rules"}:
        raise ConfigError(f"{where}: expected one mapping named rules")
    rules = document["rules"]
    if not isinstance(rules, dict):
        raise ConfigError(f"{where}: rules is no mapping of rule names")
    chosen = dict(_DEFAULTS)
    for rule, classes in rules.items():
        _require(f"{where}: rule", rule, CONFIGURABLE)
        if not isinstance(classes, dict):
            raise ConfigError(f"{where}: {rule} is no mapping of classes to severities")
        for name, severity in classes.items():
            _require(f"{where}: {rule}: class", name, (EVERY_CLASS, *ASSET_CLASSES))
            chosen[rule, name] = _severity(severity, f"{where}: {rule}: {name}")
    return Policy(MappingProxyType(chosen))


def _severity(given: Any, where: str) -> Severity:
    text = "off" if given is False else given  # YAML reads a bare off as false
    _require(where, text, [choice.value for choice in _CHOICES])
    return Severity(text)


def _require(where: str, given: Any, known: Sequence[str]) -> None:
    if given not in known:
        raise ConfigError(f"{where} {given!r} is unknown; expected one of {', '.join(known)}")
