"""Snapshots: complete, never overwritten, in a chain; two of them tell what changed and why."""

import copy
import datetime as dt
import json
import random
import shutil
from pathlib import Path

import pytest

from regime_platform.audit.snapshots import find_snapshot, snapshots, take_snapshot
from regime_platform.errors import ResultsError, UsageError
from regime_platform.manifests.manifest import is_whole
from regime_platform.manifests.snapshot import COMPLETE, UNFINISHED
from regime_platform.manifests.snapshot_diff import changes
from regime_platform.pipeline.outcomes import Stage
from regime_platform.pipeline.platform import RunWorkspace
from regime_platform_tests.pipeline.snapshot_street import (
    BARS,
    EVENTS,
    HELD,
    SYMBOLS,
    Street,
    opened,
)
from regime_platform_tests.scenario import contents, serve, street
from regime_platform_tests.tampering import tamper

DATE = dt.date(2026, 11, 22)


@pytest.fixture(scope="module")
def _once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("snapshots")
    opened(street(folder, SYMBOLS))
    return folder


@pytest.fixture
def walked(_once: Path, tmp_path: Path) -> Street:
    """The three after one walk, in a data root of the test's own."""
    shutil.copytree(_once, tmp_path, dirs_exist_ok=True)
    settings = street(tmp_path, SYMBOLS)
    return Street(settings, RunWorkspace.open(settings))


def _take(walked: Street, name: str = ""):
    return take_snapshot(walked.workspace, DATE, walked.now, name)


def test_a_snapshot_names_every_symbol_s_digests_ranges_and_recipe(walked: Street) -> None:
    taken = _take(walked)

    facts = json.loads(taken.path.read_text())["manifest"]
    assert taken.path.name == "manifest_2026-11-22.json"
    counts = {"symbols": 3, "complete": 3, "unfinished": 0, "no_results": 0}
    assert facts["totals"] == counts | {"bars": 3 * HELD}
    for symbol in SYMBOLS:
        folder = walked.workspace.root.symbol(symbol)
        bars, results = (
            json.loads(path.read_text()) for path in (folder.manifest, folder.compute_manifest)
        )
        entry = facts["symbols"][symbol]
        assert entry["manifest"]["digest"] == bars["digest"]
        assert entry["compute_manifest"]["seal"] == results["seal"]
        assert entry["recipe"] == results["manifest"]["recipe"]
        assert entry["tables"] == results["manifest"]["tables"]
        daily = entry["timeframes"]["1day"]
        assert (daily["count"], daily["asof"]) == (HELD, daily["max_ts"])


def test_a_date_taken_again_gets_a_revision_and_nothing_is_overwritten(walked: Street) -> None:
    first = _take(walked, "release")
    before = contents(walked.workspace.root.snapshots)

    second, third = _take(walked, "release"), _take(walked)

    after = contents(walked.workspace.root.snapshots)
    del before["index.jsonl"]  # type: ignore[attr-defined]
    assert before.items() <= after.items()
    assert [one.path.name for one in (second, third)] == [
        "manifest_2026-11-22.2.json",
        "manifest_2026-11-22.3.json",
    ]
    seals = [one.document["seal"] for one in (first, second, third)]
    assert [one.document["replaces"] for one in (first, second, third)] == [None, *seals[:2]]
    assert all(is_whole(one.document) for one in (first, second, third))
    root = walked.workspace.root
    for wanted, found in (("release", second), ("2026-11-22", third), ("2026-11-22.1", first)):
        assert find_snapshot(root, wanted).path == found.path


def test_the_same_numbers_have_the_same_digests_on_any_day(walked: Street) -> None:
    first, second = _take(walked), _take(walked.tomorrow().walked(), "again")

    for digest in ("content_digest", "recipe_digest"):
        assert first.facts[digest] == second.facts[digest]
    assert {change.kind for change in changes(first.facts, second.facts)} == {"same"}


@pytest.mark.parametrize("event", EVENTS)
def test_a_diff_names_whom_an_event_touched_and_why(walked: Street, event: str) -> None:
    happen, touched, cause = EVENTS[event]
    before = _take(walked)

    after = _take(happen(walked.tomorrow()))

    found = {
        change.symbol: change
        for change in changes(before.facts, after.facts)
        if change.kind != "same"
    }
    assert tuple(found) == touched
    for one in found.values():
        assert (one.kind, [told.what for told in one.causes]) == ("changed", [cause])
        numbers = [taken.facts["symbols"][one.symbol]["tables"] for taken in (before, after)]
        assert one.is_other_content == (numbers[0] != numbers[1])
        # other code, parameters or libraries that give the same numbers are told as such
        assert one.is_other_content or cause in {"parameters", "code", "libraries"}


