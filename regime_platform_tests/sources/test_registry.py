"""A source is made at its first use, with an error for a missing setting."""

import sys
from pathlib import Path

import pytest

from regime_platform.errors import ConfigError
from regime_platform.model.instruments import SOURCE_FIELDS
from regime_platform.settings import Settings
from regime_platform.sources.registry import build_sources
from regime_platform_tests.error_codes import raises


def make_settings(**chosen: object) -> Settings:
    nothing = {"REGIME_FILES_ROOT": None, "TWELVEDATA_API_KEY": None}
    return Settings(_env_file=None, **{**nothing, **chosen})


def test_every_source_of_the_universe_is_registered_under_its_own_name(tmp_path: Path) -> None:
    sources = build_sources(make_settings(REGIME_FILES_ROOT=tmp_path, TWELVEDATA_API_KEY="key"))

    assert set(sources) == set(SOURCE_FIELDS)
    assert all(sources[name].name == name for name in sources)
    assert sources["twelvedata"] is sources["twelvedata"]


def test_a_missing_setting_affects_only_its_source() -> None:
    sources = build_sources(make_settings())

    assert sources["sample"].name == "sample"
    with raises(ConfigError, "no-key", match="TWELVEDATA_API_KEY"):
        sources["twelvedata"]


def test_the_key_does_not_show_in_the_settings() -> None:
    assert "secret-key" not in repr(make_settings(TWELVEDATA_API_KEY="secret-key"))


def test_an_empty_variable_counts_as_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGIME_FILES_ROOT", "")
    monkeypatch.setenv("TWELVEDATA_API_KEY", "")

    settings = Settings(_env_file=None)

    assert settings.files_root is None
    assert settings.twelvedata_api_key is None


def test_a_missing_library_of_exchanges_is_named_with_its_remedy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in [name for name in sys.modules if name.startswith("regime_platform.sources.ccxt")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "ccxt", None)

    with raises(
        ConfigError, "extra-missing", match=r"make ccxt.*pip install 'regime-platform\[ccxt\]'"
    ):
        build_sources(make_settings())["ccxt"]


def test_the_address_of_exchanges_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGIME_CCXT_URL", "mirror.example")

    with raises(ConfigError, "unsafe-address", match="REGIME_CCXT_URL .*https://HOST"):
        build_sources(Settings(_env_file=None))["ccxt"]
