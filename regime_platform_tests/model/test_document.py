"""Documents are read as they were written, or refused with the place of the fault."""

import datetime as dt
from enum import StrEnum

import pytest
from pydantic import Field, ValidationError

from regime_platform.model.document import (
    Array,
    Date,
    Document,
    Instant,
    Word,
    first_fault,
    is_absent,
)


class Colour(StrEnum):
    """A word."""

    RED = "red"


class Part(Document):
    """A document within another."""

    count: int


class Sample(Document):
    """Every kind of field."""

    colour: Word[Colour]
    parts: Array[Part] = ()
    at: Instant | None = Field(default=None, exclude_if=is_absent)
    on: Date | None = None


WHOLE = {
    "colour": "red",
    "parts": [{"count": 1}],
    "at": "2024-01-08T09:30:00.500000Z",
    "on": "2024-01-08",
}


def test_a_document_is_written_as_it_was_read() -> None:
    sample = Sample.model_validate(WHOLE)

    assert sample.model_dump(mode="json") == WHOLE
    assert list(sample.model_dump(mode="json")) == list(WHOLE)
    assert (sample.colour, sample.parts) == (Colour.RED, (Part(count=1),))
    assert sample.at == dt.datetime(2024, 1, 8, 9, 30, 0, 500_000, dt.UTC)


def test_an_absent_value_is_left_out_where_the_field_says_so() -> None:
    assert Sample(colour=Colour.RED).model_dump(mode="json") == {
        "colour": "red",
        "parts": [],
        "on": None,
    }


def test_an_instant_of_another_zone_is_written_in_utc() -> None:
    zone = dt.timezone(dt.timedelta(hours=2))

    sample = Sample(colour=Colour.RED, at=dt.datetime(2024, 1, 8, 2, tzinfo=zone))

    assert sample.model_dump(mode="json")["at"] == "2024-01-08T00:00:00Z"


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"colour": "blue"}, "colour: "),
        ({"parts": [{"count": "1"}]}, "parts.0.count: "),
        ({"parts": [{"count": 1.5}]}, "parts.0.count: "),
        ({"parts": [{}]}, "parts.0.count: "),
        ({"at": "soon"}, "at: "),
        ({"at": "2024-01-08T09:30:00"}, "at: "),
        ({"on": 5}, "on: "),
        ({"mood": "good"}, "mood: "),
    ],
)
def test_another_document_is_refused_with_the_place(change: dict[str, object], fault: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Sample.model_validate({**WHOLE, **change})

    assert first_fault(refused.value).startswith(fault)


def test_a_document_does_not_change() -> None:
    sample = Sample(colour=Colour.RED)

    with pytest.raises(ValidationError, match="frozen"):
        sample.on = None
    assert sample.model_copy(update={"on": dt.date(2024, 1, 8)}).on == dt.date(2024, 1, 8)
    assert hash(sample) == hash(Sample(colour=Colour.RED))
