"""What was said at a moment of the past is said again, and how far that is proven is told."""

import datetime as dt
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl
import pytest

from regime_platform.audit.provenance import ProvenanceStatus
from regime_platform.audit.results_as_of import ResultsAsOf, results_as_of
from regime_platform.compute.eras.eras import ERA_CLASSES, FIXED_ERAS, EraSet
from regime_platform.compute.eras.files import EraSetFile
from regime_platform.compute.results import latest_state
from regime_platform.compute_db.reader import read_table
from regime_platform.errors import ResultsError
from regime_platform.operations.era_sets import adopt, detect_eras, store_era_set
from regime_platform.operations.renames import rename
from regime_platform.pipeline.run import run_symbol
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform_tests.builders import LONG_AFTER, make_bars, make_broken_bars
from regime_platform_tests.error_codes import raises
from regime_platform_tests.scenario import fingerprint, serve, street, with_value

DAY = dt.timedelta(days=1)
BARS = make_bars(430)


@dataclass(frozen=True)
class Lived:
    """A symbol's days: what it held of latest states at the end of each."""

    workspace: RunWorkspace
    folder: Path
    recorded: tuple[pl.DataFrame, ...]

    def then(self, day: float, workspace: RunWorkspace | None = None) -> ResultsAsOf:
        opened = workspace or self.workspace
        instrument = opened.universe.instrument("AAA")
        return results_as_of(opened, instrument, LONG_AFTER + day * DAY)


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Lived:
    """Day 0: 420 bars; 1: five more and a revision; 2: bars that block; 3: the block is lifted."""
    folder = tmp_path_factory.mktemp("lived")
    settings = street(folder, ["AAA"])
    workspace = RunWorkspace.open(settings)
    instrument = workspace.universe.instrument("AAA")
    pages = [
        BARS[:420],
        with_value(BARS[:425], 410, close=BARS["close"][410] * 1.0001),
        with_value(BARS[:428], 426, low=1e6),
        BARS,
    ]
    recorded = []
    for day, page in enumerate(pages):
        serve(settings, "AAA", "1day", page)
        run_symbol(workspace, instrument, LONG_AFTER + day * DAY)
        recorded.append(read_table(workspace.root.symbol("AAA").compute_db, "latest_state"))
    return Lived(workspace, folder, tuple(recorded))


@pytest.mark.parametrize("day", [0, 1, 2, 3])
def test_every_day_s_states_are_said_again_and_proven_by_the_manifest_of_that_day(
    lived: Lived, day: int
) -> None:
    then = lived.then(day + 0.5)

    assert latest_state(then.results).equals(lived.recorded[day])
    assert then.provenance.status is ProvenanceStatus.PROVEN
    assert then.record is not None
    assert then.record.number == [1, 2, 2, 3][day]
    assert bool(then.known.blocked_because) == (day == 2)


def test_before_the_first_fetch_nothing_is_said_and_the_remedy_is_named(lived: Lived) -> None:
    remedy = "nothing of AAA was known by .* first bars were fetched .*`regime explain AAA"
    with raises(ResultsError, "nothing-known-then", match=remedy):
        lived.then(-1)


def test_asking_writes_nothing(lived: Lived) -> None:
    before = fingerprint(lived.folder)

    lived.then(1.5)

    assert fingerprint(lived.folder) == before


def test_other_code_than_that_of_then_is_named_and_not_passed_off(lived: Lived) -> None:
    code = lived.workspace.code.model_copy(update={"compute_digest": "0" * 64})

    other = replace(lived.workspace, code=code)
    then, while_blocked = lived.then(1.5, other), lived.then(2.5, other)

    assert latest_state(while_blocked.results).equals(lived.recorded[2])
    assert then.provenance.status is ProvenanceStatus.OTHER_TERMS
    assert lived.workspace.code.compute_digest[:12] in then.provenance.reason
    assert "compute manifest 2" in then.provenance.reason


def test_other_parameters_than_those_of_then_are_named(lived: Lived) -> None:
    params = replace(lived.workspace.params, short_list=0)

    then = lived.then(0.5, replace(lived.workspace, params=params))

    assert then.provenance.status is ProvenanceStatus.OTHER_TERMS
    assert "the parameters were others" in then.provenance.reason


def test_a_renamed_symbol_is_shown_under_its_name_of_then(lived: Lived, tmp_path: Path) -> None:
    shutil.copytree(lived.folder, tmp_path, dirs_exist_ok=True)
    settings = street(tmp_path, ["AAA"])
    rename(settings, "AAA", {"symbol": "NEW", "name": "New"}, LONG_AFTER + 4 * DAY)
    workspace = RunWorkspace.open(settings)
    instrument = workspace.universe.instrument("NEW")

    answers = [results_as_of(workspace, instrument, LONG_AFTER + day * DAY) for day in (3.5, 4.5)]

    assert [answer.symbol for answer in answers] == ["AAA", "NEW"]
    assert [answer.provenance.status for answer in answers] == [ProvenanceStatus.PROVEN] * 2


def test_eras_that_only_got_another_name_are_the_same(lived: Lived, tmp_path: Path) -> None:
    shutil.copytree(lived.folder, tmp_path, dirs_exist_ok=True)
    workspace = RunWorkspace.open(street(tmp_path, ["AAA"]))
    same = EraSet("same", dt.date(2026, 1, 1), dict.fromkeys(ERA_CLASSES, FIXED_ERAS))
    store_era_set(workspace.root, EraSetFile(same, {name: {} for name in ERA_CLASSES}))
    adopt(workspace.root, "same", since=LONG_AFTER + 4 * DAY, by="b", reason="r")

    then = lived.then(4.5, RunWorkspace.open(street(tmp_path, ["AAA"])))

    assert then.provenance.status is ProvenanceStatus.PROVEN


def test_the_eras_are_those_in_force_then_whatever_was_adopted_since(tmp_path: Path) -> None:
    settings = street(tmp_path, ["SPY"])
    serve(settings, "SPY", "1day", make_broken_bars(1400, 700))
    workspace = RunWorkspace.open(settings)
    instrument = workspace.universe.instrument("SPY")
    run_symbol(workspace, instrument, LONG_AFTER)
    answer_then = detect_eras(workspace)
    adopt(workspace.root, answer_then.version, since=LONG_AFTER + DAY, by="b", reason="r")
    later = RunWorkspace.open(settings)
    run_symbol(later, instrument, LONG_AFTER + 2 * DAY)

    answers = [results_as_of(later, instrument, LONG_AFTER + day * DAY) for day in (0.5, 1.5, 2.5)]

    assert [answer.eras.version for answer in answers] == [
        "fixed-1",
        answer_then.version,
        answer_then.version,
    ]
    assert [answer.provenance.status for answer in answers] == [
        ProvenanceStatus.PROVEN,
        ProvenanceStatus.OTHER_TERMS,  # adopted, and not yet recomputed
        ProvenanceStatus.PROVEN,
    ]
