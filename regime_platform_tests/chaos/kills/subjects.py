"""What is disturbed: commands and jobs, and the data root in which each begins."""

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from pathlib import Path

from regime_platform_tests.builders import make_bars
from regime_platform_tests.chaos.kills.faulty_child import JOB
from regime_platform_tests.chaos.kills.observed import command
from regime_platform_tests.conftest import NOW
from regime_platform_tests.legacy.stores import write_legacy_days
from regime_platform_tests.scenario import serve, street, with_value
from regime_platform_tests.traded import as_traded

SYMBOLS = ("ELM", "OAK")
BARS, BAD = 400, 380
_NOW = ("--now", NOW.isoformat())
RUN = ("run", "--all", *_NOW)
_REASON = ("--reason", "a test", "--by", "ann")
_DAY = make_bars(BARS)["ts"][BAD].date()


@dataclass(frozen=True)
class Subject:
    """A command, the data root in which it begins, and how its repetition may end.

    Some words in it stand for folders beside the data root: ``_BESIDE``.
    """

    name: str
    base: str
    words: tuple[str, ...]
    codes: frozenset[int] = frozenset({0})


_BESIDE = {"BACKUP", "LEGACY", "OUTPUT"}
#: Repeated after they took effect, these refuse: there is nothing left to do.
_ONCE = frozenset({0, 1, 2})

SUBJECTS = (
    Subject("the first run", "empty", RUN),
    Subject("backfill", "empty", ("backfill", "--all", *_NOW)),
    Subject("update", "due", ("update", "--all", *_NOW)),
    Subject("update --raw-only", "due", ("update", "--all", "--raw-only", *_NOW)),
    Subject("promote", "fetched", ("promote", "--all")),
    Subject("compute", "promoted", ("compute", "--all", *_NOW)),
    Subject("compute --force", "processed", ("compute", "--all", "--force", *_NOW)),
    Subject("run", "due", RUN),
    Subject("run with charts", "due", (*RUN, "--charts")),
    Subject("run after a revision", "revised", RUN),
    Subject("run over results without a board", "boardless", RUN),
    Subject("compact", "processed again", ("compact", "--all")),
    Subject("repair", "damaged", ("repair", "--all", "--yes", *_NOW)),
    Subject("snapshot", "processed", ("snapshot", *_NOW), frozenset({0, 2})),
    Subject("the first backup", "processed", ("backup", "BACKUP", *_NOW)),
    Subject("backup", "backed up", ("backup", "BACKUP", *_NOW)),
    Subject("restore", "lost", ("restore", "BACKUP"), _ONCE),
    Subject(
        "bars exclude", "processed", ("bars", "exclude", "OAK", "1day", str(_DAY), *_REASON), _ONCE
    ),
    Subject("bars undo", "excluded", ("bars", "undo", "OAK", "1", *_REASON), _ONCE),
    Subject(
        "actions add",
        "split",
        ("actions", "add", "OAK", "split", str(_DAY), "2:1", *_REASON, *_NOW),
        _ONCE,
    ),
    Subject("universe rename", "processed", ("universe", "rename", "OAK", "ASH", *_NOW), _ONCE),
    Subject("universe delist", "processed", ("universe", "delist", "OAK", *_NOW), _ONCE),
    Subject("universe timeframes", "processed", ("universe", "timeframes", "OAK", "1day", "1week")),
    Subject("universe remove", "processed", ("universe", "remove", "OAK"), _ONCE),
    Subject(
        "universe repoint",
        "other",
        ("universe", "repoint", "OAK", "--archive", "--yes", *_REASON, *_NOW),
        _ONCE,
    ),
    Subject(
        "migrate bars-v1", "legacy", ("migrate", "bars-v1", "--all", "--from", "LEGACY", *_NOW)
    ),
    Subject("report", "processed", ("report", "--pages", *_NOW)),
    Subject("sql", "processed", ("sql", "SELECT count(*) FROM bars")),
    Subject(
        "export",
        "processed",
        ("export", "--all", "--output", "OUTPUT", "--format", "csv", "--replace", *_NOW),
    ),
    Subject("a run of Dagster", "due", (JOB, "update_daily", *SYMBOLS)),
    Subject("a recompute of Dagster", "promoted", (JOB, "recompute", *SYMBOLS)),
    Subject("the outbox", "processed again", (JOB, "reconcile")),
)


