"""A raw file that is gone stops promotion until it is restored or its loss is accepted."""

import datetime as dt
import os
import shutil
import signal
from pathlib import Path

import pytest

from regime_platform.audit.verify.verification import Verification
from regime_platform.audit.verify.verify import verify
from regime_platform.bar_store.canonical import read_in_force
from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.locks import writing
from regime_platform.bar_store.manifest_files import read_chain
from regime_platform.bar_store.raw.compaction import compact, set_aside
from regime_platform.bar_store.raw.page_update import FetchOrigin
from regime_platform.bar_store.raw.raw_log import append
from regime_platform.legacy.migration.migrate import migrate_many, undo_migration
from regime_platform.legacy.migration.migration import open_migration, plans
from regime_platform.legacy.migration.raw_files import migrations
from regime_platform.model.markets import MARKETS
from regime_platform.operations.renames import rename
from regime_platform.pipeline.gate.promote import promote
from regime_platform.pipeline.outcomes import STAGES, Stage, Status, SymbolOutcome
from regime_platform.pipeline.run import run_symbol
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.settings import Settings
from regime_platform_tests.builders import make_bars
from regime_platform_tests.cli.conftest import Regime, regime
from regime_platform_tests.conftest import NOW
from regime_platform_tests.legacy.stores import legacy_rows, write_legacy_db
from regime_platform_tests.prepared_process import ended_script
from regime_platform_tests.scenario import fingerprint, serve, street, with_value

__all__ = ["regime"]
BARS = make_bars(440)
FETCH = (Stage.RAW_BARS, Stage.VALIDATED_BARS)
LATER, LAST = NOW + dt.timedelta(days=1), NOW + dt.timedelta(days=5)
AT = "2026-11-25T09:00:00Z"


@pytest.fixture(scope="session")
def _published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("two_files")
    settings = street(folder, ["AAA"])
    run(settings, 425, NOW, FETCH)
    run(settings, 430, LATER)
    return folder


@pytest.fixture
def published(_published: Path, tmp_path: Path) -> Settings:
    """430 bars in two raw files, with results and manifests."""
    shutil.copytree(_published, tmp_path, dirs_exist_ok=True)
    return street(tmp_path, ["AAA"])


def run(
    settings: Settings,
    bars: int,
    now: dt.datetime = LAST,
    stages: tuple[Stage, ...] = STAGES,
    symbol: str = "AAA",
) -> SymbolOutcome:
    serve(settings, symbol, "1day", BARS.head(bars))
    workspace = RunWorkspace.open(settings)
    return run_symbol(workspace, workspace.universe.instrument(symbol), now, stages=stages)


def paths_of(settings: Settings) -> SymbolPaths:
    return RunWorkspace.open(settings).root.symbol("AAA")


def raw_files(settings: Settings) -> list[Path]:
    return sorted(paths_of(settings).raw("1day").iterdir())


def count(settings: Settings) -> int:
    stored = read_in_force(paths_of(settings), "1day")
    assert stored is not None
    return stored[1].height


def proof(settings: Settings) -> Verification:
    workspace = RunWorkspace.open(settings)
    return verify(workspace, workspace.universe.instrument("AAA"))


@pytest.mark.parametrize("is_verdict_lost", [False, True])
def test_a_run_fails_where_a_raw_file_is_gone_and_goes_on_once_it_is_restored(
    published: Settings, *, is_verdict_lost: bool
) -> None:
    paths, lost = paths_of(published), raw_files(published)[1]
    data, before = lost.read_bytes(), fingerprint(paths.bars("1day"))
    verdict = paths.verdict.read_bytes()
    lost.unlink()
    if is_verdict_lost:
        paths.verdict.unlink()

    outcome = run(published, 440)

    assert (outcome.status, outcome.stage) == (Status.FAILED, Stage.VALIDATED_BARS)
    assert lost.name in outcome.reason
    assert "restore the files from a backup" in outcome.reason
    assert fingerprint(paths.bars("1day")) == before
    lost.write_bytes(data)
    if is_verdict_lost:
        paths.verdict.write_bytes(verdict)
    assert run(published, 440).status is Status.DONE
    assert (proof(published).result, count(published)) == ("proven", 440)


