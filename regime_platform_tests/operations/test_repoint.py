"""What a person decides about another instrument, whatever moment the decision is killed at."""

import datetime as dt
import json
import os
import shutil
import signal
from pathlib import Path

import polars as pl
import pytest
from pytest_httpserver import HTTPServer

from regime_platform.audit.archives import read_archives
from regime_platform.audit.as_of import bars_as_of
from regime_platform.audit.provenance import ProvenanceStatus
from regime_platform.audit.repair import repair
from regime_platform.audit.repair_plan import plan_repair
from regime_platform.audit.results_as_of import results_as_of
from regime_platform.audit.verify.verify import verify
from regime_platform.bar_store.identity_file import IDENTITIES, read_identities
from regime_platform.bar_store.overrides import read_overrides
from regime_platform.compute_db.board import read_board
from regime_platform.errors import BarsError, UsageError
from regime_platform.model.identity import Because, KnownIdentity, identity_of
from regime_platform.model.instants import iso
from regime_platform.operations.backup.backup import backup
from regime_platform.operations.backup.restore import restore
from regime_platform.operations.overrides import Statement
from regime_platform.operations.repoint import repoint_archive, repoint_same
from regime_platform.pipeline.board import refresh_board
from regime_platform.pipeline.identity import other_instrument
from regime_platform.pipeline.outcomes import STAGES, Status
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.settings import Settings
from regime_platform_tests.error_codes import raises
from regime_platform_tests.pipeline.companies import (
    FIRST,
    SECOND,
    closes,
    company_bars,
    edit,
    list_company,
    open_vendor,
    run,
)
from regime_platform_tests.pipeline.vendor_street import vendor_settings
from regime_platform_tests.prepared_process import ended_script
from regime_platform_tests.scenario import contents, serve
from regime_platform_tests.vendor import LoopbackVendor

DECIDED = SECOND - dt.timedelta(hours=1)
SAID = Statement("the listing moved", "ann", DECIDED)


@pytest.fixture
def vendor(httpserver: HTTPServer) -> LoopbackVendor:
    return open_vendor(httpserver)


@pytest.fixture(scope="session")
def _published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("published")
    with HTTPServer(port=0) as server:
        vendor = open_vendor(server)
        list_company(vendor, "FB", seed=1)
        settings = vendor_settings(folder, vendor, ["FB"])
        outcome = run(settings, "FB", FIRST, STAGES)
        refresh_board(RunWorkspace.open(settings), [outcome])
    assert outcome.status is Status.DONE, outcome.reason
    return folder


@pytest.fixture
def published(_published: Path, tmp_path: Path, vendor: LoopbackVendor) -> Settings:
    """FB of XNGS with results and manifests; now the universe and the vendor say XNYS."""
    shutil.copytree(_published, tmp_path, dirs_exist_ok=True)
    settings = vendor_settings(tmp_path, vendor, ["FB"], REGIME_REREAD_SHARE=0)
    edit(settings, "FB", mic_code="XNYS")
    return settings


def decide_same(settings: Settings, statement: Statement = SAID) -> bool:
    workspace = RunWorkspace.open(settings)
    instrument = workspace.universe.instrument("FB")
    return repoint_same(workspace.root, instrument, statement).is_written


def proof_of(settings: Settings) -> str:
    workspace = RunWorkspace.open(settings)
    return verify(workspace, workspace.universe.instrument("FB"), recompute=True).result


def digest_as_of(settings: Settings, moment: dt.datetime) -> str:
    workspace = RunWorkspace.open(settings)
    return bars_as_of(workspace, workspace.universe.instrument("FB"), "1day", moment).digest


def test_the_same_instrument_continues_with_a_record_of_the_decision(
    published: Settings, vendor: LoopbackVendor
) -> None:
    list_company(vendor, "FB", seed=1, mic_code="XNYS", exchange="NYSE")
    then = digest_as_of(published, FIRST)

    assert decide_same(published)
    assert not decide_same(published)  # nothing is left to decide
    outcome = run(published, "FB", SECOND, STAGES)

    assert outcome.status is Status.DONE, outcome.reason
    assert proof_of(published) == "proven"
    assert digest_as_of(published, FIRST) == then
    folder = RunWorkspace.open(published).root.symbol("FB").folder
    record = json.loads((folder / "identity.json").read_text())["identities"][-1]
    entry = {name: record[name] for name in ("because", "by", "since", "reason")}
    since = "2026-11-20T22:00:00Z"
    assert entry == {
        "because": "same",
        "by": "ann",
        "since": since,
        "reason": "the listing moved",
    }


def test_what_is_recorded_already_is_not_recorded_again(published: Settings) -> None:
    workspace = RunWorkspace.open(published)
    instrument, paths = workspace.universe.instrument("FB"), workspace.root.symbol("FB")
    stored = KnownIdentity(
        identity=identity_of(instrument), since=iso(FIRST), because=Because.STORED
    )
    IDENTITIES.write(paths, [stored])

    assert not decide_same(published)

    assert read_identities(paths) == (stored,)


