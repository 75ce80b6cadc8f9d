"""Several processes migrate as one does, and nothing that befalls one symbol stops the others."""

from pathlib import Path

import pytest

from regime_platform.legacy.migration import migrate, migrate_pool
from regime_platform.legacy.migration.migrate_pool import migrate_many
from regime_platform.legacy.migration.migration import MigrateOutcome, open_migration, plans
from regime_platform.model.instruments import Instrument
from regime_platform.pipeline.gate.promote import promote
from regime_platform.pipeline.outcomes import PromoteOutcome, Status
from regime_platform.pipeline.platform import RunWorkspace
from regime_platform_tests.builders import LONG_AFTER, make_bars
from regime_platform_tests.legacy_stores import old_rows, write_old_days, write_old_db
from regime_platform_tests.scenario import contents, street

BARS = make_bars(320)


def migrated(
    workspace: RunWorkspace, kind: str, place: Path, workers: int = 1
) -> list[MigrateOutcome]:
    migration, store = open_migration(workspace.root, kind, place)
    wanted = plans(workspace.universe, store, workspace.universe.instruments)
    return list(migrate_many(workspace, wanted, migration, LONG_AFTER, workers))


def held(workspace: RunWorkspace) -> dict[str, str]:
    told = contents(workspace.root.path / "assets")
    return {name: digest for name, digest in told.items() if not name.endswith(".lock")}


@pytest.mark.parametrize("kind", ["live", "bars-v1"])
def test_two_processes_do_what_one_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr(migrate_pool, "WORTH_A_PROCESS", 1)
    symbols, old = ("AAA", "BBB", "CCC"), tmp_path / "old"
    for symbol in (*symbols, "ZZZ"):
        if kind == "live":
            write_old_db(old / "live.db", old_rows(symbol, "1day", BARS))
        else:
            write_old_days(old / symbol / "bars/1day", "1day", BARS)
    one, two = (RunWorkspace.open(street(tmp_path / name, symbols)) for name in ("one", "two"))

    told = migrated(one, kind, old)

    assert [outcome.status for outcome in told] == [*[Status.DONE] * 3, Status.FAILED]
    assert migrated(two, kind, old, workers=2) == told
    assert held(two) == held(one)


def test_a_defect_met_on_one_symbol_does_not_stop_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = RunWorkspace.open(street(tmp_path, ("AAA", "BBB")))
    for symbol in ("AAA", "BBB"):
        write_old_db(tmp_path / "old" / "live.db", old_rows(symbol, "1day", BARS))

    def promote_others(workspace: RunWorkspace, instrument: Instrument) -> PromoteOutcome:
        if instrument.symbol == "AAA":
            raise ZeroDivisionError("of a defect")
        return promote(workspace, instrument)

    monkeypatch.setattr(migrate, "promote", promote_others)

    told = migrated(workspace, "live", tmp_path / "old")

    assert [one.status for one in told] == [Status.FAILED, Status.DONE]
    assert "ZeroDivisionError: of a defect" in told[0].reason
