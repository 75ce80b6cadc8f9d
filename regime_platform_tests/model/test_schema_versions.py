"""A column cannot change while the version of its table stays."""

import polars as pl
import pytest

from regime_platform.model.bar_schema import BARS_SCHEMA_VERSION
from regime_platform.model.digests import definition_digest
from regime_platform.model.result_schema import RESULT_SCHEMA_VERSION, STATE_SCHEMA
from regime_platform.model.schema_versions import BARS_VERSIONS, RESULT_VERSIONS, version_of


def test_versions_that_were_in_use_stay_what_they_were() -> None:
    assert RESULT_VERSIONS["29d43f9c15f7b003849f0baeb920f3da990a28b486d282f5abd51676ba19b8f2"] == 2
    assert len(set(RESULT_VERSIONS.values())) == len(RESULT_VERSIONS)
    assert len(set(BARS_VERSIONS.values())) == len(BARS_VERSIONS)
    assert (BARS_SCHEMA_VERSION, RESULT_SCHEMA_VERSION) == (2, 2)


def test_a_definition_without_a_version_is_refused() -> None:
    changed = definition_digest(pl.Schema({**STATE_SCHEMA, "one_more": pl.Float64()}))

    with pytest.raises(LookupError, match="has no version; give it one"):
        version_of(changed, RESULT_VERSIONS)
