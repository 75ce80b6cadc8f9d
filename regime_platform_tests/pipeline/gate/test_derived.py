"""Timeframes that no source serves are built from finer bars, and count as any others."""

import datetime as dt
import shutil
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest

from regime_platform.audit.as_of import bars_as_of
from regime_platform.audit.repair import repair
from regime_platform.audit.repair_plan import plan_repair
from regime_platform.audit.results_as_of import results_as_of
from regime_platform.audit.verify.verify import verify
from regime_platform.bar_store.canonical import read_in_force, read_rejected
from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.manifest_files import read_bar_manifest
from regime_platform.bar_store.verdicts import read_verdict, write_verdict
from regime_platform.errors import UsageError
from regime_platform.model.bar_schema import BAR_COLUMNS
from regime_platform.model.instruments import Instrument
from regime_platform.model.timeframes import TIMEFRAMES
from regime_platform.operations.compaction import compact_symbol
from regime_platform.operations.overrides import Span, Statement, exclude, withdraw
from regime_platform.operations.universe_edits import track_on
from regime_platform.pipeline.gate.inspection import inspect_canonical, inspect_raw
from regime_platform.pipeline.outcomes import STAGES, Stage, Status, SymbolOutcome
from regime_platform.pipeline.run import run_symbol
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.settings import Settings
from regime_platform.validation.finding_counts import counts_of
from regime_platform.validation.gate import BLOCKED
from regime_platform_tests.builders import session_bars
from regime_platform_tests.error_codes import raises
from regime_platform_tests.kills import Killed, killed_before
from regime_platform_tests.scenario import fingerprint, serve, street, with_value
from regime_platform_tests.validation.real_bars import real

START = dt.datetime(2026, 10, 5, tzinfo=dt.UTC)  # a Monday
FIRST = dt.datetime(2026, 10, 24, 3, tzinfo=dt.UTC)  # a Saturday: all of three weeks
SECOND = FIRST + dt.timedelta(days=7)
UP_TO_GATE = (Stage.RAW_BARS, Stage.VALIDATED_BARS)


FIVE = session_bars("5min", START, SECOND)


def up_to(end: dt.datetime) -> pl.DataFrame:
    """The five-minute bars that open before ``end``."""
    return FIVE.filter(pl.col("ts") < end)


@dataclass(frozen=True)
class Store:
    """A data root with one symbol."""

    settings: Settings

    @property
    def workspace(self) -> RunWorkspace:
        return RunWorkspace.open(self.settings)

    @property
    def instrument(self) -> Instrument:
        return self.workspace.universe.instrument("AAA")

    @property
    def paths(self) -> SymbolPaths:
        return self.workspace.root.symbol("AAA")

    def serve(self, timeframe: str, bars: pl.DataFrame) -> None:
        serve(self.settings, "AAA", timeframe, bars)

    def run(self, now: dt.datetime, stages: tuple[Stage, ...] = STAGES) -> SymbolOutcome:
        return run_symbol(self.workspace, self.instrument, now, stages=stages)

    def bars(self, timeframe: str) -> pl.DataFrame:
        stored = read_in_force(self.paths, timeframe)
        assert stored is not None
        return stored[1]

    def derived_from(self) -> dict[str, str]:
        verdict = read_verdict(self.paths)
        assert verdict is not None
        return verdict.derived_from

    def proof(self) -> tuple[str, str]:
        proof = verify(self.workspace, self.instrument, recompute=True)
        return proof.result, proof.reason


def new_store(folder: Path, tier: str = "core") -> Store:
    return Store(street(folder, ["AAA"], tier=tier))


@dataclass(frozen=True)
class Arrivals:
    """A store to which five-minute bars came twice, and what each run left."""

    store: Store
    outcomes: tuple[SymbolOutcome, ...]


@pytest.fixture(scope="module")
def arrivals(tmp_path_factory: pytest.TempPathFactory) -> Arrivals:
    store = new_store(tmp_path_factory.mktemp("arrivals"))
    outcomes = []
    for now in (FIRST, SECOND):
        store.serve("5min", up_to(now))
        outcomes.append(store.run(now))
    return Arrivals(store, tuple(outcomes))