def test_a_loss_is_accepted_after_runs_that_failed_because_of_it(
    published: Settings, regime: Regime
) -> None:
    raw_files(published)[1].unlink()
    assert run(published, 440).status is Status.FAILED  # and has fetched what is missing

    plan = regime("repair", "AAA", "--accept-loss", settings=published)
    done = regime("repair", "AAA", "--accept-loss", "--yes", "--now", AT, settings=published)

    assert "1day has 440 bars without them, 430 are in force" in plan.out
    assert (done.code, proof(published).result, count(published)) == (0, "proven", 440)


def test_an_accepted_loss_is_shown_recorded_and_fetched_again(
    published: Settings, regime: Regime
) -> None:
    lost = raw_files(published)[1]
    lost.unlink()
    before = fingerprint(paths_of(published).folder)

    refused = regime("repair", "AAA", "--yes", settings=published)
    plan = regime("repair", "AAA", "--accept-loss", settings=published)
    assert fingerprint(paths_of(published).folder) == before
    done = regime("repair", "AAA", "--accept-loss", "--yes", "--now", AT, settings=published)

    assert proof(published).remedy is None
    assert (refused.code, "regime repair AAA --accept-loss" in refused.out) == (1, True)
    assert f"raw/1day/{lost.name}; 1day has 425 bars without them, 430 are in force" in plan.out
    assert "nothing was done yet; --yes does it" in plan.err
    assert (done.code, proof(published).result, count(published)) == (0, "proven", 425)
    (link,) = (link for link in read_chain(paths_of(published)) if link.kind == "repair")
    assert link.about.as_json()["lost"] == [f"raw/1day/{lost.name}"]
    assert run(published, 440).status is Status.DONE
    assert (proof(published).result, count(published)) == ("proven", 440)


def test_where_all_raw_files_are_lost_the_next_run_starts_from_scratch(
    published: Settings, regime: Regime
) -> None:
    shutil.rmtree(paths_of(published).raw("1day"))
    assert run(published, 440).status is Status.FAILED
    shutil.rmtree(paths_of(published).raw("1day"))

    regime("repair", "AAA", "--accept-loss", "--yes", "--now", AT, settings=published)

    assert run(published, 440).status is Status.DONE
    assert (proof(published).result, count(published)) == ("proven", 440)


def test_a_damaged_raw_file_is_moved_away_before_its_loss_is_accepted(
    published: Settings, regime: Regime, tmp_path: Path
) -> None:
    damaged = raw_files(published)[1]
    damaged.write_bytes(b"nonsense")
    remedy = proof(published).remedy

    refused = regime("repair", "AAA", "--accept-loss", "--yes", "--now", AT, settings=published)
    damaged.rename(tmp_path / damaged.name)
    done = regime("repair", "AAA", "--accept-loss", "--yes", "--now", AT, settings=published)

    assert remedy is not None
    assert "move the damaged files out of it, then regime repair AAA --accept-loss" in remedy
    assert f"move raw/1day/{damaged.name} to somewhere else, then" in refused.out
    assert (refused.code, done.code, count(published)) == (1, 0, 425)


def test_a_blocked_symbol_can_accept_a_loss_and_is_decided_about_afterwards(
    published: Settings, regime: Regime
) -> None:
    serve(published, "AAA", "1day", with_value(BARS, 435, low=1e6))
    workspace = RunWorkspace.open(published)
    instrument = workspace.universe.instrument("AAA")
    assert run_symbol(workspace, instrument, LAST).status is Status.BLOCKED
    raw_files(published)[1].unlink()

    regime("repair", "AAA", "--accept-loss", "--yes", "--now", AT, settings=published)

    assert count(published) == 430  # the last good bars
    opens = BARS["ts"][435].isoformat()
    options = ("--by", "ann", "--reason", "a low above the high")
    assert regime("bars", "exclude", "AAA", "1day", opens, *options, settings=published).code == 0
    assert run_symbol(workspace, instrument, LAST).status is Status.DONE
    assert proof(published).result == "proven"


