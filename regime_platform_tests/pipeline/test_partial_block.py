"""A bad series blocks itself alone: the others are computed, and what is left out is recorded."""

import datetime as dt
import json
import shutil
from collections.abc import Mapping
from pathlib import Path

import polars as pl
import pytest

from regime_platform.audit.bundle.bundle import export_bundle
from regime_platform.audit.bundle.verify import verify_bundle
from regime_platform.audit.repair import repair
from regime_platform.audit.repair_plan import plan_repair
from regime_platform.audit.results_as_of import results_as_of
from regime_platform.audit.snapshots import take_snapshot
from regime_platform.audit.verify.verify import verify
from regime_platform.bar_store.manifest_files import read_compute_manifest
from regime_platform.compute_db.reader import read_table
from regime_platform.operations.staleness import stale_series
from regime_platform.pipeline.board import refresh_board
from regime_platform.pipeline.latest import latest_states
from regime_platform.pipeline.outcomes import STAGES, Stage, Status, SymbolOutcome
from regime_platform.pipeline.run import run_symbol
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.settings import Settings
from regime_platform_tests.builders import LONG_AFTER, make_bars
from regime_platform_tests.scenario import fingerprint, serve, street, with_value

DAY = dt.timedelta(days=1)
EARLIER = dt.datetime(2010, 1, 4, tzinfo=dt.UTC)  # the weeks end within an era
DAYS, WEEKS = make_bars(425), make_bars(425, "1week", start=EARLIER, seed=1)
BAD_DAYS, BAD_WEEKS = (with_value(bars, 422, low=1e6) for bars in (DAYS, WEEKS))


def _run(folder: Path, day: int, days: pl.DataFrame, weeks: pl.DataFrame) -> SymbolOutcome:
    settings = street(folder, ["AAA"])
    serve(settings, "AAA", "1day", days)
    serve(settings, "AAA", "1week", weeks)
    return _run_again(settings, day)


def _run_again(
    settings: Settings, day: int, stages: tuple[Stage, ...] = STAGES, *, force: bool = False
) -> SymbolOutcome:
    workspace = RunWorkspace.open(settings)
    instrument = workspace.universe.instrument("AAA")
    now = LONG_AFTER + day * DAY
    return run_symbol(workspace, instrument, now, stages=stages, force=force)


def _table(folder: Path, table: str, timeframe: str) -> pl.DataFrame:
    return read_table(folder / "data/assets/AAA/compute.db", table, timeframe=timeframe)


def _proof(folder: Path, *, recompute: bool = True) -> str:
    workspace = RunWorkspace.open(street(folder, ["AAA"]))
    proof = verify(workspace, workspace.universe.instrument("AAA"), recompute=recompute)
    assert not proof.findings, proof.reason
    return proof.result


def _digests(folder: Path) -> Mapping[str, str]:
    documents = (
        json.loads((folder / f"data/assets/AAA/{name}.json").read_text())["manifest"]
        for name in ("manifest", "compute_manifest")
    )
    bars, results = documents
    return {
        "bars": bars["content_digest"],
        "results": results["content_digest"],
        "recipe": results["recipe_digest"],
        "series": json.dumps(results["series"]),
    }


def _kept(folder: Path) -> Mapping[str, str]:
    """The files of bars, results and manifests."""
    files = fingerprint(folder / "data/assets/AAA")
    kept = ("bars/", "compute.db", "compute_manifest.json", "manifest.json", "chain.jsonl")
    return {name: text for name, text in files.items() if name.startswith(kept)}


@pytest.fixture(scope="module")
def _once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("good")
    assert _run(folder, 0, DAYS[:420], WEEKS[:420]).status is Status.DONE
    return folder


@pytest.fixture
def good(_once: Path, tmp_path: Path) -> Path:
    """Days and weeks are processed, of day 0."""
    shutil.copytree(_once, tmp_path, dirs_exist_ok=True)
    return tmp_path


