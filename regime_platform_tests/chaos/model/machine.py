"""Commands over one symbol in any order, killed and damaged on the way, against the model."""

import copy
import datetime as dt
import shutil
import tempfile
from collections import Counter
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import ClassVar

import polars as pl
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from polars.testing import assert_frame_equal

from regime_platform.audit.as_of import bars_as_of
from regime_platform.bar_store.actions_file import read_actions
from regime_platform.bar_store.canonical import read_in_force
from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.manifest_files import whole_compute_manifest
from regime_platform.bar_store.overrides import read_overrides
from regime_platform.errors import RegimeError
from regime_platform.model.actions import ActionKind
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.settings import Settings
from regime_platform_tests.builders import make_bars
from regime_platform_tests.chaos.command import Ended, clock_at, command, environment
from regime_platform_tests.chaos.model.kills import killed_at
from regime_platform_tests.chaos.model.known import Bar, Decision, Known, frame
from regime_platform_tests.conftest import NOW
from regime_platform_tests.scenario import street

SYMBOLS = ("ELM", "OAK")  # its names, of which it bears one
FIRST, MOST, SPLIT = 90, 120, 50
PLACES = st.integers(1, FIRST - 2)
_BARS = {ts: Bar(*values) for ts, *values in make_bars(MOST).iter_rows()}
DAYS = sorted(_BARS)
_REASON = ("--reason", "a test", "--by", "ann")
_ONCE = frozenset({0, 1, 2})  # given again after it took effect, a command may refuse


