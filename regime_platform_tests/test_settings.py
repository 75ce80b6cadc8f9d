"""Settings are read from the environment and .env, and refused by name where unusable."""

from pathlib import Path

import pytest

from regime_platform.errors import ConfigError
from regime_platform.settings import Settings, load_universe, read_universe
from regime_platform_tests.error_codes import raises

KEY = "a+long/key=with&signs-1234567890"


def _chosen(monkeypatch: pytest.MonkeyPatch, folder: Path, env: dict[str, str], dotenv: str) -> str:
    """The address that the settings of an environment and a ``.env`` send the key to."""
    monkeypatch.chdir(folder)
    (folder / ".env").write_text(dotenv)
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    return Settings().address_of_key()


@pytest.mark.parametrize(
    ("env", "dotenv", "address"),
    [
        ({}, f"TWELVEDATA_API_KEY={KEY}", "https://api.twelvedata.com"),
        (
            {},
            f"TWELVEDATA_API_KEY={KEY}\nREGIME_TWELVEDATA_URL=https://proxy.example",
            "https://proxy.example",
        ),
        (
            {"TWELVEDATA_API_KEY": KEY, "REGIME_TWELVEDATA_URL": "http://127.0.0.1:9"},
            "REGIME_TWELVEDATA_URL=https://evil.example",
            "http://127.0.0.1:9",
        ),
        (
            {"TWELVEDATA_API_KEY": KEY},
            "REGIME_TWELVEDATA_URL=https://api.twelvedata.com",
            "https://api.twelvedata.com",
        ),
    ],
)
def test_a_key_is_sent_to_the_address_set_beside_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, env: dict[str, str], dotenv: str, address: str
) -> None:
    assert _chosen(monkeypatch, tmp_path, env, dotenv) == address


@pytest.mark.parametrize("injected", [{}, {"REGIME_TWELVEDATA_URL": "https://evil.example"}])
def test_a_key_of_the_environment_does_not_go_to_an_address_of_the_working_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, injected: dict[str, str]
) -> None:
    """Dagster puts the values of the file into the environment of its processes."""
    with raises(ConfigError, "key-and-address-apart", match="REGIME_TWELVEDATA_URL") as caught:
        _chosen(
            monkeypatch,
            tmp_path,
            {"TWELVEDATA_API_KEY": KEY, **injected},
            "TWELVEDATA_API_KEY=another\nREGIME_TWELVEDATA_URL=https://evil.example",
        )

    assert KEY not in str(caught.value)


def test_an_unusable_setting_is_named_with_its_value_unless_it_is_secret(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("REGIME_WORKERS", "0")
    monkeypatch.setenv("REGIME_REREAD_SHARE", "2")

    with raises(ConfigError, "setting-invalid", match="REGIME_REREAD_SHARE is '2'") as refused:
        Settings()

    assert "REGIME_WORKERS is '0'" in str(refused.value)


@pytest.mark.parametrize("name", ["what?", "a*b", "[x]", "a\\b", "two\nlines"])
def test_a_data_root_that_databases_misread_is_refused(tmp_path: Path, name: str) -> None:
    with raises(ConfigError, "data-root-unusable", match="REGIME_DATA_ROOT"):
        Settings(REGIME_DATA_ROOT=tmp_path / name)


def test_a_file_is_no_data_root(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with raises(ConfigError, "data-root-unusable", match="is no folder"):
        Settings(REGIME_DATA_ROOT=tmp_path / "file")


def test_a_data_root_uses_its_own_universe_once_it_has_one(tmp_path: Path) -> None:
    settings = Settings(REGIME_DATA_ROOT=tmp_path)
    tracked = settings.universe_file()

    settings.own_universe().write_text(
        "instruments:\n"
        "  - {symbol: A, name: A, asset_class: US_EQUITY, tier: daily, source: files}\n"
    )

    assert tracked != settings.own_universe()
    assert settings.universe_file() == settings.own_universe()
    assert load_universe(settings).symbols == ("A",)


@pytest.mark.parametrize("content", [None, b"\xff\xfe"])
def test_an_unreadable_universe_is_named(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "universe.yaml"
    if content is not None:
        path.write_bytes(content)

    with raises(ConfigError, "unreadable-file", match=r"universe\.yaml"):
        read_universe(path)
