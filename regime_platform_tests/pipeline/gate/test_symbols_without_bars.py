"""Symbols without a bar: the gate ends them with the reason of their fetch, and writes nothing."""

import datetime as dt
from pathlib import Path

import polars as pl
import pytest
from pytest_httpserver import HTTPServer

from regime_platform.audit.repair_plan import plan_repair
from regime_platform.audit.snapshots import take_snapshot
from regime_platform.audit.verify.verify import verify_many
from regime_platform.bar_store.raw.fetch_failures import read_failures
from regime_platform.bar_store.verdicts import read_verdict
from regime_platform.compute_db.reader import read_lineage
from regime_platform.errors import ResultsError
from regime_platform.manifests.bar_manifest import bar_manifest
from regime_platform.manifests.compute_manifest import ComputeManifest, ResultOrigin
from regime_platform.model.instruments import Instrument
from regime_platform.pipeline.board import refresh_board
from regime_platform.pipeline.compute import current_recipe
from regime_platform.pipeline.gate.intact import stored_records
from regime_platform.pipeline.gate.promote import promote_again
from regime_platform.pipeline.outcomes import STAGES, Stage, Status, SymbolOutcome
from regime_platform.pipeline.publish import write_manifests
from regime_platform.pipeline.results import Inputs, make_results
from regime_platform.pipeline.run import run_symbols
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.query.board import series_board
from regime_platform.query.states import state
from regime_platform.settings import Settings
from regime_platform_tests.builders import LONG_AFTER, make_bars
from regime_platform_tests.error_codes import raises
from regime_platform_tests.pipeline.vendor_street import list_stock, stock_bars, vendor_settings
from regime_platform_tests.scenario import fingerprint, serve, street
from regime_platform_tests.vendor import LoopbackVendor, error_answer

HEADER = "ts,open,high,low,close,volume\n"


def run(
    settings: Settings, day: int = 0, stages: tuple[Stage, ...] = STAGES
) -> dict[str, SymbolOutcome]:
    workspace = RunWorkspace.open(settings)
    now = LONG_AFTER + dt.timedelta(days=day)
    outcomes = run_symbols(workspace, workspace.universe.instruments, now, stages=stages)
    return {outcome.symbol: outcome for outcome in outcomes}


@pytest.fixture
def without_bars(tmp_path: Path) -> Settings:
    """Symbols of which the source has no folder, no bar in the file, or no file that can be read.

    NEVER is not fetched at all; GOOD has bars.
    """
    settings = street(
        tmp_path,
        ["EMPTY", "GARBAGE", "GOOD", "MISSING", "NEVER"],
        timeframes=("1day", "1week"),
    )
    serve(settings, "GOOD", "1day", make_bars(420))
    for symbol, text in (("EMPTY", HEADER), ("GARBAGE", "no,bars\n1,2\n")):
        file = tmp_path / "files" / symbol / "1day.csv"
        file.parent.mkdir()
        file.write_text(text)
    workspace = RunWorkspace.open(settings)
    polled = workspace.universe.select(["EMPTY", "GARBAGE", "GOOD", "MISSING"])
    list(run_symbols(workspace, polled, LONG_AFTER, stages=[Stage.RAW_BARS]))
    return settings


def test_a_symbol_without_bars_ends_at_the_gate_with_the_reason(without_bars: Settings) -> None:
    outcomes = run(without_bars, stages=STAGES[1:])

    assert outcomes.pop("GOOD").status is Status.DONE
    assert {each.status for each in outcomes.values()} == {Status.NO_BARS}
    assert {each.stage for each in outcomes.values()} == {Stage.VALIDATED_BARS}
    reasons = {symbol: each.reason for symbol, each in outcomes.items()}
    assert "no folder" in reasons["MISSING"]
    assert "1day.csv" in reasons["GARBAGE"]
    assert "has no bar on 1day so far" in reasons["EMPTY"]
    assert "never fetched; `regime run NEVER` fetches them" in reasons["NEVER"]
    for symbol in outcomes:
        folder = without_bars.data_root / "assets" / symbol
        assert {path.name for path in folder.iterdir()} - {".lock"} == {"fetch_failures.json"}


