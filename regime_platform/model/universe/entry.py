"""One entry of universe.yaml: from what YAML read to an instrument, and back to one line of YAML.

The file is read by ``model.universe.universe`` and edited in place by ``model.universe.text``.
"""

import datetime as dt
import json
import re
from collections.abc import Mapping
from typing import Any

import yaml

from regime_platform.errors import ConfigError
from regime_platform.model.instruments import Instrument

REQUIRED = ("symbol", "name", "asset_class", "tier", "source")
#: Text that every YAML reader takes for text, also inside {}; other text is put in quotes.
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_./^=-]*(?: [A-Za-z0-9_./^=()&'+-]+)*")
_RESOLVER = yaml.resolver.Resolver()


def parse_entry(entry: Any) -> Instrument:
    """The instrument that an entry describes; a field without a value counts as absent.

    Raises:
        ConfigError: fields are missing, unknown, misread by YAML or unusable; names each with the
            remedy.
    """
    if not isinstance(entry, Mapping):
        raise ConfigError(f"expected a mapping with {', '.join(REQUIRED)}", code="no-entry")
    fields = {str(name): _stripped(value) for name, value in entry.items()}
    if type(fields.get("delisted")) is dt.date:  # YAML reads a bare date as one
        fields["delisted"] = fields["delisted"].isoformat()
    absent = {
        name
        for name, value in fields.items()
        if name in Instrument.model_fields and value in (None, "")
    }
    return Instrument(**{name: value for name, value in fields.items() if name not in absent})


def entry_text(instrument: Instrument) -> str:
    """The entry as one line of YAML, without the dash before it."""
    entry = instrument.model_dump(mode="json")
    return f"{{{', '.join(f'{name}: {value_text(value)}' for name, value in entry.items())}}}"


def value_text(value: object) -> str:
    """A value of an entry as YAML, in quotes wherever it could be read as something else."""
    if isinstance(value, list):
        return f"[{', '.join(map(value_text, value))}]"
    text = str(value)
    is_text = _PLAIN.fullmatch(text) and _tag(text) == "tag:yaml.org,2002:str"
    return text if is_text else json.dumps(text, ensure_ascii=False)


def _stripped(value: Any) -> Any:
    if isinstance(value, list):
        return [_stripped(part) for part in value]
    return value.strip() if isinstance(value, str) else value


def _tag(text: str) -> str:
    """The type that YAML gives ``text`` without quotes."""
    tag: str = _RESOLVER.resolve(yaml.ScalarNode, text, (True, False))  # type: ignore[no-untyped-call]
    return tag
