"""Every command that changes what a partition of Dagster shows leaves it in the outbox."""

from pathlib import Path

import polars as pl
import pytest

from regime_platform.pipeline.outbox import Outbox
from regime_platform.pipeline.outbox_documents import OutboxEntry
from regime_platform.pipeline.outcomes import STAGES, Stage, Status
from regime_platform.settings import Settings
from regime_platform_tests.builders import make_bars
from regime_platform_tests.cli.conftest import Regime
from regime_platform_tests.cli.test_commands import COMMANDS
from regime_platform_tests.cli.three_symbols import GOOD
from regime_platform_tests.legacy.stores import legacy_rows, write_legacy_db
from regime_platform_tests.scenario import serve

LEAVE = {
    *("run", "update", "backfill", "promote", "compute", "repair", "restore"),
    *("migrate live", "migrate frozen", "migrate bars-v1", "migrate bars-root", "migrate undo"),
    *("universe rename", "universe repoint"),
}
#: Commands that leave nothing, by the reason why Dagster shows the same after them.
SHOW = (
    "state history explain board bars_show bars_list actions_list chart charts validate verify "
    "status doctor version evaluate export eras_list eras_affected migrate_list snapshot_list "
    "snapshot_diff metrics snapshot_export migrate_compare-compute universe_check universe_list "
    "files_inspect compare sql study eras_chart report alerts_list alerts_test alerts_preview"
)
NO_PARTITION = {
    **dict.fromkeys((words.replace("_", " ") for words in SHOW.split()), "only shows"),
    **dict.fromkeys(
        (
            *("bars exclude", "bars exclude-found", "bars accept", "bars accept-found"),
            *("bars withdraw", "bars undo", "actions add", "actions import", "actions undo"),
            *(
                "eras adopt",
                "universe add",
                "universe timeframes",
                "universe delist",
                "universe remove",
            ),
            *("universe import", "files add"),
        ),
        "is in force from the next run on, which is reported",
    ),
    **dict.fromkeys(("eras detect", "snapshot take"), "writes what has no symbol"),
    **dict.fromkeys(("backup", "compact", "warm"), "changes no bar and no result"),
    **dict.fromkeys(
        ("demo", "ui", "service install", "service daemon", "service webserver"),
        "is Dagster, or starts it",
    ),
    "service reset-history": "begins an empty history",
}


def test_for_every_command_it_is_decided_whether_it_leaves_something() -> None:
    assert LEAVE | NO_PARTITION.keys() == COMMANDS.keys()
    assert LEAVE & NO_PARTITION.keys() == set()


def _taken(settings: Settings) -> dict[str, OutboxEntry]:
    """What the outbox has by symbol; it is empty afterwards."""
    outbox = Outbox(settings)
    file, _symbols = outbox.unchanged()
    if file is not None:
        outbox.remove(file)
    pending = outbox.pending()
    for each in pending:
        outbox.remove(each.file)
    return {each.entry.symbol: each.entry for each in pending}


@pytest.mark.slow
def test_commands_leave_what_they_changed_and_nothing_else(
    regime: Regime, three: Settings, tmp_path: Path
) -> None:
    def left(*words: str, code: int = 0, settings: Settings = three) -> dict[str, OutboxEntry]:
        ended = regime(*words, settings=settings)
        assert ended.code == code, ended.err
        return _taken(settings)

    regime("run", "--all", settings=three)
    assert regime("backup", "backups", settings=three).code == 0
    ran = _taken(three)
    assert ran.keys() == {"AAA", "BBB", "BAD"}
    assert (ran["AAA"].stages, ran["AAA"].is_processed) == (STAGES, True)
    assert ran["AAA"].series[0].new == 420
    assert ran["BAD"].failure is not None
    assert ran["BAD"].failure.status is Status.BLOCKED
    for words in ("state AAA", "board", "verify AAA", "status", "run AAA BBB"):
        regime(*words.split(), settings=three)
        assert Outbox(three).waiting().symbols == ()

    later = GOOD.tail(1).with_columns(pl.col("ts").dt.offset_by("7d"))
    serve(three, "AAA", "1day", pl.concat([GOOD, later]))
    updated = left("update", "AAA")
    assert updated["AAA"].stages[0] is Stage.RAW_BARS
    assert not updated["AAA"].is_processed
    assert left("compute", "BBB", "--force")["BBB"].stages[0] is Stage.COMPUTE_DB
    (three.data_root / "assets/BBB/compute.db").write_bytes(b"no database")
    assert left("repair", "BBB", "--yes")["BBB"].stages == STAGES
    renamed = left("universe", "rename", "BBB", "CCC")
    assert renamed.keys() == {"CCC"}
    archived = left("universe", "repoint", "CCC", "--archive", "--reason", "other", "--yes")
    assert archived["CCC"].failure is not None

    other = three.model_copy(update={"data_root": tmp_path / "other"})
    assert not list((tmp_path / "backups").rglob("dagster/outbox"))
    assert left("restore", "backups", settings=other).keys() == {"AAA", "BBB", "BAD"}


def test_a_migration_leaves_bars_for_dagster_to_compute(
    regime: Regime, three: Settings, tmp_path: Path
) -> None:
    old = tmp_path / "old"
    rows = legacy_rows("AAA", "1day", make_bars(300))
    write_legacy_db(old / "data" / "assets" / "AAA" / "live.db", rows)

    migrated = regime("migrate", "live", "AAA", "--from", str(old), settings=three)
    (entry,) = _taken(three).values()
    undo = regime("migrate", "undo", "live", "AAA", "--from", str(old), settings=three)
    (undone,) = _taken(three).values()

    assert (migrated.code, undo.code) == (0, 0), undo.out
    assert entry.stages == (Stage.RAW_BARS, Stage.VALIDATED_BARS)
    assert (entry.series[0].new, entry.is_processed) == (300, False)
    assert (undone.series[0].withdrawn, undone.is_processed) == (300, False)
