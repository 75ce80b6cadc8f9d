"""A store is refused where a migration would mix its files with new ones."""

from pathlib import Path

from regime_platform.errors import UsageError
from regime_platform.legacy.migration.migration import open_migration
from regime_platform_tests.error_codes import raises
from regime_platform_tests.legacy.migration.scenario import (
    DAILY,
    workspace_at,
)
from regime_platform_tests.legacy.stores import (
    legacy_rows,
    write_legacy_db,
)


def test_a_legacy_store_inside_the_data_root_is_refused(tmp_path: Path) -> None:
    workspace = workspace_at(tmp_path)
    write_legacy_db(workspace.root.path / "assets/AAA/live.db", legacy_rows("AAA", "1day", DAILY))

    with raises(UsageError, "store-in-data-root"):
        open_migration(workspace.root, "live", workspace.root.path / "assets")