def test_symbols_that_came_or_went_are_told(walked: Street) -> None:
    taken = _take(walked)
    without = copy.deepcopy(dict(taken.facts))
    del without["symbols"]["BBB"]

    went = {change.symbol: change.kind for change in changes(taken.facts, without)}
    came = {change.symbol: change.kind for change in changes(without, taken.facts)}

    assert went == {"AAA": "same", "BBB": "removed", "CCC": "same"}
    assert came["BBB"] == "added"


def test_other_numbers_from_the_same_recipe_are_called_unexplained(walked: Street) -> None:
    taken = _take(walked)
    other = copy.deepcopy(dict(taken.facts))
    other["symbols"]["AAA"]["content_digests"]["results"] = "0" * 64

    (changed,) = [change for change in changes(taken.facts, other) if change.kind != "same"]

    assert [cause.what for cause in changed.causes] == ["unexplained"]


def test_an_unfinished_run_is_told_and_no_proof_is_made_up(walked: Street) -> None:
    serve(walked.settings, "AAA", "1day", BARS["AAA"])
    later = walked.tomorrow().walked(Stage.RAW_BARS, Stage.VALIDATED_BARS, Stage.COMPUTE_DB)

    taken = _take(later)

    statuses = {symbol: one["status"] for symbol, one in taken.facts["symbols"].items()}
    assert statuses == {"AAA": "unfinished", "BBB": "complete", "CCC": "complete"}
    assert "a rerun finishes it" in taken.facts["symbols"]["AAA"]["reason"]
    assert _take(later.walked()).facts["totals"]["complete"] == 3


def test_manifests_of_another_symbol_or_changed_ones_prove_nothing(walked: Street) -> None:
    root = walked.workspace.root
    aaa, bbb, ccc = (root.symbol(symbol) for symbol in SYMBOLS)
    shutil.copytree(ccc.folder, bbb.folder, dirs_exist_ok=True, copy_function=shutil.copy2)
    aaa.manifest.write_text(aaa.manifest.read_text().replace('"count": 420', '"count": 421'))

    reasons = {symbol: one["reason"] for symbol, one in _take(walked).facts["symbols"].items()}

    assert "was changed after it was written" in reasons["AAA"]
    assert "is that of CCC" in reasons["BBB"]
    assert reasons["CCC"] == ""


def test_a_store_that_was_copied_is_as_complete_as_it_was(walked: Street) -> None:
    before = _take(walked)
    for symbol in SYMBOLS:
        walked.workspace.root.symbol(symbol).compute_db.touch()

    after = _take(walked)

    assert after.facts["symbols"] == before.facts["symbols"]


def test_a_snapshot_whose_taker_was_killed_before_listing_it_is_found(walked: Street) -> None:
    first, second = _take(walked), _take(walked)
    root = walked.workspace.root
    lines = root.snapshot_index.read_text().splitlines(keepends=True)
    root.snapshot_index.write_text(lines[0] + lines[1][:30])

    assert [snapshot["label"] for snapshot in snapshots(root)] == ["2026-11-22.1", "2026-11-22.2"]
    third = _take(walked)

    assert third.document["replaces"] == second.document["seal"]
    assert len(root.snapshot_index.read_text().splitlines()) == 3
    assert first.document["number"] == 1


def test_a_changed_snapshot_is_refused(walked: Street) -> None:
    taken = _take(walked)
    taken.path.write_text(taken.path.read_text().replace('"count": 420', '"count": 421', 1))

    with pytest.raises(ResultsError, match="was changed after it was written"):
        find_snapshot(walked.workspace.root, "2026-11-22")


def test_names_that_look_like_dates_or_paths_are_refused(walked: Street) -> None:
    for name in ("2026-11-22", "../x", "a b"):
        with pytest.raises(UsageError, match="cannot be used"):
            _take(walked, name)
    with pytest.raises(UsageError, match="there are: none"):
        find_snapshot(walked.workspace.root, "release")


def test_damage_is_not_sealed_as_complete(walked: Street) -> None:
    paths, chance = walked.workspace.root.symbol("BBB"), random.Random(6)
    for _ in range(8):
        done = tamper(paths, chance)

        entry = _take(walked).facts["symbols"]["BBB"]

        done.undo()
        if done.path != paths.chain:  # which no snapshot relies on
            assert entry["status"] == UNFINISHED, done
            assert "regime repair BBB" in entry["reason"], done
    assert _take(walked).facts["symbols"]["BBB"]["status"] == COMPLETE
