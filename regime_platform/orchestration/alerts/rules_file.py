"""Reads alerts.yaml of the data root."""

from collections.abc import Sequence
from dataclasses import dataclass

from regime_platform.bar_store.layout import DataRoot
from regime_platform.errors import ConfigError, RegimeError
from regime_platform.files import path_below
from regime_platform.model.universe.universe import Universe
from regime_platform.orchestration.alerts.rules import AlertRules, parse_rules
from regime_platform.query.watchlist import read_watchlist
from regime_platform.regular_files import read_text


@dataclass(frozen=True)
class RulesInForce:
    """The rules that decide, and why those of the file do not."""

    rules: AlertRules
    problem: str = ""  # of the file, whose place the default rules take meanwhile

    @property
    def notes(self) -> list[str]:
        """What every alert repeats until the file is corrected."""
        return [f"sent by the default rules: {self.problem}"] if self.problem else []


def read_rules(root: DataRoot, universe: Universe) -> AlertRules:
    """The rules of alerts.yaml, or the default ones where there is no such file.

    Raises:
        ConfigError: the file cannot be read, is invalid, or names symbols that are not tracked.
    """
    path = root.alert_rules

    def symbols_of(names: Sequence[str], watchlist: str | None) -> list[str]:
        symbols = [each.symbol for each in universe.select(names)] if names else []
        if watchlist is not None:
            symbols += read_watchlist(path_below(root.path, watchlist), universe)
        return symbols

    try:
        text = read_text(path)
    except FileNotFoundError:
        return AlertRules()
    except (OSError, UnicodeDecodeError, RegimeError) as error:
        raise _invalid(f"cannot read {path}: {error}; correct or remove it") from error
    try:
        return parse_rules(text, str(path), symbols_of)
    except ConfigError:
        raise
    except RegimeError as error:  # of a symbol or a watchlist
        raise _invalid(f"{path}: {error}") from error


def rules_in_force(root: DataRoot, universe: Universe) -> RulesInForce:
    """The rules of the file, or the default ones and why."""
    try:
        return RulesInForce(read_rules(root, universe))
    except ConfigError as error:
        return RulesInForce(AlertRules(), str(error))


def _invalid(message: str) -> ConfigError:
    return ConfigError(message, code="alert-rules-invalid")