@pytest.mark.slow
def test_all_timeframes_are_built_from_five_minutes_as_if_they_were_given(
    arrivals: Arrivals, tmp_path: Path
) -> None:
    store, outcome = arrivals.store, arrivals.outcomes[1]
    assert outcome.status is Status.DONE
    assert outcome.promote is not None
    assert outcome.promote.derived_from == dict.fromkeys(TIMEFRAMES, "5min")
    assert {*outcome.promote.promoted} == {*TIMEFRAMES}
    given = new_store(tmp_path)
    for timeframe in TIMEFRAMES:
        given.serve(timeframe, store.bars(timeframe))

    same = given.run(SECOND)

    assert outcome.compute is not None
    assert same.compute is not None
    assert same.compute.tables == outcome.compute.tables
    assert given.derived_from() == {}
    days, week = store.bars("1day"), store.bars("1week")
    assert days.height == 20
    assert days["volume"].sum() == week["volume"].sum() == FIVE["volume"].sum()
    assert week["ts"].dt.weekday().unique().to_list() == [1]


def test_a_run_with_nothing_new_writes_nothing_and_all_is_proven(arrivals: Arrivals) -> None:
    store = arrivals.store
    before = fingerprint(store.settings.data_root)

    outcome = store.run(SECOND + dt.timedelta(hours=1))

    assert outcome.status is Status.UNCHANGED
    assert fingerprint(store.settings.data_root) == before
    assert store.proof() == ("proven", "")


def test_manifest_and_verdict_name_the_finer_bars(arrivals: Arrivals) -> None:
    store = arrivals.store
    manifest = read_bar_manifest(store.paths)
    assert manifest is not None
    facts = manifest.manifest
    assert facts.timeframes["4h"].gate.derived_from == "5min"
    assert facts.timeframes["4h"].sources == facts.finer["5min"].sources == ("files",)
    assert len(facts.finer["5min"].raw_files) == 2
    assert "derived_from" not in facts.finer["5min"].gate.as_json()
    damaged = store.paths.raw("5min") / facts.finer["5min"].raw_files[0]
    whole = damaged.read_bytes()
    try:
        damaged.write_bytes(whole[:-1])
        assert "raw/5min" in verify(store.workspace, store.instrument).reason
    finally:
        damaged.write_bytes(whole)


@pytest.mark.slow
def test_bars_and_results_of_a_past_moment_are_those_of_then(arrivals: Arrivals) -> None:
    store, first = arrivals.store, arrivals.outcomes[0]
    assert first.promote is not None
    assert first.compute is not None

    known = bars_as_of(store.workspace, store.instrument, "1h", FIRST)

    assert (known.digest, known.derived_from) == (first.promote.promoted["1h"].digest, "5min")
    assert known.bars.height < store.bars("1h").height
    then = results_as_of(store.workspace, store.instrument, FIRST + dt.timedelta(hours=1))
    assert then.provenance.status.value == "proven"
    before = bars_as_of(store.workspace, store.instrument, "1h", START)
    assert (before.status, before.bars.height) == ("no_bars", 0)


def test_what_a_session_ends_within_is_built_as_soon_as_that_is_over(tmp_path: Path) -> None:
    store = new_store(tmp_path)
    now = dt.datetime(2026, 10, 9, 20, 2, tzinfo=dt.UTC)  # a Friday, 16:02 in New York
    store.serve("5min", up_to(now))

    store.run(now, UP_TO_GATE)

    newest = {name: f"{store.bars(name)['ts'][-1]:%d %H:%M}" for name in TIMEFRAMES}
    expected = ("09 19:45", "09 19:30", "09 17:30", "09 00:00", "05 00:00")
    assert newest == dict(zip(TIMEFRAMES, expected, strict=True))