def places(words: Sequence[str], folder: Path) -> tuple[str, ...]:
    """The words of a command for the data root below ``folder``."""
    return tuple(str(folder / word.lower()) if word in _BESIDE else word for word in words)


class Bases:
    """The data roots of the subjects, each made when it is first needed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def copy(self, name: str, target: Path) -> None:
        """Puts a base at ``target``, in place of what is there."""
        source = self._folder / name
        if not source.exists():
            self._make(name)
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(source, target, dirs_exist_ok=True)  # a mounted folder stays

    def _make(self, name: str) -> None:
        before, make = _STEPS[name]
        at = self._folder / "in progress" / name
        shutil.rmtree(at, ignore_errors=True)
        if before:
            self.copy(before, at)
        else:
            at.mkdir(parents=True)
        make(at)
        at.rename(self._folder / name)


def _serve(folder: Path, bars: int = BARS, volume: float = 0.0) -> None:
    settings = street(folder, SYMBOLS)
    for seed, symbol in enumerate(SYMBOLS):
        rows = make_bars(bars, seed=seed)
        serve(settings, symbol, "1day", with_value(rows, BAD, volume=volume) if volume else rows)
    shutil.copytree(folder / "files/OAK", folder / "files/ASH", dirs_exist_ok=True)  # its new name


def _serve_split(folder: Path) -> None:
    _serve(folder)
    traded = as_traded(make_bars(BARS, seed=1), {_DAY: Fraction(2)})
    serve(street(folder, SYMBOLS), "OAK", "1day", traded)


def _ran(*words: str) -> Callable[[Path], None]:
    def run(folder: Path) -> None:
        code, output = command(folder, *places(words, folder))
        assert code == 0, output

    return run


def _damage(folder: Path) -> None:
    for symbol, name in (("ELM", "compute.db"), ("OAK", "verdict.json")):
        path = folder / "data/assets" / symbol / name
        path.write_bytes(path.read_bytes()[:-100])


def _remove(name: str) -> Callable[[Path], None]:
    def remove(folder: Path) -> None:
        path = folder / name
        path.unlink() if path.is_file() else shutil.rmtree(path)

    return remove


def _edit_instrument(folder: Path) -> None:
    path = folder / "data/universe.yaml"
    before, _, entry = path.read_text().partition("  name: Test symbol OAK")
    path.write_text(f"{before}  name: Test symbol OAK\n  provider_symbol: OAKLEY{entry}")


def _write_legacy(folder: Path) -> None:
    for seed, symbol in enumerate(SYMBOLS):
        target = folder / "legacy/assets" / symbol / "bars/1day"
        write_legacy_days(target, "1day", make_bars(60, seed=seed))


def _run_with_more(folder: Path) -> None:
    _serve(folder, BARS + 5)
    _ran(*RUN)(folder)


#: Name of a base -> the base before it, and what is done to that.
_STEPS: Mapping[str, tuple[str, Callable[[Path], None]]] = {
    "empty": ("", _serve),
    "processed": ("empty", _ran(*RUN)),
    "due": ("processed", partial(_serve, bars=BARS + 5)),
    "fetched": ("due", _ran("update", "--all", "--raw-only", *_NOW)),
    "promoted": ("due", _ran("update", "--all", *_NOW)),
    "processed again": ("due", _ran(*RUN)),
    "revised": ("processed again", partial(_serve, bars=BARS + 5, volume=100.0)),
    "boardless": ("processed", _remove("data/board.parquet")),
    "damaged": ("processed", _damage),
    "backup made": ("processed", _ran("backup", "BACKUP", *_NOW)),
    "backed up": ("backup made", _run_with_more),
    "lost": ("backup made", _remove("data")),
    "excluded": ("processed", _ran("bars", "exclude", "OAK", "1day", str(_DAY), *_REASON)),
    "split served": ("", _serve_split),
    "split": ("split served", _ran(*RUN)),
    "other": ("processed", _edit_instrument),
    "legacy": ("empty", _write_legacy),
}