@pytest.mark.parametrize("how", ["removed", "changed"])
def test_a_record_of_the_same_instrument_that_is_lost_is_found_and_written_again(
    published: Settings, vendor: LoopbackVendor, how: str
) -> None:
    list_company(vendor, "FB", seed=1, mic_code="XNYS", exchange="NYSE")
    decide_same(published)
    assert run(published, "FB", SECOND, STAGES).status is Status.DONE
    workspace = RunWorkspace.open(published)
    instrument, paths = workspace.universe.instrument("FB"), workspace.root.symbol("FB")
    whole = paths.identity.read_bytes()
    if how == "removed":
        paths.identity.unlink()
    else:
        paths.identity.write_bytes(whole.replace(b'"ann"', b'"bob"'))

    verification = verify(workspace, instrument)
    # the record in the manifest counts
    assert other_instrument(workspace.root.symbol(instrument.symbol), instrument) == ""
    outcome = repair(workspace, instrument, plan_repair(workspace, instrument), SECOND)

    assert (verification.findings[0].what, verification.remedy) == (
        "identity.json",
        "regime repair FB",
    )
    assert (outcome.after.result, outcome.reason) == ("proven", "")
    assert paths.identity.read_bytes() == whole


def test_another_instrument_starts_from_scratch_and_the_archive_answers_for_the_past(
    published: Settings, vendor: LoopbackVendor
) -> None:
    list_company(vendor, "FB", seed=2, mic_code="XNYS", exchange="NYSE")
    workspace = RunWorkspace.open(published)
    paths, then = workspace.root.symbol("FB"), digest_as_of(published, FIRST)
    before = contents(paths.folder)

    done = repoint_archive(workspace.root, workspace.universe.instrument("FB"), SAID)

    assert not paths.folder.exists()
    assert contents(Path(done.folder)) == before
    assert "FB" not in read_board(workspace.root)["symbol"]
    outcome = run(published, "FB", SECOND, STAGES)
    assert outcome.status is Status.DONE, outcome.reason
    assert closes(published, "FB").equals(company_bars(2).select("ts", "close"))
    assert proof_of(published) == "proven"
    assert digest_as_of(published, FIRST) == then
    assert digest_as_of(published, SECOND) != then
    workspace = RunWorkspace.open(published)
    answer = results_as_of(workspace, workspace.universe.instrument("FB"), FIRST)
    assert answer.provenance.status is ProvenanceStatus.PROVEN


def test_damage_to_the_archive_is_found_and_its_copy_is_kept(
    published: Settings, vendor: LoopbackVendor, tmp_path: Path
) -> None:
    list_company(vendor, "FB", seed=2, mic_code="XNYS", exchange="NYSE")
    workspace = RunWorkspace.open(published)
    archived = Path(
        repoint_archive(workspace.root, workspace.universe.instrument("FB"), SAID).folder
    )
    assert run(published, "FB", SECOND, STAGES).status is Status.DONE
    copy = tmp_path / "backup"
    backup(workspace.root, copy, SECOND)
    good = contents(copy / "archive/FB/1")

    raw = next(archived.glob("raw/1day/*.parquet"))
    raw.write_bytes(raw.read_bytes()[:-9] + b"truncated")
    assert proof_of(published) == "changed"
    assert list(backup(workspace.root, copy, SECOND).kept) == ["archive/FB/1"]
    shutil.rmtree(archived)
    assert proof_of(published) == "missing"
    assert list(backup(workspace.root, copy, SECOND).kept) == ["archive/FB/1"]

    assert contents(copy / "archive/FB/1") == good
    with raises(
        BarsError, "archive-missing", match="archive/FB/1 is gone; restore it from a backup"
    ):
        digest_as_of(published, FIRST)
    shutil.copytree(copy / "archive/FB/1", archived)
    assert proof_of(published) == "proven"


def test_where_nothing_is_stored_there_is_nothing_to_decide(published: Settings) -> None:
    workspace = RunWorkspace.open(published)
    instrument = workspace.universe.instrument("FB")
    shutil.rmtree(workspace.root.symbol("FB").folder)

    with raises(UsageError, "no-bars", match="regime run FB"):
        repoint_same(workspace.root, instrument, SAID)
    with raises(UsageError, "nothing-stored", match="regime run FB"):
        repoint_archive(workspace.root, instrument, SAID)


SCRIPT = """
import os, pathlib, signal, sys
left = int(sys.argv[1])
def counted(publish):
    def published(*arguments):
        global left
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        left -= 1
        return publish(*arguments)
    return published
for name in ("rename", "replace"):
    setattr(pathlib.Path, name, counted(getattr(pathlib.Path, name)))
from regime_platform.cli.main import main
main(sys.argv[2:])
"""
COMMAND = ("universe", "repoint", "FB", "--reason", "another company", "--by", "ann")


def repoint_killed(settings: Settings, moment: int, *options: str) -> int:
    """`regime universe repoint` in a process that is killed before one of its commits."""
    environment = {**os.environ, "REGIME_DATA_ROOT": str(settings.data_root)}
    return ended_script(SCRIPT, moment, *COMMAND, *options, environment=environment).returncode


