"""Which era set is in force now and was at a past moment, and an adoption that was lost."""

import datetime as dt

import pytest

from regime_platform.bar_store.layout import DataRoot
from regime_platform.compute.eras.eras import FALLBACK_ERAS, FIXED_ERAS, EraSet
from regime_platform.compute.eras.files import EraSetFile
from regime_platform.errors import ConfigError
from regime_platform.operations.era_sets import adopt, store_era_set
from regime_platform.pipeline.eras import eras_in_force, versions
from regime_platform.settings import Settings
from regime_platform_tests.conftest import NOW
from regime_platform_tests.error_codes import raises


@pytest.fixture
def root(settings: Settings) -> DataRoot:
    """A data root in which a set was adopted at NOW."""
    settings.data_root.mkdir()
    root = DataRoot(settings.data_root)
    eras = EraSet("v1", dt.date(2026, 1, 1), {"CRYPTO": FIXED_ERAS})
    store_era_set(root, EraSetFile(eras, {"CRYPTO": {}}))
    adopt(root, "v1", since=NOW, by="me", reason="test")
    return root


def test_a_set_is_in_force_from_its_adoption_on(root: DataRoot) -> None:
    assert versions(root) == ("v1",)
    assert eras_in_force(root).version == eras_in_force(root, NOW).version == "v1"
    assert eras_in_force(root, NOW - dt.timedelta(seconds=1)) is FALLBACK_ERAS


def test_a_list_of_adoptions_that_is_gone_is_missed(root: DataRoot) -> None:
    root.adopted_eras.unlink()

    with raises(ConfigError, "adoption-lost", match="regime eras adopt v1"):
        eras_in_force(root)