def test_compaction_and_a_rename_leave_nothing_to_miss(published: Settings) -> None:
    with writing(paths_of(published)):
        compact(paths_of(published).raw("1day"))
    assert run(published, 433, stages=FETCH).status is Status.DONE
    rename(published, "AAA", {"symbol": "BBB"}, LAST)

    outcome = run(published, 440, stages=FETCH, symbol="BBB")

    assert outcome.status is Status.DONE, outcome.reason


def test_batches_that_left_a_compacted_file_because_of_a_clock_ahead_are_not_missed(
    published: Settings,
) -> None:
    paths = paths_of(published)
    facts = FetchOrigin(LAST, "files", "1day", MARKETS["US_EQUITY"], "as_served", "digest")
    append(paths.raw("1day"), BARS.slice(430, 5), facts)
    compact(paths.raw("1day"))
    workspace = RunWorkspace.open(published)
    instrument = workspace.universe.instrument("AAA")
    promote(workspace, instrument)
    (merged,) = raw_files(published)
    os.utime(merged, (LAST.timestamp(), LAST.timestamp()))
    with writing(paths):
        set_aside(paths.raw("1day"), LATER)
    assert not merged.exists()
    assert not [finding for finding in proof(published).findings if finding.is_raw_loss]

    outcome = promote(workspace, instrument)

    assert outcome.status is Status.DONE
    assert (count(published), len(raw_files(published))) == (430, 2)
    assert run(published, 440, stages=STAGES[1:]).status is Status.DONE
    (aside,) = paths.raw("1day").glob("*.ahead.parquet")
    aside.write_bytes(b"nonsense")
    verification = proof(published)
    assert (verification.result, verification.findings[0].what) == (
        "changed",
        f"raw/1day/{aside.name}",
    )
    assert verification.remedy == (
        f"restore raw/1day/{aside.name} from a backup or move it away: no bar is made from it"
    )
    aside.unlink()
    assert proof(published).result == "proven"


_KILLED = """
import os, signal, sys
from regime_platform.cli.main import main
from regime_platform.legacy.migration import migrate

withdraw = migrate.withdraw

def killing(folder, name):
    if withdraw(folder, name):
        os.kill(os.getpid(), signal.SIGKILL)
    return []

migrate.withdraw = killing
main(["migrate", "undo", sys.argv[1], "--all"])
"""


def migrated(settings: Settings, folder: Path) -> str:
    """Brings an old store with 440 bars in; the name of the migration."""
    old = write_legacy_db(folder / "old" / "live.db", legacy_rows("AAA", "1day", BARS)).parent
    workspace = RunWorkspace.open(settings)
    instruments = workspace.universe.instruments
    migration, store = open_migration(workspace.root, "live", old)
    about = plans(workspace.universe, store, instruments)
    list(migrate_many(workspace, about, migration, LAST, 1))
    assert count(settings) == 440
    return migration.name


def undone(settings: Settings, name: str) -> list[Status]:
    workspace = RunWorkspace.open(settings)
    outcomes = undo_migration(workspace, name, workspace.universe.instruments)
    return [outcome.status for outcome in outcomes]


def test_the_files_of_a_withdrawn_migration_are_not_missed(
    published: Settings, tmp_path: Path
) -> None:
    name = migrated(published, tmp_path)

    assert undone(published, name) == [Status.DONE]
    assert (list(migrations(paths_of(published).raw("1day"))), count(published)) == ([], 430)


@pytest.mark.slow
def test_a_run_finishes_a_withdrawal_that_was_killed_before_it_promoted(
    published: Settings, tmp_path: Path
) -> None:
    name = migrated(published, tmp_path)
    environment = {**os.environ, "REGIME_DATA_ROOT": str(published.data_root)}

    killed = ended_script(_KILLED, name, environment=environment)

    assert (killed.returncode, count(published)) == (-signal.SIGKILL, 440)
    assert proof(published).remedy == "regime run AAA"
    assert run(published, 430).status is Status.DONE
    assert (proof(published).result, count(published)) == ("proven", 430)


def test_a_migration_is_not_withdrawn_where_another_raw_file_is_gone(
    published: Settings, tmp_path: Path
) -> None:
    name = migrated(published, tmp_path)
    raw_files(published)[0].unlink()
    before = fingerprint(paths_of(published).raw("1day"))

    assert undone(published, name) == [Status.FAILED]
    assert fingerprint(paths_of(published).raw("1day")) == before
