"""Whoever follows the remedy that `verify` tells ends with everything proven."""

import datetime as dt
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from regime_platform.pipeline.decisions import Statement, exclude
from regime_platform.pipeline.outcomes import Stage
from regime_platform.pipeline.platform import open_platform
from regime_platform.pipeline.promote import promote
from regime_platform.pipeline.repair import plan_repair, repaired
from regime_platform.pipeline.verify import verify
from regime_platform.pipeline.walk import walk_symbol
from regime_platform.settings import Settings
from regime_platform_tests.builders import make_bars
from regime_platform_tests.conftest import NOW
from regime_platform_tests.pipeline.test_compare_compute import old_results
from regime_platform_tests.street import serve, street, with_value

DECIDE = "decide about the bars that the gate holds back, then "
LATER, LAST = NOW + dt.timedelta(days=1), NOW + dt.timedelta(days=5)
BAD = 428  # the row of the bar that the gate rejects


@pytest.fixture(scope="session")
def _walked_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("once")
    _walk(street(folder, ["AAA"]), 425, NOW)
    return folder


@pytest.fixture
def once(_walked_once: Path, tmp_path: Path) -> Settings:
    """A symbol of which everything is proven."""
    shutil.copytree(_walked_once, tmp_path, dirs_exist_ok=True)
    return street(tmp_path, ["AAA"])


def _walk(
    settings: Settings,
    bars: int,
    now: dt.datetime = LATER,
    last: Stage = Stage.MANIFESTS,
    *,
    is_bad: bool = False,
) -> None:
    """A walk that is killed after a stage, over bars of which one may be rejected."""
    served = make_bars(bars)
    serve(settings, "AAA", "1day", with_value(served, BAD, low=1e6) if is_bad else served)
    platform = open_platform(settings)
    stages = list(Stage)[: list(Stage).index(last) + 1]
    walk_symbol(platform, platform.universe.instrument("AAA"), now, stages=stages)


def _held_back_at_first(settings: Settings) -> None:
    shutil.rmtree(settings.data_root / "assets")
    _walk(settings, 430, is_bad=True)


def _killed_at_first(last: Stage) -> Callable[[Settings], None]:
    def left(settings: Settings) -> None:
        shutil.rmtree(settings.data_root / "assets")
        _walk(settings, 430, last=last)

    return left


def _killed_then_held_back(last: Stage) -> Callable[[Settings], None]:
    def left(settings: Settings) -> None:
        _walk(settings, 427, last=last)
        _walk(settings, 430, LAST, is_bad=True)

    return left


def _held_back(settings: Settings) -> None:
    _walk(settings, 430, is_bad=True)


def _corrected_and_killed(settings: Settings) -> None:
    _held_back(settings)
    _walk(settings, 430, LAST, Stage.RAW_BARS)


def _held_back_and_damaged(settings: Settings) -> None:
    _held_back(settings)
    open_platform(settings).root.symbol("AAA").compute_db.write_bytes(b"nonsense")


def _of_version_1(settings: Settings) -> None:
    path = open_platform(settings).root.symbol("AAA").compute_db
    path.unlink()
    old_results(path)


def _follow(settings: Settings, remedy: str) -> None:
    platform = open_platform(settings)
    instrument = platform.universe.instrument("AAA")
    if remedy.startswith(DECIDE):
        said = Statement("a low above the high", "ann", LAST)
        exclude(platform.root, instrument, "1day", make_bars(430)["ts"][BAD], said)
    does: dict[str, Callable[[], object]] = {
        "run": lambda: walk_symbol(platform, instrument, LAST),
        "promote": lambda: promote(platform, instrument),
        "repair": lambda: repaired(platform, instrument, plan_repair(platform, instrument), LAST),
    }
    for command in re.findall(r"regime (\w+) AAA", remedy):
        does[command]()


@pytest.mark.parametrize(
    ("leave", "word", "remedy"),
    [
        (_killed_at_first(Stage.RAW_BARS), "unfinished", "regime run AAA"),
        (_killed_at_first(Stage.VALIDATED_BARS), "unfinished", "regime run AAA"),
        (_killed_at_first(Stage.COMPUTE_DB), "unfinished", "regime run AAA"),
        (_held_back_at_first, "unfinished", f"{DECIDE}regime run AAA"),
        (_killed_then_held_back(Stage.VALIDATED_BARS), "unfinished", f"{DECIDE}regime run AAA"),
        (_killed_then_held_back(Stage.COMPUTE_DB), "unfinished", f"{DECIDE}regime run AAA"),
        (_held_back, "proven", f"{DECIDE}regime run AAA"),
        (_corrected_and_killed, "unfinished", "regime run AAA"),
        (
            _held_back_and_damaged,
            "unreadable",
            f"{DECIDE}regime promote AAA and regime repair AAA",
        ),
        (_of_version_1, "unfinished", "regime run AAA"),
    ],
)
def test_what_is_told_is_what_helps(
    once: Settings, leave: Callable[[Settings], None], word: str, remedy: str
) -> None:
    leave(once)
    platform = open_platform(once)
    instrument = platform.universe.instrument("AAA")

    before = verify(platform, instrument)
    assert (before.word, before.remedy) == (word, remedy)

    _follow(once, remedy)
    after = verify(platform, instrument)
    assert (after.word, after.reason) == ("proven", "")