class PlatformMachine(RuleBasedStateMachine):
    """A data root, its source, and the model of both."""

    #: What was done, by the name of the rule.
    done: ClassVar[Counter[str]] = Counter()

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="model-"))
        self.now, self.kill, self.symbol = NOW, 0, SYMBOLS[0]
        self.known, self.moments = Known(), [NOW]
        self.promoted: dict[dt.datetime, Bar] = {}
        self.promoted_before = self.promoted
        self.is_computed, self.is_split = False, False
        self.backup: tuple[Known, dict[dt.datetime, Bar], str, bool] | None = None
        self.seen_after_kill: pl.DataFrame | None = None

    def teardown(self) -> None:
        shutil.rmtree(self.folder)

    @initialize(is_split=st.booleans())
    def begin(self, is_split: bool) -> None:
        self.served = {ts: _BARS[ts] for ts in DAYS[:FIRST]}
        self.is_split = is_split
        if is_split:
            self.served |= {ts: self.served[ts].scaled(2.0) for ts in DAYS[:SPLIT]}
        street(self.folder, SYMBOLS[:1])
        self.run("run")

    # What the source has

    @rule(count=st.integers(1, 3))
    def bring(self, count: int) -> None:
        """New bars."""
        last = DAYS.index(max(self.served))
        self.served |= {ts: _BARS[ts] for ts in DAYS[last + 1 : last + 1 + count]}

    @rule(places=st.sets(PLACES, min_size=1, max_size=3), shift=st.integers(0, 3))
    def revise(self, places: set[int], shift: int) -> None:
        """Other values, a faulty one among them now and then, and bars that were taken back."""
        for place in places:
            ts = DAYS[place]
            bar = _BARS[ts].scaled(2.0) if self.is_split and place < SPLIT else _BARS[ts]
            volume = bar.volume + ((place * 7 + shift * 3) % 11)
            self.served[ts] = bar._replace(volume=volume)

    @rule(place=PLACES)
    def spoil(self, place: int) -> None:
        """A bar that no market trades."""
        bar = _BARS[DAYS[place]]
        self.served[DAYS[place]] = bar._replace(high=bar.low, low=bar.high)

    @rule(places=st.sets(PLACES, min_size=1, max_size=3))
    def take_back(self, places: set[int]) -> None:
        """Bars that the source has no longer."""
        for place in places:
            self.served.pop(DAYS[place], None)

    # Commands

    @rule(point=st.integers(1, 60))
    def kill_next(self, point: int) -> None:
        """The next command is killed, and given again."""
        self.kill = point

    @rule(name=st.sampled_from(["run", "update", "backfill"]))
    def run(self, name: str) -> None:
        now = self._later()
        for symbol in SYMBOLS:
            target = self.folder / "files" / symbol / "1day.parquet"
            target.parent.mkdir(exist_ok=True)
            frame(self.served).write_parquet(target)
        self.known.fetched(now, self.served)
        self._promote(name)
        if name == "run":
            self.is_computed = not self._is_blocked

    @rule(name=st.sampled_from(["promote", "compute"]))
    def stage(self, name: str) -> None:
        self._later()
        if name == "promote":
            self._promote(name)
        else:
            self._do("compute", "--all", codes=_ONCE if self._is_blocked else frozenset({0}))

    @rule(name=st.sampled_from(["compact", "snapshot", "backup"]))
    def operate(self, name: str) -> None:
        self._later()
        where = (str(self.folder / "backup"),) if name == "backup" else ()
        self._do(name, *where, *(("--all",) if name == "compact" else ()))
        if name == "backup":
            self.backup = copy.deepcopy((self.known, self.promoted, self.symbol, self.is_computed))

    @precondition(lambda self: self.backup is not None)
    @rule()
    def restore(self) -> None:
        self._later()
        shutil.rmtree(self.folder / "data")
        self._do("restore", str(self.folder / "backup"), codes=_ONCE if self.kill else {0})
        assert self.backup is not None
        self.known, self.promoted, self.symbol, self.is_computed = copy.deepcopy(self.backup)
        self.promoted_before = self.promoted

    @rule()
    def rename(self) -> None:
        self._later()
        former = self.symbol
        self.symbol = next(name for name in SYMBOLS if name != former)
        self._do("universe", "rename", former, self.symbol, codes=_ONCE if self.kill else {0})

    @rule(kind=st.sampled_from(["exclude", "withdraw"]), first=PLACES, length=st.integers(0, 2))
    def override(self, kind: str, first: int, length: int) -> None:
        now = self._later()
        span = DAYS[first], DAYS[min(first + length, FIRST - 2)]
        is_there = any(span[0] <= ts <= span[1] for ts in self.known.in_force(now))
        codes = (_ONCE if self.kill else {0}) if is_there else {0, 1, 2}
        days = [f"{ts:%Y-%m-%d}" for ts in span]
        self._do("bars", kind, self.symbol, "1day", *days, *_REASON, codes=codes)
        numbers = {each.number for each in self.known.decisions if each.kind != "split"}
        for entry in read_overrides(self._paths):
            if entry.id not in numbers and entry.kind.value == kind:
                self.known.decisions.append(Decision(now, kind, entry.id, *span))

    @precondition(lambda self: self.is_split)
    @rule()
    def add_split(self) -> None:
        now = self._later()
        day, split = f"{DAYS[SPLIT]:%Y-%m-%d}", frozenset({"split"})
        has_one = bool(self.known.in_effect(split, now))
        codes = _ONCE if has_one or self.kill or self.known.valid(now) is None else {0}
        self._do("actions", "add", self.symbol, "split", day, "2:1", *_REASON, codes=codes)
        known = {each.number for each in self.known.decisions if each.kind == "split"}
        for action in read_actions(self._paths):
            if action.id not in known and action.kind is ActionKind.SPLIT:
                where = DAYS[SPLIT]
                self.known.decisions.append(Decision(now, "split", action.id, where, where))

    @rule(place=st.integers(0, 9))
    def undo(self, place: int) -> None:
        decisions = [each for each in self.known.decisions if each.undone_at is None]
        if decisions:
            now, decision = self._later(), decisions[place % len(decisions)]
            group = "actions" if decision.kind == "split" else "bars"
            words = (group, "undo", self.symbol, str(decision.number), *_REASON)
            self._do(*words, codes=_ONCE if self.kill else {0})
            self.known.undone(now, decision)

    # Damage

    @rule(place=st.integers(0, 10_000), kind=st.sampled_from(["flip", "cut", "remove"]))
    def damage(self, place: int, kind: str) -> None:
        """A file that is damaged and repaired; the log comes back from a copy, as of a backup."""
        self._later()
        self.kill = 0
        folder = self._paths.folder
        files = [path for path in sorted(folder.rglob("*")) if self._is_data(path)]
        path = files[place % len(files)]
        data = path.read_bytes()
        if kind == "remove":
            path.unlink()
        elif kind == "cut":
            path.write_bytes(data[: len(data) // 2])
        else:
            at = place % len(data)
            path.write_bytes(data[:at] + bytes([data[at] ^ 0x10]) + data[at + 1 :])
        self._look()
        type(self).done[f"damage: {kind}"] += 1
        self._command("verify", "--all")
        if "raw" in path.relative_to(folder).parts:
            path.write_bytes(data)
        ended = self._command("repair", "--all", "--yes")
        assert ended.code in {0, 1, 3}, ended.shown
        self._look()
        valid = self.known.valid(self.now)  # a repair may promote what waited for a run
        if valid is not None and self._shown().equals(frame(valid)):
            self.promoted = valid

    # What has to be so

    @rule(place=st.integers(0, 200))
    def look_back(self, place: int) -> None:
        """What was known at a moment of the past."""
        self._require_equal(self.moments[place % len(self.moments)])

    @rule()
    def verify(self) -> None:
        """Everything is proven, computed again."""
        self._later()
        codes = {0, 1, 3} if self._is_blocked else {0}
        self._do("verify", "--all", "--recompute", codes=codes)

    @rule()
    def compare_with_fresh(self) -> None:
        """Bars and results are those of a data root that only ever had these bars."""
        self.run("run")
        if self._is_blocked:
            return
        with tempfile.TemporaryDirectory() as name:
            fresh = Path(name)
            street(fresh, [self.symbol])
            (fresh / "files" / self.symbol).mkdir()
            frame(self.promoted).write_parquet(fresh / "files" / self.symbol / "1day.parquet")
            assert self._command("run", "--all", folder=fresh).code == 0
            assert self._results(fresh) == self._results(self.folder)

    @invariant()
    def agrees(self) -> None:
        type(self).done["steps"] += 1
        if not self.known.stored:
            return
        shown, expected = self._shown(), frame(self.promoted)
        if self.seen_after_kill is not None:
            seen, self.seen_after_kill = self.seen_after_kill, None
            assert seen.equals(expected) or seen.equals(frame(self.promoted_before))
        assert_frame_equal(shown, expected, check_exact=True)
        self._require_equal(self.now)

    @property
    def _is_blocked(self) -> bool:
        return self.known.valid(self.now) is None

    @property
    def _paths(self) -> SymbolPaths:
        return SymbolPaths(self.folder / "data" / "assets" / self.symbol)

    def _later(self) -> dt.datetime:
        self.now += dt.timedelta(minutes=7)
        self.moments.append(self.now)
        return self.now

    def _promote(self, name: str) -> None:
        valid = self.known.valid(self.now)
        self.promoted_before = self.promoted
        codes = {0} if valid is not None else {1, 3}
        if valid is not None:
            self.promoted = valid
        self._do(name, "--all", codes=codes)

    def _do(self, *words: str, codes: AbstractSet[int] = frozenset({0})) -> None:
        """A command; where it is killed, it is given again."""
        point, self.kill = self.kill, 0
        with killed_at(point) as was_killed:
            ended = self._command(*words)
        if was_killed:
            type(self).done["kills"] += 1
            if words[0] not in {"restore", "universe"}:
                self.seen_after_kill = self._shown()
            ended = self._command(*words)
        type(self).done[words[0]] += 1
        assert ended.code in codes, f"{words}: {ended.code} {ended.shown}"
        assert "Traceback" not in ended.shown, ended.shown

    def _command(self, *words: str, folder: Path | None = None) -> Ended:
        at = folder or self.folder
        roots = {"REGIME_DATA_ROOT": at / "data", "REGIME_FILES_ROOT": at / "files"}
        with environment(**roots), clock_at(self.now):
            return command(*words)

    def _workspace(self, folder: Path) -> RunWorkspace:
        settings = Settings(
            _env_file=None, REGIME_DATA_ROOT=folder / "data", REGIME_FILES_ROOT=folder / "files"
        )
        return RunWorkspace.open(settings, clock=self.now.timestamp)

    def _shown(self) -> pl.DataFrame:
        stored = read_in_force(self._paths, "1day")
        return frame({}) if stored is None else stored[1]

    def _look(self) -> None:
        """A reader of what may be damaged: the truth or an error."""
        try:
            shown = self._shown()
        except RegimeError:
            return
        valid = self.known.valid(self.now) or {}
        assert shown.is_empty() or shown.equals(frame(self.promoted)) or shown.equals(frame(valid))

    def _require_equal(self, moment: dt.datetime) -> None:
        workspace = self._workspace(self.folder)
        instrument = workspace.universe.instrument(self.symbol)
        answer = bars_as_of(workspace, instrument, "1day", moment)
        assert_frame_equal(answer.bars, frame(self.known.canonical(moment)), check_exact=True)

    def _results(self, folder: Path) -> object:
        paths = SymbolPaths(folder / "data" / "assets" / self.symbol)
        document = whole_compute_manifest(paths)
        assert document is not None
        return document.manifest.tables

    def _is_data(self, path: Path) -> bool:
        return path.is_file() and path.name != ".lock" and "set_aside" not in path.parts
