"""The manifests from before a rename are kept whole, with keys of a later release."""

from pathlib import Path

from regime_platform.bar_store.former_manifests import (
    FormerManifests,
    read_former_manifests,
    write_former_manifests,
)
from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.errors import ConfigError
from regime_platform_tests.error_codes import raises


def test_entries_are_read_as_written(tmp_path: Path) -> None:
    paths = SymbolPaths(tmp_path)
    assert read_former_manifests(paths) == ()
    document = {
        "former": "FB",
        "symbol": "META",
        "renamed_at": "2022-06-09T00:00:00Z",
        "manifest": {"digest": "abc"},
        "of_a_later_release": 1,
    }

    write_former_manifests(paths, [FormerManifests.model_validate(document)])

    (entry,) = read_former_manifests(paths)
    assert entry.model_dump(mode="json", exclude_unset=True) == document
    assert not entry.is_lost


def test_a_damaged_file_is_named_with_the_repair(tmp_path: Path) -> None:
    paths = SymbolPaths(tmp_path)
    paths.renames.write_text('{"renames": [{"former": 1}]}')

    with raises(ConfigError, "former-manifests-damaged", match="regime repair"):
        read_former_manifests(paths)
