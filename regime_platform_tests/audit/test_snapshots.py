"""Snapshots: complete, never overwritten, in a chain; two of them tell what changed and why."""

import datetime as dt
import json
import random
import shutil
from pathlib import Path

import pytest

from regime_platform.audit.snapshots import Snapshot, find_snapshot, snapshots, take_snapshot
from regime_platform.errors import ResultsError, UsageError
from regime_platform.manifests.manifest import is_whole
from regime_platform.manifests.snapshot import COMPLETE, UNFINISHED
from regime_platform.manifests.snapshot_diff import changes
from regime_platform.pipeline.outcomes import Stage
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform_tests.audit.snapshot_scenario import (
    BARS,
    EVENTS,
    STORED,
    SYMBOLS,
    Scenario,
    opened,
)
from regime_platform_tests.error_codes import raises
from regime_platform_tests.scenario import contents, serve, street
from regime_platform_tests.tampering import tamper

DATE = dt.date(2026, 11, 22)


@pytest.fixture(scope="module")
def _once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("snapshots")
    opened(street(folder, SYMBOLS))
    return folder


@pytest.fixture
def run(_once: Path, tmp_path: Path) -> Scenario:
    """The three after one run, in a data root of the test's own."""
    shutil.copytree(_once, tmp_path, dirs_exist_ok=True)
    settings = street(tmp_path, SYMBOLS)
    return Scenario(settings, RunWorkspace.open(settings))


def _take(run: Scenario, name: str = "") -> Snapshot:
    return take_snapshot(run.workspace, DATE, run.now, name)


def test_a_snapshot_names_every_symbol_s_digests_ranges_and_recipe(run: Scenario) -> None:
    taken = _take(run)

    facts = json.loads(taken.path.read_text())["manifest"]
    assert taken.path.name == "manifest_2026-11-22.json"
    counts = {"symbols": 3, "complete": 3, "unfinished": 0, "no_results": 0}
    assert facts["totals"] == counts | {"bars": 3 * STORED}
    for symbol in SYMBOLS:
        folder = run.workspace.root.symbol(symbol)
        bars, results = (
            json.loads(path.read_text()) for path in (folder.manifest, folder.compute_manifest)
        )
        entry = facts["symbols"][symbol]
        assert entry["manifest"]["digest"] == bars["digest"]
        assert entry["compute_manifest"]["seal"] == results["seal"]
        assert entry["recipe"] == results["manifest"]["recipe"]
        assert entry["tables"] == results["manifest"]["tables"]
        daily = entry["timeframes"]["1day"]
        assert (daily["count"], daily["asof"]) == (STORED, daily["max_ts"])


def test_a_date_taken_again_gets_a_revision_and_nothing_is_overwritten(run: Scenario) -> None:
    first = _take(run, "release")
    before = contents(run.workspace.root.snapshots)

    second, third = _take(run, "release"), _take(run)

    after = contents(run.workspace.root.snapshots)
    del before["index.jsonl"]  # type: ignore[attr-defined]
    assert before.items() <= after.items()
    assert [snapshot.path.name for snapshot in (second, third)] == [
        "manifest_2026-11-22.2.json",
        "manifest_2026-11-22.3.json",
    ]
    seals = [snapshot.document.seal for snapshot in (first, second, third)]
    assert [snapshot.document.replaces for snapshot in (first, second, third)] == [None, *seals[:2]]
    assert all(is_whole(snapshot.document.as_json()) for snapshot in (first, second, third))
    root = run.workspace.root
    for wanted, snapshot in (
        ("release", second),
        ("2026-11-22", third),
        ("2026-11-22.1", first),
    ):
        assert find_snapshot(root, wanted).path == snapshot.path


def test_the_same_numbers_have_the_same_digests_on_any_day(run: Scenario) -> None:
    first, second = _take(run), _take(run.tomorrow().run(), "again")

    assert first.facts.content_digest == second.facts.content_digest
    assert first.facts.recipe_digest == second.facts.recipe_digest
    assert {change.kind for change in changes(first.facts, second.facts)} == {"same"}


@pytest.mark.parametrize("event", EVENTS)
def test_a_diff_names_whom_an_event_touched_and_why(run: Scenario, event: str) -> None:
    happen, touched, cause = EVENTS[event]
    before = _take(run)

    after = _take(happen(run.tomorrow()))

    changed_symbols = {
        change.symbol: change
        for change in changes(before.facts, after.facts)
        if change.kind != "same"
    }
    assert tuple(changed_symbols) == touched
    for change in changed_symbols.values():
        assert (change.kind, [each.what for each in change.causes]) == (
            "changed",
            [cause],
        )
        numbers = [taken.facts.complete[change.symbol].tables for taken in (before, after)]
        assert change.results_changed == (numbers[0] != numbers[1])
        # other code, parameters or libraries that give the same numbers are told as such
        assert change.results_changed or cause in {"parameters", "code", "libraries"}


