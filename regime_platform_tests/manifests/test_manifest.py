"""Digest and seal of a manifest."""

import datetime as dt
from typing import Any

import pytest
from pydantic import ValidationError

from regime_platform.manifests.manifest import ManifestFacts, SchemaVersion, is_same, sealed


def _facts(**fields: Any) -> ManifestFacts:
    return ManifestFacts.model_validate(fields)


def test_the_order_of_facts_does_not_matter(now: dt.datetime) -> None:
    facts, other = _facts(a=1, b={"c": 2, "d": 3}), _facts(b={"d": 3, "c": 2}, a=1)

    assert sealed(facts, None, now).digest == sealed(other, None, now).digest


def test_the_time_of_writing_is_not_part_of_the_digest(now: dt.datetime) -> None:
    first = sealed(_facts(a=1), None, now)
    later = sealed(_facts(a=1), first, now + dt.timedelta(days=1))

    assert first.digest == later.digest
    assert (later.number, later.replaces) == (2, first.seal)
    assert first.seal != later.seal
    assert is_same(first, _facts(a=1))
    assert not is_same(first, _facts(a=2))
    assert not is_same(None, _facts(a=1))


@pytest.mark.parametrize("value", [1.0, "1", True])
def test_a_number_of_another_type_is_refused_since_its_digest_would_differ(value: object) -> None:
    with pytest.raises(ValidationError):
        SchemaVersion.model_validate({"version": value, "digest": "aa"})
