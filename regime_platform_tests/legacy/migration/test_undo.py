"""Undoing a migration removes its files only."""

from pathlib import Path

from regime_platform.bar_store.manifest_files import read_bar_manifest
from regime_platform.bar_store.raw.compaction import compact
from regime_platform.errors import UsageError
from regime_platform.legacy.migration.migrate import undo_migration
from regime_platform.legacy.migration.migration import open_migration
from regime_platform.legacy.migration.raw_files import migrations
from regime_platform.pipeline.outcomes import Status
from regime_platform.pipeline.run import run_symbol
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform_tests.error_codes import raises
from regime_platform_tests.legacy.migration.scenario import (
    DAILY,
    FETCH,
    NOW,
    migrate,
    stored_files,
)
from regime_platform_tests.legacy.stores import (
    legacy_rows,
    write_legacy_days,
    write_legacy_db,
)
from regime_platform_tests.scenario import serve, street


def test_undoing_restores_the_state_before_and_keeps_other_migrations(tmp_path: Path) -> None:
    folder = street(tmp_path, ["AAA"])
    serve(folder, "AAA", "1day", DAILY[150:])
    workspace = RunWorkspace.open(folder)
    run_symbol(workspace, workspace.universe.instrument("AAA"), NOW, stages=FETCH)
    write_legacy_days(tmp_path / "days/AAA/1day", "1day", DAILY[50:200])
    migrate(workspace, "bars-root", tmp_path / "days")
    before, paths = stored_files(workspace), workspace.root.symbol("AAA")
    manifest = read_bar_manifest(paths)
    old = write_legacy_db(tmp_path / "old" / "live.db", legacy_rows("AAA", "1day", DAILY)).parent
    migrate(workspace, "live", old)
    name = open_migration(workspace.root, "live", old)[0].name
    compact(workspace.root.symbol("AAA").raw("1day"))

    (undone,) = undo_migration(workspace, name, workspace.universe.instruments)

    assert (undone.status, undone.files) == (Status.DONE, 1)
    after, restored = stored_files(workspace), read_bar_manifest(paths)
    grown = {"AAA/manifest.json", "AAA/chain.jsonl"}  # the migration stays on record
    assert {name for name in after if after[name] != before.get(name)} == grown
    assert after.keys() == before.keys()
    assert manifest is not None
    assert restored is not None
    assert restored.manifest == manifest.manifest
    left = [migration for _file, migration in migrations(workspace.root.symbol("AAA").raw("1day"))]
    assert len(left) == 1
    assert left[0].startswith("bars-root-")
    with raises(UsageError, "unknown-migration", match=left[0]):
        list(undo_migration(workspace, name, workspace.universe.instruments))