@pytest.mark.slow
@pytest.mark.parametrize("moment", [0, 1, 2, 3])
def test_an_archiving_killed_at_any_commit_is_finished_by_the_same_command(
    published: Settings, vendor: LoopbackVendor, moment: int
) -> None:
    root = RunWorkspace.open(published).root
    before = contents(root.symbol("FB").folder)

    assert repoint_killed(published, moment, "--archive", "--yes") == -signal.SIGKILL
    is_moved = (root.archive / "FB" / "1").is_dir()
    assert is_moved is (moment > 1)
    if is_moved:  # a run may come first: its bars are not archived by the rerun
        list_company(vendor, "FB", seed=2, mic_code="XNYS", exchange="NYSE")
        assert run(published, "FB", SECOND).status is Status.DONE
    workspace = RunWorkspace.open(published)
    done = repoint_archive(workspace.root, workspace.universe.instrument("FB"), SAID)

    (archive,) = read_archives(root, "FB")
    assert archive.is_finished
    assert list(root.archive.rglob(".tmp-*")) == []
    assert (archive.by, done.carried_on) == (("ann", True) if moment else ("ann", False))
    stored = contents(archive.folder(root))
    assert {name: stored[name] for name in before if name != ".lock"} == {
        name: text for name, text in before.items() if name != ".lock"
    }
    assert root.symbol("FB").folder.is_dir() is is_moved


@pytest.mark.slow
def test_a_decision_killed_between_its_two_files_is_finished_by_the_same_command(
    published: Settings, vendor: LoopbackVendor
) -> None:
    edit(published, "FB", mic_code="XNGS")
    list_company(vendor, "FB", seed=2)
    assert run(published, "FB", SECOND).status is Status.BLOCKED
    edit(published, "FB", mic_code="XNYS")
    list_company(vendor, "FB", seed=2, mic_code="XNYS", exchange="NYSE")

    assert repoint_killed(published, 1, "--same") == -signal.SIGKILL  # decisions.yaml is written
    assert run(published, "FB", SECOND).status is Status.BLOCKED
    assert decide_same(published)

    assert run(published, "FB", SECOND).status is Status.DONE


@pytest.mark.slow
def test_a_fetch_that_differs_throughout_is_blocked_and_the_last_good_bars_stay(
    published: Settings, vendor: LoopbackVendor
) -> None:
    edit(published, "FB", mic_code="XNGS")
    list_company(vendor, "FB", seed=2)  # the vendor gave the symbol to another company
    before, then = closes(published, "FB"), digest_as_of(published, FIRST)

    outcome = run(published, "FB", SECOND, STAGES)

    assert outcome.status is Status.BLOCKED
    assert "1day: overlap_contradiction counts" in outcome.reason
    assert "was" in outcome.reason
    assert "regime universe repoint" in outcome.reason
    assert closes(published, "FB").equals(before)
    assert digest_as_of(published, SECOND) == then
    later = SECOND + dt.timedelta(hours=1)
    assert decide_same(published, Statement("true prices", "ann", later))
    assert run(published, "FB", later, STAGES).status is Status.DONE
    paths = RunWorkspace.open(published).root.symbol("FB")
    assert {decision.rule for decision in read_overrides(paths)} == {"overlap_contradiction"}
    assert digest_as_of(published, SECOND) == then
    assert digest_as_of(published, later) != then
    assert proof_of(published) == "proven"


def test_the_bars_from_before_end_a_contradiction(
    published: Settings, vendor: LoopbackVendor
) -> None:
    edit(published, "FB", mic_code="XNGS")
    list_company(vendor, "FB", seed=2)
    assert run(published, "FB", SECOND).status is Status.BLOCKED
    list_company(vendor, "FB", seed=1)

    outcome = run(published, "FB", SECOND + dt.timedelta(days=3))

    assert outcome.status is Status.DONE, outcome.reason
    assert closes(published, "FB").equals(company_bars(1).select("ts", "close"))


@pytest.mark.parametrize(("seed", "status"), [(1, Status.DONE), (2, Status.BLOCKED)])
def test_another_source_is_accepted_where_its_bars_agree(
    published: Settings, tmp_path: Path, seed: int, status: Status
) -> None:
    edit(published, "FB", source="files", provider_symbol=None, mic_code=None)
    files = published.model_copy(update={"files_root": tmp_path / "files"})
    for timeframe in ("1day", "1week"):
        bars = company_bars(seed, timeframe).filter(pl.col("ts") < SECOND - dt.timedelta(days=7))
        serve(files, "FB", timeframe, bars.with_columns(volume=pl.col("volume") + 1))

    assert run(files, "FB", SECOND).status is status


def test_a_backup_has_the_archive(published: Settings, tmp_path: Path) -> None:
    workspace = RunWorkspace.open(published)
    repoint_archive(workspace.root, workspace.universe.instrument("FB"), SAID)
    other = type(workspace.root)(tmp_path / "other")

    backup(workspace.root, tmp_path / "backup", SECOND)
    restore(tmp_path / "backup", other.path)

    stored = {k: v for k, v in contents(workspace.root.archive).items() if not k.endswith(".lock")}
    assert contents(other.archive) == stored
