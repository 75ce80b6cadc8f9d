"""Several processes migrate as one does, and nothing that befalls one symbol stops the others."""

from pathlib import Path

import pytest

from regime_platform.model.instruments import Instrument
from regime_platform.pipeline import migrate, migrate_pool
from regime_platform.pipeline.migrate_pool import migrate_many
from regime_platform.pipeline.migration import MigrateOutcome, open_migration, plans
from regime_platform.pipeline.outcomes import PromoteOutcome, Status
from regime_platform.pipeline.platform import Platform, open_platform
from regime_platform.pipeline.promote import promote
from regime_platform_tests.builders import LONG_AFTER, make_bars
from regime_platform_tests.legacy import old_rows, write_old_days, write_old_db
from regime_platform_tests.street import contents, street

BARS = make_bars(320)


def migrated(platform: Platform, kind: str, place: Path, workers: int = 1) -> list[MigrateOutcome]:
    migration, store = open_migration(platform.root, kind, place)
    wanted = plans(platform.universe, store, platform.universe.instruments)
    return list(migrate_many(platform, wanted, migration, LONG_AFTER, workers))


def held(platform: Platform) -> dict[str, str]:
    told = contents(platform.root.path / "assets")
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
    one, two = (open_platform(street(tmp_path / name, symbols)) for name in ("one", "two"))

    told = migrated(one, kind, old)

    assert [outcome.status for outcome in told] == [*[Status.DONE] * 3, Status.FAILED]
    assert migrated(two, kind, old, workers=2) == told
    assert held(two) == held(one)


def test_a_defect_met_on_one_symbol_does_not_stop_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform = open_platform(street(tmp_path, ("AAA", "BBB")))
    for symbol in ("AAA", "BBB"):
        write_old_db(tmp_path / "old" / "live.db", old_rows(symbol, "1day", BARS))

    def promote_others(platform: Platform, instrument: Instrument) -> PromoteOutcome:
        if instrument.symbol == "AAA":
            raise ZeroDivisionError("of a defect")
        return promote(platform, instrument)

    monkeypatch.setattr(migrate, "promote", promote_others)

    told = migrated(platform, "live", tmp_path / "old")

    assert [one.status for one in told] == [Status.FAILED, Status.DONE]
    assert "ZeroDivisionError: of a defect" in told[0].reason