@pytest.mark.slow
def test_finer_logs_are_kept_as_all_others_and_what_is_built_is_made_again(
    arrivals: Arrivals, tmp_path: Path
) -> None:
    shutil.copytree(arrivals.store.settings.data_root.parent, tmp_path, dirs_exist_ok=True)
    store = new_store(tmp_path)
    before = store.derived_from(), store.bars("1h")

    compacted = compact_symbol(store.workspace, store.instrument)

    assert compacted.series["5min"].files == 1
    assert store.run(SECOND).status.is_good
    next(store.paths.bars("1h").glob("*.parquet")).unlink()
    plan = plan_repair(store.workspace, store.instrument)
    repaired = repair(store.workspace, store.instrument, plan, SECOND)
    assert (repaired.reason, repaired.after.result) == ("", "proven")
    assert (store.derived_from(), store.bars("1h").equals(before[1])) == (before[0], True)
    (log,) = store.paths.raw("5min").glob("*.parquet")
    log.unlink()
    lost = store.run(SECOND, STAGES[1:2])
    assert lost.status is Status.FAILED
    assert f"raw/5min/{log.name}" in lost.reason


def test_given_bars_take_over_and_what_they_are_coarser_than_is_built_from_them(
    tmp_path: Path,
) -> None:
    store = new_store(tmp_path, tier="daily")
    track_on(store.settings, "AAA", ["1day", "1week"])
    store.serve("30min", session_bars("30min", START, FIRST))
    store.run(FIRST, UP_TO_GATE)
    assert store.derived_from() == {"1day": "30min", "1week": "30min"}
    days = store.bars("1day").with_columns(pl.col("volume") + 1)

    store.serve("1day", days)
    outcome = store.run(SECOND, UP_TO_GATE)

    assert outcome.promote is not None
    assert outcome.promote.derived_from == {"1week": "1day"}
    assert store.bars("1day").equals(days)
    assert store.bars("1week")["volume"].sum() == days["volume"].sum()
    assert bars_as_of(store.workspace, store.instrument, "1day", FIRST).derived_from == "30min"
    assert store.run(SECOND, UP_TO_GATE).status is Status.UNCHANGED


def test_an_error_in_finer_bars_blocks_all_that_is_built_from_them_until_it_is_settled(
    tmp_path: Path,
) -> None:
    store = new_store(tmp_path)
    store.serve("5min", up_to(FIRST))
    store.run(FIRST, UP_TO_GATE)
    good = {name: store.bars(name) for name in TIMEFRAMES}
    torn = up_to(SECOND).height - 100
    store.serve("5min", with_value(up_to(SECOND), torn, high=1.0))
    opens = FIVE["ts"][torn]

    blocked = store.run(SECOND, UP_TO_GATE)

    command = f"`regime bars exclude AAA 5min {opens:%Y-%m-%dT%H:%M} --reason TEXT`"
    assert blocked.status is Status.BLOCKED
    assert blocked.reason.startswith("15min, 1h, 4h, 1day, 1week: finer_bars counts 1 series (5min")
    assert "high_low_order, 1 bar: " in blocked.reason
    assert command in blocked.reason
    assert {name: store.bars(name) for name in TIMEFRAMES}["4h"].equals(good["4h"])
    assert read_rejected(store.paths, "5min")["ts"].to_list() == [opens]
    reports = inspect_raw(store.workspace.root, store.instrument).series
    statuses = dict.fromkeys(("5min", *TIMEFRAMES), BLOCKED)
    assert {each.timeframe: each.status for each in reports} == statuses
    statement = Statement("a torn row", "someone", SECOND)
    exclude(store.workspace.root, store.instrument, Span("5min", opens), statement)
    assert store.run(SECOND, STAGES[1:2]).status is Status.DONE
    quarter = store.bars("15min").filter(pl.col("ts") <= opens)[-1]
    assert quarter["volume"].item() < 3 * FIVE["volume"][torn]
    assert store.bars("1day").height > good["1day"].height


def test_a_validation_of_canonical_bars_lists_every_warning_that_a_run_counts(
    tmp_path: Path,
) -> None:
    store = new_store(tmp_path, tier="daily")
    halves = session_bars("30min", START, FIRST)
    store.serve("30min", pl.concat([halves[:20], halves[21:]]))
    store.run(FIRST, UP_TO_GATE)
    store.serve("1day", store.bars("1day"))
    store.run(FIRST, UP_TO_GATE)
    (tmp_path / "files" / "AAA" / "1day.parquet").unlink()

    counted = store.run(FIRST, UP_TO_GATE).promote

    report = inspect_canonical(store.workspace.root, FIRST, store.instrument)
    listed = counts_of({each.timeframe: each.findings for each in report.series})
    assert counted is not None
    assert {name: each.rules for name, each in counted.findings.items()} == {
        name: each.rules for name, each in listed.items()
    }
    assert listed["30min"].rules == {"missing_bars": 1}
    assert listed["1day"].rules == {"source_lost_bars": 15}