@pytest.mark.parametrize("is_old", [False, True], ids=["new", "of an earlier release"])
def test_it_is_shown_as_such_and_never_as_proven(without_bars: Settings, *, is_old: bool) -> None:
    workspace = RunWorkspace.open(without_bars)
    instruments = workspace.universe.instruments
    missing, paths = workspace.find("MISSING")
    if is_old:
        _write_empty_documents(workspace, missing)
    outcomes = list(run_symbols(workspace, instruments, LONG_AFTER, stages=STAGES[1:]))
    refresh_board(workspace, outcomes)
    reason = next(each.reason for each in outcomes if each.symbol == "MISSING")
    assert "no folder" in reason

    proofs = {each.symbol: each for each in verify_many(workspace, instruments)}
    rows = series_board(where=without_bars).filter(pl.col("symbol") == "MISSING")
    snapshot = take_snapshot(workspace, LONG_AFTER.date(), LONG_AFTER).facts

    assert proofs.pop("GOOD").result == "proven"
    assert {(proof.result, proof.status.is_good) for proof in proofs.values()} == {
        ("no_bars", False)
    }
    assert reason in proofs["MISSING"].reason
    assert plan_repair(workspace, missing).is_empty
    assert rows["status"].to_list() == ["no_bars"] * 2
    assert rows["held_back"].to_list() == [f"no_bars: {reason}"] * 2
    assert (snapshot.totals.complete, snapshot.totals.no_bars) == (1, 4)
    assert snapshot.symbols["MISSING"].reason == reason
    with raises(ResultsError, "no-bars", match="no folder"):
        state("MISSING", where=without_bars)
    computed = run(without_bars, stages=STAGES[2:])["MISSING"]
    assert (computed.status, computed.reason) == (Status.NO_BARS, reason)
    assert paths.compute_db.exists() is is_old


def _write_empty_documents(workspace: RunWorkspace, instrument: Instrument) -> None:
    """What earlier releases made of a symbol without bars."""
    paths = workspace.root.symbol(instrument.symbol)
    promote_again(workspace, instrument, {})
    verdict = read_verdict(paths)
    assert verdict is not None
    recipe = current_recipe(workspace, instrument, verdict)
    made = ResultOrigin(recipe=recipe, code=workspace.code)
    make_results(Inputs(instrument, paths, {}, (), workspace.params), made, force=False)
    results = ComputeManifest.of(instrument.symbol, read_lineage(paths.compute_db))
    bars = bar_manifest(instrument, verdict, {}, {}, records=stored_records(paths))
    write_manifests(paths, [bars, results], LONG_AFTER)


def test_only_a_new_reason_is_news_and_a_repeated_run_writes_nothing(
    without_bars: Settings, tmp_path: Path
) -> None:
    def news() -> set[str]:
        outcomes = run(without_bars, stages=STAGES[1:]).values()
        return {each.symbol for each in outcomes if each.promote.has_other_findings}  # type: ignore[union-attr]

    assert {"EMPTY", "GARBAGE", "MISSING", "NEVER"} <= news()
    before = fingerprint(tmp_path)
    assert news() == set()
    run(without_bars, stages=STAGES[:1])  # fetches NEVER for the first time
    assert news() == {"NEVER"}
    run(without_bars, day=1)
    changed = {name for name, text in fingerprint(tmp_path).items() if before.get(name) != text}
    assert {name.split("/")[2] for name in changed} == {"NEVER"}


def test_bars_end_the_state_and_its_record(without_bars: Settings) -> None:
    run(without_bars)
    (without_bars.files_root / "EMPTY" / "1day.csv").unlink()  # type: ignore[operator]
    for timeframe in ("1day", "1week"):
        serve(without_bars, "EMPTY", timeframe, make_bars(420, timeframe))

    outcome = run(without_bars, day=1)["EMPTY"]

    assert outcome.status is Status.DONE
    assert not (without_bars.data_root / "assets/EMPTY/fetch_failures.json").exists()


def test_the_answer_of_a_vendor_is_kept_until_the_series_is_served(
    tmp_path: Path, httpserver: HTTPServer
) -> None:
    vendor = LoopbackVendor(httpserver)
    settings = vendor_settings(tmp_path, vendor, ["AAA", "BBB"])
    vendor.answer_next(*[error_answer(403, "not in your plan")] * 2)
    assert {each.status for each in run(settings).values()} == {Status.FAILED}
    before = fingerprint(tmp_path / "data")
    run(settings)  # the refusals hold for a day
    assert fingerprint(tmp_path / "data") == before

    gates = run(settings, stages=STAGES[1:])

    assert {each.status for each in gates.values()} == {Status.NO_BARS}
    assert "answered 403 (not in your plan)" in gates["AAA"].reason
    assert "answered 404" in gates["BBB"].reason
    for timeframe in ("1day", "1week"):
        bars = stock_bars(timeframe, LONG_AFTER - dt.timedelta(days=900), LONG_AFTER)
        list_stock(vendor, "BBB", timeframe, bars)
    again = run(settings, day=2)
    assert (again["AAA"].status, again["BBB"].status) == (Status.FAILED, Status.DONE)
    root = RunWorkspace.open(settings).root
    assert {each.status for each in read_failures(root.symbol("AAA")).failed.values()} == {
        "unknown_symbol"
    }
    assert not read_failures(root.symbol("BBB")).series