@pytest.fixture(scope="module")
def _blocked_once(_once: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("blocked")
    shutil.copytree(_once, folder, dirs_exist_ok=True)
    _run(folder, 1, BAD_DAYS, WEEKS)
    return folder


@pytest.fixture
def blocked(_blocked_once: Path, tmp_path: Path) -> Path:
    """On day 1 a bad daily bar came, and good weeks."""
    shutil.copytree(_blocked_once, tmp_path, dirs_exist_ok=True)
    return tmp_path


def test_the_other_series_is_computed_and_the_symbol_stays_blocked(good: Path) -> None:
    tables = ("state_history", "escalation_history_v3", "forward_labels")
    before = [_table(good, table, "1day") for table in tables]
    day_before = _table(good, "latest_state", "1day")

    outcome = _run(good, 1, BAD_DAYS, WEEKS)

    assert (outcome.status, outcome.stage) == (Status.BLOCKED, Stage.VALIDATED_BARS)
    assert list(outcome.left_out) == ["1day"]
    assert outcome.reason == outcome.left_out["1day"]
    assert outcome.reason.startswith("1day: high_low_order rejected 1 bar")
    assert all(
        _table(good, table, "1day").equals(rows) for table, rows in zip(tables, before, strict=True)
    )
    assert _table(good, "state_history", "1week").height == 405
    mean = "cross_tf_consensus"
    day, week = (_table(good, "latest_state", timeframe) for timeframe in ("1day", "1week"))
    assert week[mean].to_list() == week["esc_pctl"].to_list() != [None]
    assert day[mean].to_list() == [None] != day_before[mean].to_list()
    assert day.drop(mean).equals(day_before.drop(mean))
    assert _proof(good) == "proven"


def test_the_manifests_record_which_timeframe_is_left_out_and_why(blocked: Path) -> None:
    folder = blocked / "data/assets/AAA"
    bars, results = (
        json.loads((folder / name).read_text())["manifest"]
        for name in ("manifest.json", "compute_manifest.json")
    )

    assert results["recipe"]["left_out"] == ["1day"]
    assert bars["timeframes"]["1day"]["gate"]["status"] == "blocked"
    assert "high_low_order" in bars["timeframes"]["1day"]["gate"]["reason"]
    assert results["series"]["1day"]["bars"] == 420


def test_a_run_with_nothing_new_writes_nothing_and_is_blocked_again(blocked: Path) -> None:
    before = fingerprint(blocked / "data/assets")

    outcome = _run_again(street(blocked, ["AAA"]), 1)

    assert fingerprint(blocked / "data/assets") == before
    assert outcome.is_partial
    assert outcome.compute is not None
    assert outcome.compute.status is Status.UNCHANGED


@pytest.mark.parametrize("stage", STAGES[2:], ids=str)
def test_a_later_stage_alone_reports_the_block_too(blocked: Path, stage: Stage) -> None:
    outcome = _run_again(street(blocked, ["AAA"]), 1, (stage,))

    assert (outcome.status, outcome.stage, outcome.is_partial) == (Status.BLOCKED, stage, True)


def test_a_corrected_bar_gives_what_a_fresh_root_gives(blocked: Path, tmp_path: Path) -> None:
    outcome = _run(blocked, 2, DAYS, WEEKS)
    fresh = tmp_path / "fresh"
    _run(fresh, 2, DAYS, WEEKS)

    assert (outcome.status, outcome.left_out) == (Status.DONE, {})
    assert _digests(blocked) == _digests(fresh)
    assert _proof(blocked) == "proven"


def test_forced_results_are_those_continued(blocked: Path) -> None:
    before = _digests(blocked)

    outcome = _run_again(street(blocked, ["AAA"]), 1, force=True)

    assert outcome.compute is not None
    assert outcome.compute.status is Status.DONE
    assert _digests(blocked) == before


def test_a_series_that_never_passed_is_left_out_from_the_first_run(tmp_path: Path) -> None:
    outcome = _run(tmp_path, 0, BAD_DAYS, WEEKS)

    assert outcome.is_partial
    assert outcome.compute is not None
    assert {series.timeframe: series.status for series in outcome.compute.series} == {
        "1day": "no_bars",
        "1week": "complete",
    }
    assert _proof(tmp_path) == "proven"
    workspace = RunWorkspace.open(street(tmp_path, ["AAA"]))
    refresh_board(workspace, [outcome])
    reasons = {series.timeframe: series.reason for series in stale_series(workspace, LONG_AFTER)}
    assert "1day: high_low_order" in reasons["1day"]
    assert _run(tmp_path, 1, DAYS, WEEKS).status is Status.DONE


def test_where_every_series_is_blocked_all_stays(blocked: Path) -> None:
    before = _kept(blocked)

    outcome = _run(blocked, 2, BAD_DAYS, BAD_WEEKS)

    assert (outcome.status, outcome.is_partial) == (Status.BLOCKED, False)
    assert outcome.compute is None
    assert _kept(blocked) == before


def test_a_run_killed_before_the_manifests_is_finished_by_the_next(good: Path) -> None:
    settings = street(good, ["AAA"])
    serve(settings, "AAA", "1day", BAD_DAYS)
    serve(settings, "AAA", "1week", WEEKS)
    _run_again(settings, 1, STAGES[:3])
    workspace = RunWorkspace.open(settings)
    proof = verify(workspace, workspace.universe.instrument("AAA"))
    assert (proof.result, proof.remedy) == ("unfinished", "regime run AAA")

    _run_again(settings, 1)

    assert _proof(good) == "proven"


def test_results_that_leave_out_another_timeframe_than_the_gate_are_pending(good: Path) -> None:
    _run(good, 1, DAYS, WEEKS)
    settings = street(good, ["AAA"])
    serve(settings, "AAA", "1day", with_value(DAYS, 424, low=1e6))
    _run_again(settings, 2, STAGES[:2])
    workspace = RunWorkspace.open(settings)

    proof = verify(workspace, workspace.universe.instrument("AAA"))

    assert proof.result == "results pending"
    assert "other timeframes (1day) than the results leave out (none)" in proof.reason


def test_the_past_is_computed_with_what_was_left_out_then(blocked: Path) -> None:
    then_rows = {name: _table(blocked, "latest_state", name) for name in ("1day", "1week")}
    _run(blocked, 2, DAYS, WEEKS)
    workspace = RunWorkspace.open(street(blocked, ["AAA"]))
    instrument = workspace.universe.instrument("AAA")

    then = results_as_of(workspace, instrument, LONG_AFTER + 1.5 * DAY)

    assert list(then.known.left_out) == ["1day"]
    assert then.provenance.status == "proven"
    rows = latest_states(then.results, then.known.left_out)
    assert rows.equals(pl.concat(then_rows.values()))
    record = read_compute_manifest(workspace.root.symbol("AAA"))
    assert record is not None
    assert record.manifest.recipe.left_out == ()


def test_a_bundle_proves_what_was_left_out_also_once_it_is_not(
    blocked: Path, tmp_path: Path
) -> None:
    workspace = RunWorkspace.open(street(blocked, ["AAA"]))
    snapshot = take_snapshot(workspace, LONG_AFTER.date(), LONG_AFTER + 1.5 * DAY)
    first, second = tmp_path / "first.zip", tmp_path / "second.zip"
    assert export_bundle(workspace, snapshot, first).rebuilt == ()
    _run(blocked, 2, DAYS, WEEKS)
    assert export_bundle(workspace, snapshot, second).rebuilt == ("AAA",)

    proofs = [verify_bundle(path, recompute=True) for path in (first, second)]

    assert [(proof.symbols, proof.findings) for proof in proofs] == [(("AAA",), ())] * 2


@pytest.mark.parametrize("damaged", ["compute.db", "bars/1day", "verdict.json"])
def test_a_repair_restores_what_the_block_left_in_force(blocked: Path, damaged: str) -> None:
    path = blocked / "data/assets/AAA" / damaged
    (next(path.iterdir()) if path.is_dir() else path).write_bytes(b"nonsense")
    workspace = RunWorkspace.open(street(blocked, ["AAA"]))
    instrument, before = workspace.universe.instrument("AAA"), _digests(blocked)

    repair(workspace, instrument, plan_repair(workspace, instrument), LONG_AFTER + 2 * DAY)

    assert _proof(blocked) == "proven"
    assert _digests(blocked) == before
    assert _run_again(street(blocked, ["AAA"]), 1).is_partial
