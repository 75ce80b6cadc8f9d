"""One entry of universe.yaml: from what YAML read to an instrument, and back to one line of YAML.

The file as a whole is ``model.universe.universe``'s; changing it in place is
``model.universe.text``'s.
"""

import datetime as dt
import json
import re
from collections.abc import Mapping
from typing import Any

import yaml

from regime_platform.errors import ConfigError
from regime_platform.model.instruments import SOURCE_FIELDS, Instrument

REQUIRED = ("symbol", "name", "asset_class", "tier", "source")
_HISTORY = ("delisted", "formerly")
_IDENTITY = sorted({name for names in SOURCE_FIELDS.values() for name in names})
#: Text that no YAML reader takes for anything else, also inside {}; all else is put in quotes.
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_./^=-]*(?: [A-Za-z0-9_./^=()&'+-]+)*")


def parse_entry(entry: Any) -> Instrument:
    """The instrument that an entry describes.

    Raises:
        ConfigError: a field is missing, unknown, misread by YAML or unusable; says the remedy.
    """
    if not isinstance(entry, Mapping):
        raise ConfigError(f"expected a mapping with {', '.join(REQUIRED)}")
    formerly = _names(entry.get("formerly"))
    fields = {str(key): _text(str(key), value) for key, value in entry.items() if key != "formerly"}
    missing = [name for name in REQUIRED if not fields.get(name)]
    if missing:
        raise ConfigError(f"{', '.join(missing)} missing; add to this entry")
    unknown = sorted(set(fields) - {*REQUIRED, *_HISTORY, *_IDENTITY})
    if unknown:
        raise ConfigError(
            f"unknown field {', '.join(unknown)}; remove it or use one of "
            f"{', '.join(sorted((*REQUIRED, *_HISTORY, *_IDENTITY)))}"
        )
    return Instrument(
        **{name: fields[name] for name in REQUIRED},
        identity={name: fields[name] for name in _IDENTITY if fields.get(name)},
        delisted=fields.get("delisted", ""),
        formerly=formerly,
    )


def entry_text(instrument: Instrument) -> str:
    """The entry as one line of YAML, without the dash before it."""
    fields = ", ".join(f"{name}: {value_text(value)}" for name, value in instrument.facts().items())
    return f"{{{fields}}}"


def value_text(value: object) -> str:
    """A value of an entry as YAML, in quotes wherever it could be read as something else."""
    if isinstance(value, list):
        return f"[{', '.join(value_text(one) for one in value)}]"
    text = str(value)
    is_plain = _PLAIN.fullmatch(text) and yaml.safe_load(text) == text
    return text if is_plain else json.dumps(text, ensure_ascii=False)


def _names(value: Any) -> tuple[str, ...]:
    if value is None:
        return ()
    if not isinstance(value, list):
        raise ConfigError(f"formerly was read as {value!r}; list former symbols in [ ]")
    return tuple(_text("formerly", one) for one in value)


def _text(name: str, value: Any) -> str:
    # YAML reads the tickers ON, NO and Y as truth values and 0700 as an octal number
    if value is None:
        return ""
    if name == "delisted" and type(value) is dt.date:
        return value.isoformat()
    if not isinstance(value, str):
        raise ConfigError(f"{name} was read as {value!r}; put it in quotes")
    return value.strip()
