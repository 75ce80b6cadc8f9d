"""Descriptions of an instrument contradict each other only where both have a field."""

import pytest

from regime_platform.model.identity import (
    Because,
    Identity,
    KnownIdentity,
    contradicted,
    followed_rename,
    identity_of,
    with_identity,
)
from regime_platform.model.instruments import Instrument

IBM = Instrument(
    symbol="IBM",
    name="A company",
    asset_class="US_EQUITY",
    tier="daily",
    source="twelvedata",
    provider_symbol="IBM",
    mic_code="XNYS",
    formerly=("CTR",),
)


def identity(**fields: str) -> Identity:
    return Identity.model_validate({"source": "twelvedata", **fields})


def known(**fields: str) -> KnownIdentity:
    return KnownIdentity(identity=identity(**fields), since="", because=Because.STORED)


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        (identity(provider_symbol="IBM", mic_code="XETR"), True),
        (identity(provider_symbol="ibm", exchange="NYSE"), False),
        (identity(mic_code="XNYS"), False),
        (Identity.model_validate({"source": "files", "mic_code": "XETR"}), False),
    ],
)
def test_only_a_field_of_both_can_contradict(other: Identity, expected: bool) -> None:
    first = identity_of(IBM)

    assert first.contradicts(other) is other.contradicts(first) is expected


def test_an_answer_adds_the_market_except_for_pairs() -> None:
    euro = Instrument(
        symbol="EURUSD",
        name="Euro",
        asset_class="FX",
        tier="core",
        source="twelvedata",
        provider_symbol="EUR/USD",
    )

    assert identity_of(IBM, {"exchange": "NYSE"}).fields["exchange"] == "NYSE"
    assert identity_of(IBM, {"mic_code": "XETR"}).fields["mic_code"] == "XNYS"
    assert identity_of(euro, {"exchange": "Forex"}).fields == {"provider_symbol": "EUR/USD"}


def test_stored_bars_contradict_the_universe_where_none_of_their_instruments_agrees() -> None:
    german, american = known(mic_code="XETR"), known(provider_symbol="IBM")

    assert contradicted((german,), IBM, {}) == german
    assert contradicted((german, american), IBM, {}) is None
    assert contradicted((), IBM, {}) is None


def test_a_source_may_take_over_a_rename() -> None:
    former = identity(provider_symbol="CTR")

    assert followed_rename(former, IBM).fields["provider_symbol"] == "IBM"
    assert followed_rename(identity(provider_symbol="X"), IBM).fields["provider_symbol"] == "X"
    assert contradicted((known(provider_symbol="CTR"),), IBM, {}) is None


def test_a_description_without_contradiction_is_merged_and_another_one_is_added() -> None:
    stored = (known(provider_symbol="IBM"),)

    merged = with_identity(stored, known(mic_code="XNYS"))

    assert [record.identity.fields for record in merged] == [
        {"provider_symbol": "IBM", "mic_code": "XNYS"}
    ]
    assert len(with_identity(merged, known(mic_code="XETR"))) == 2
    assert merged[0].follows(stored[0])
    assert not stored[0].follows(merged[0])