def test_symbols_that_came_or_went_are_reported(run: Scenario) -> None:
    taken = _take(run)
    symbols = {name: entry for name, entry in taken.facts.symbols.items() if name != "BBB"}
    without = taken.facts.model_copy(update={"symbols": symbols})

    went = {change.symbol: change.kind for change in changes(taken.facts, without)}
    came = {change.symbol: change.kind for change in changes(without, taken.facts)}

    assert went == {"AAA": "same", "BBB": "removed", "CCC": "same"}
    assert came["BBB"] == "added"


def test_other_numbers_from_the_same_recipe_are_called_unexplained(run: Scenario) -> None:
    taken = _take(run)
    entry = taken.facts.complete["AAA"]
    digests = entry.content_digests.model_copy(update={"results": "0" * 64})
    changed_entry = entry.model_copy(update={"content_digests": digests})
    other = taken.facts.model_copy(
        update={"symbols": {**taken.facts.symbols, "AAA": changed_entry}}
    )

    (changed,) = [change for change in changes(taken.facts, other) if change.kind != "same"]

    assert [cause.what for cause in changed.causes] == ["unexplained"]


@pytest.mark.slow
def test_an_unfinished_run_is_reported_as_such(run: Scenario) -> None:
    serve(run.settings, "AAA", "1day", BARS["AAA"])
    later = run.tomorrow().run(Stage.RAW_BARS, Stage.VALIDATED_BARS, Stage.COMPUTE_DB)

    taken = _take(later)

    statuses = {symbol: entry.status for symbol, entry in taken.facts.symbols.items()}
    assert statuses == {"AAA": "unfinished", "BBB": "complete", "CCC": "complete"}
    assert "a rerun finishes it" in taken.facts.symbols["AAA"].reason
    assert _take(later.run()).facts.totals.complete == 3


def test_manifests_of_another_symbol_or_changed_ones_prove_nothing(run: Scenario) -> None:
    root = run.workspace.root
    aaa, bbb, ccc = (root.symbol(symbol) for symbol in SYMBOLS)
    shutil.copytree(ccc.folder, bbb.folder, dirs_exist_ok=True, copy_function=shutil.copy2)
    aaa.manifest.write_text(aaa.manifest.read_text().replace('"count": 420', '"count": 421'))

    reasons = {symbol: entry.reason for symbol, entry in _take(run).facts.symbols.items()}

    assert "was changed after it was written" in reasons["AAA"]
    assert "is about CCC, not about BBB" in reasons["BBB"]
    assert reasons["CCC"] == ""


def test_a_store_that_was_copied_is_as_complete_as_it_was(run: Scenario) -> None:
    before = _take(run)
    for symbol in SYMBOLS:
        run.workspace.root.symbol(symbol).compute_db.touch()

    after = _take(run)

    assert after.facts.symbols == before.facts.symbols


def test_a_snapshot_whose_taker_was_killed_before_listing_it_is_found(run: Scenario) -> None:
    first, second = _take(run), _take(run)
    root = run.workspace.root
    lines = root.snapshot_index.read_text().splitlines(keepends=True)
    root.snapshot_index.write_text(lines[0] + lines[1][:30])

    assert [snapshot.label for snapshot in snapshots(root)] == ["2026-11-22.1", "2026-11-22.2"]
    third = _take(run)

    assert third.document.replaces == second.document.seal
    assert len(root.snapshot_index.read_text().splitlines()) == 3
    assert first.document.number == 1


def test_a_changed_snapshot_is_refused(run: Scenario) -> None:
    taken = _take(run)
    taken.path.write_text(taken.path.read_text().replace('"count": 420', '"count": 421', 1))

    with raises(ResultsError, "snapshot-damaged", match="manifest_2026-11-22.json"):
        find_snapshot(run.workspace.root, "2026-11-22")


def test_names_that_look_like_dates_or_paths_are_refused(run: Scenario) -> None:
    for name in ("2026-11-22", "../x", "a b"):
        with raises(UsageError, "snapshot-name"):
            _take(run, name)
    with raises(UsageError, "no-such-snapshot"):
        find_snapshot(run.workspace.root, "release")


def test_damage_is_not_recorded_as_complete(run: Scenario) -> None:
    paths, chance = run.workspace.root.symbol("BBB"), random.Random(6)
    for _ in range(8):
        done = tamper(paths, chance)

        entry = _take(run).facts.symbols["BBB"]

        done.undo()
        if done.path != paths.chain:  # which no snapshot relies on
            assert entry.status == UNFINISHED, done
            assert "regime repair BBB" in entry.reason, done
    assert _take(run).facts.symbols["BBB"].status == COMPLETE
