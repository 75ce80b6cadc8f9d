"""The faults of an entry of the universe, each with its remedy, as one ConfigError."""

from collections.abc import Iterable

from pydantic import ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from regime_platform.errors import ConfigError

_FORMS = {
    "files": "give a path, a pattern or a list of them, as in files: {1day: /bars/AAPL.csv}",
    "formerly": "list former symbols in [ ]",
    "timeframes": "list timeframes in [ ], as in timeframes: [1day, 1week]",
}
_MISSING = ("missing", "string_too_short")
_CODES = {**dict.fromkeys(_MISSING, "missing-field"), "extra_forbidden": "unknown-field"}


def fault(code: str, message: str) -> PydanticCustomError:
    """What a validator raises."""
    return PydanticCustomError(code, "{message}", {"message": message})


def entry_error(error: ValidationError, symbol: object, known: Iterable[str]) -> ConfigError:
    """All faults of an entry in one message, the code of the first one."""
    faults = error.errors(include_url=False)
    missing = [_name(fault) for fault in faults if fault["type"] in _MISSING]
    unknown = [_name(fault) for fault in faults if fault["type"] == "extra_forbidden"]
    messages = [f"{', '.join(missing)} missing; add to this entry"] if missing else []
    if unknown:
        messages.append(
            f"unknown field {', '.join(unknown)}; remove it or use one of "
            f"{', '.join(sorted(known))}"
        )
    listed = {*missing, *unknown}
    messages += [_message(fault) for fault in faults if _name(fault) not in listed]
    is_named = symbol and "symbol" not in map(_name, faults)
    text = " | ".join(messages)
    return ConfigError(f"{symbol}: {text}" if is_named else text, code=_code(faults[0]))


def _name(fault: ErrorDetails) -> str:
    return str(fault["loc"][0]) if fault["loc"] else ""


def _code(fault: ErrorDetails) -> str:
    is_ours = "message" in fault.get("ctx", {})
    return fault["type"] if is_ours else _CODES.get(fault["type"], "misread-value")


def _message(fault: ErrorDetails) -> str:
    if _code(fault) != "misread-value":
        return fault["msg"]
    remedy = _FORMS.get(_name(fault), "put it in quotes")
    return f"{_name(fault)} was read as {fault['input']!r}; {remedy}"
