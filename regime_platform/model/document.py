"""What the typed documents of the platform share: they are read, compared and written, not changed.

A document is a pydantic model whose fields are the keys of the JSON on disk, in its order:
``model_validate`` reads what ``json.loads`` gave, ``model_dump(mode="json")`` gives what is written
and digested. Values of another type than the field are refused rather than converted, since a
converted value has another digest. ``model_copy(update=...)`` makes a changed copy.
"""

import datetime as dt
from typing import Annotated, Any, TypeVar

from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    PlainSerializer,
    Strict,
    ValidationError,
)

from regime_platform.model.instants import instant, iso

_T = TypeVar("_T")


class Document(BaseModel):
    """A JSON object with exactly these fields; a subclass may ignore others."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        serialize_by_alias=True,
        validate_by_name=True,
        defer_build=True,  # a command builds the models that it uses
    )


def _instant(value: Any) -> Any:
    return instant(value) if isinstance(value, str) else value


def _date(value: Any) -> Any:
    return dt.date.fromisoformat(value) if isinstance(value, str) else value


#: A JSON array as a tuple.
Array = Annotated[tuple[_T, ...], Strict(strict=False)]
#: A word of JSON as a member of an enumeration.
Word = Annotated[_T, Strict(strict=False)]
#: ISO 8601 with a zone, written in UTC as ``model.instants.iso`` writes it.
Instant = Annotated[
    AwareDatetime, BeforeValidator(_instant), PlainSerializer(iso, when_used="json")
]
#: An ISO date.
Date = Annotated[dt.date, BeforeValidator(_date)]


def first_fault(error: ValidationError) -> str:
    """The first reason why values are not the document, after the place of the value."""
    fault = error.errors(include_url=False, include_input=False)[0]
    place = ".".join(
        str(part) if str(part).isidentifier() else f"{part!a:.60}"
        for part in fault["loc"]
        if part != "[key]"
    )
    reason = fault["msg"].removeprefix("Value error, ")
    return f"{place}: {reason}" if place else reason


def is_absent(value: object) -> bool:
    """True for None and for an empty array, which some documents leave out."""
    return value is None or value == ()
