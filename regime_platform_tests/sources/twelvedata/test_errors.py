"""Errors of the vendor by their code, with the remedy."""

import pytest

from regime_platform.errors import CredentialsError, SourceError
from regime_platform_tests.error_codes import raises
from regime_platform_tests.sources.twelvedata.asked import Maker, ask
from regime_platform_tests.vendor import (
    NO_DATA,
    LoopbackVendor,
    error_answer,
)


@pytest.mark.parametrize("http", [200, 400])
def test_no_data_on_the_dates_is_no_error(
    make_client: Maker, vendor: LoopbackVendor, http: int
) -> None:
    vendor.answer_next(error_answer(400, NO_DATA, http))

    assert ask(make_client()) is None
    assert len(vendor.questions) == 1


@pytest.mark.parametrize("http", [200, None])
@pytest.mark.parametrize(
    ("code", "fault", "remedy"),
    [
        (400, "source-refused", "universe.yaml"),
        (403, "not-entitled", "plan"),
        (404, "unknown-symbol", "provider_symbol"),
        (414, "too-many-symbols", "report it"),
        (418, "source-refused", "REGIME_TWELVEDATA_URL"),
    ],
)
def test_a_refusal_names_the_symbol_and_the_remedy_and_is_not_repeated(
    make_client: Maker,
    vendor: LoopbackVendor,
    *,
    code: int,
    fault: str,
    remedy: str,
    http: int | None,
) -> None:
    vendor.answer_next(error_answer(code, "no", http))

    with raises(SourceError, fault, match=f"EURUSD 1day: .*{code} .*{remedy}"):
        ask(make_client())
    assert len(vendor.questions) == 1


def test_a_wrong_key_ends_the_run(make_client: Maker, vendor: LoopbackVendor) -> None:
    with raises(CredentialsError, "credentials", match="TWELVEDATA_API_KEY"):
        ask(make_client(key="another"))
    assert len(vendor.questions) == 1