def test_a_bar_of_a_built_timeframe_is_excluded_as_any_other(tmp_path: Path) -> None:
    store = new_store(tmp_path, tier="daily")
    track_on(store.settings, "AAA", ["1day"])
    store.serve("30min", session_bars("30min", START, FIRST))
    store.run(FIRST, UP_TO_GATE)
    day = store.bars("1day")["ts"][4]

    exclude(store.workspace.root, store.instrument, Span("1day", day), Statement("?", "x", FIRST))
    store.run(FIRST, UP_TO_GATE)

    with raises(UsageError, "built-timeframe", match="regime bars withdraw AAA 30min"):
        withdraw(
            store.workspace.root, store.instrument, Span("1day", day), Statement("?", "x", FIRST)
        )
    assert store.bars("1day").height == 14
    assert day not in store.bars("1day")["ts"].to_list()


def test_what_cannot_be_built_has_no_bars_and_the_rest_goes_on(tmp_path: Path) -> None:
    store = new_store(tmp_path)
    store.serve("30min", session_bars("30min", START, FIRST))

    outcome = store.run(FIRST, UP_TO_GATE)

    assert outcome.status is Status.DONE
    assert outcome.promote is not None
    assert {*outcome.promote.promoted} == {"1h", "4h", "1day", "1week"}
    assert outcome.promote.findings["15min"].rules == {"no_bars": 1}
    assert outcome.promote.findings["1week"].rules == {}


@pytest.mark.parametrize("commit", [1, 4, 7])
def test_a_run_that_is_killed_anywhere_is_finished_by_the_next(
    commit: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = new_store(tmp_path, tier="daily")
    track_on(store.settings, "AAA", ["1day", "1week"])
    store.serve("30min", session_bars("30min", START, FIRST))

    with killed_before(commit, monkeypatch), pytest.raises(Killed):
        store.run(FIRST, UP_TO_GATE)

    assert store.run(FIRST, UP_TO_GATE).status.is_good
    assert store.bars("1day").height == 15
    assert store.derived_from() == {"1day": "30min", "1week": "30min"}


def test_a_verdict_of_an_earlier_release_is_reached_again_where_bars_can_be_built(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = new_store(tmp_path, tier="daily")
    track_on(store.settings, "AAA", ["1day", "1week"])
    store.serve("1day", session_bars("1day", START, FIRST))
    with monkeypatch.context() as earlier:
        for module in ("validate_log", "promote"):
            earlier.setattr(f"regime_platform.pipeline.gate.{module}.sources_of", lambda _rows: {})
        store.run(FIRST, UP_TO_GATE)
    verdict = read_verdict(store.paths)
    assert verdict is not None
    assert (verdict.derived_from, {*verdict.promoted}) == ({}, {"1day"})
    write_verdict(store.paths, verdict)

    assert store.run(FIRST, STAGES[1:2]).status is Status.DONE
    assert store.derived_from() == {"1week": "1day"}
    assert store.bars("1week").height == 3


def test_bars_that_lie_in_two_days_build_none_and_the_warning_names_the_remedy(
    tmp_path: Path,
) -> None:
    store = Store(street(tmp_path, ["AAA"], asset_class="FX", timeframes=("4h", "1day")))
    store.serve("4h", real("EURUSD", "4h").select(BAR_COLUMNS))

    outcome = store.run(FIRST, UP_TO_GATE)

    assert outcome.status is Status.DONE
    assert outcome.promote is not None
    assert {*outcome.promote.promoted} == {"4h"}
    assert outcome.promote.findings["1day"].rules == {"finer_bars": 1, "no_bars": 1}
    verdict = read_verdict(store.paths)
    assert verdict is not None
    (finding,) = (each for each in verdict.series[1].findings if each.rule == "finer_bars")
    assert "`calendar: FX_UTC`" in finding.remedy
    assert store.run(FIRST, UP_TO_GATE).status is Status.UNCHANGED
