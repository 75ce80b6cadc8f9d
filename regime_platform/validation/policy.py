"""The context of a validation: severities, overrides and listing dates.

The severity of rules whose breach would make every later number meaningless is fixed.
"""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from regime_platform.errors import ConfigError
from regime_platform.model.asset_classes import ASSET_CLASSES
from regime_platform.model.digests import document_digest
from regime_platform.model.instants import instant
from regime_platform.model.yaml_text import YamlTextError, load_yaml
from regime_platform.validation.findings import Rule, Severity
from regime_platform.validation.overrides import ANY_RULE, Override, OverrideKind
from regime_platform.validation.rules.bar import UNLISTED, Listed
from regime_platform.validation.rules.comparison import CONTRADICTED

#: The rules whose severity may be configured and whose findings may be accepted.
CONFIGURABLE = (
    "date_range", "outside_listing", "stale_run", "price_jump", "wide_range", "volume_outlier",
    "missing_volume", "outside_session", "missing_sessions", "missing_bars",
    "overlap_disagreement", "day_disagrees", "week_disagrees",
)  # fmt: skip
EVERY_CLASS = "default"
_CHOICES = (Severity.ERROR, Severity.WARNING, Severity.OFF)

#: Invented bars know no holidays.
_DEFAULTS = {("outside_session", "SYNTHETIC"): Severity.OFF}


@dataclass(frozen=True)
class Policy:
    """The severities of rules per asset class, where they differ from those of the rules."""

    chosen: Mapping[tuple[str, str], Severity] = field(default_factory=lambda: _DEFAULTS)

    def rule(self, rule: Rule, asset_class: str) -> Rule:
        """``rule`` with its severity for the class."""
        general = self.chosen.get((rule.name, EVERY_CLASS), rule.severity)
        return rule.at(self.chosen.get((rule.name, asset_class), general))

    @property
    def digest(self) -> str:
        """Equal for equal severities."""
        return document_digest(
            {f"{rule} {name}": severity for (rule, name), severity in self.chosen.items()}
        )


@dataclass(frozen=True)
class ValidationContext:
    """What the rules need to know of one symbol beside its bars."""

    policy: Policy = field(default_factory=Policy)
    overrides: tuple[Override, ...] = ()  # in force
    listing: Mapping[str, Listed] = field(default_factory=dict)  # per timeframe, where known
    withdrawn: tuple[Override, ...] = ()  # on record and not in force

    def listed(self, timeframe: str) -> Listed:
        """The dates between which the series can have bars."""
        return self.listing.get(timeframe, UNLISTED)

    def excluded(self, timeframe: str) -> dict[dt.datetime, str]:
        """Open -> why the bar is excluded."""
        return {
            override.opens: f"override {override.id} by {override.by}: {override.reason}"
            for override in self.overrides
            if override.kind is OverrideKind.EXCLUDE and override.timeframe == timeframe
        }

    def accepted(self, timeframe: str, rule: str) -> list[dt.datetime]:
        """The opens of which findings of the rule are accepted; none where severity is fixed."""
        accepting = self._accepting(timeframe, rule, ANY_RULE) if rule in CONFIGURABLE else ()
        return [override.opens for override in accepting]

    def settled(self, timeframe: str) -> dt.datetime | None:
        """Up to when contradicting fetches were accepted as of the same instrument."""
        accepting = self._accepting(timeframe, CONTRADICTED.name)
        return max((instant(override.at) for override in accepting), default=None)

    def _accepting(self, timeframe: str, *rules: str) -> Iterator[Override]:
        for override in self.overrides:
            is_accepting = override.kind is OverrideKind.ACCEPT and override.rule in rules
            if is_accepting and override.timeframe == timeframe:
                yield override


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
    if not isinstance(document, dict) or set(document) != {"rules"}:
        raise _invalid(f"{where}: expected one mapping named rules")
    if not isinstance(document["rules"], dict):
        raise _invalid(f"{where}: rules is no mapping of rule names")
    chosen = dict(_DEFAULTS)
    for rule, classes in document["rules"].items():
        _require(f"{where}: rule", rule, CONFIGURABLE)
        if not isinstance(classes, dict):
            raise _invalid(f"{where}: {rule} is no mapping of classes to severities")
        for name, severity in classes.items():
            _require(f"{where}: {rule}: class", name, (EVERY_CLASS, *ASSET_CLASSES))
            given = "off" if severity is False else severity  # YAML reads a bare off as false
            _require(f"{where}: {rule}: {name}", given, _CHOICES)
            chosen[rule, name] = Severity(given)
    return Policy(chosen)


def _invalid(message: str) -> ConfigError:
    return ConfigError(message, code="gate-policy-invalid")


def _require(where: str, given: Any, known: Sequence[str]) -> None:
    if given not in known:
        raise _invalid(f"{where} {given!r} is unknown; expected one of {', '.join(known)}")
