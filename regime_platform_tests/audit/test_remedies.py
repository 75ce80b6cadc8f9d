"""Following the remedy that `verify` shows ends with everything proven."""

import datetime as dt
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from regime_platform.audit.repair import repair
from regime_platform.audit.repair_plan import plan_repair
from regime_platform.audit.verify.verify import verify
from regime_platform.operations.overrides import Span, Statement, exclude
from regime_platform.pipeline.gate.promote import promote
from regime_platform.pipeline.outcomes import Stage
from regime_platform.pipeline.run import run_symbol
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.settings import Settings
from regime_platform_tests.builders import make_bars
from regime_platform_tests.conftest import NOW
from regime_platform_tests.legacy.stores import write_legacy_results
from regime_platform_tests.scenario import serve, street, with_value

DECIDE = "do what the message of the gate says, then "
LATER, LAST = NOW + dt.timedelta(days=1), NOW + dt.timedelta(days=5)
BAD = 428  # the row of the bar that the gate rejects


@pytest.fixture(scope="session")
def _processed_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("once")
    _run_symbols(street(folder, ["AAA"]), 425, NOW)
    return folder


@pytest.fixture
def once(_processed_once: Path, tmp_path: Path) -> Settings:
    """A symbol of which everything is proven."""
    shutil.copytree(_processed_once, tmp_path, dirs_exist_ok=True)
    return street(tmp_path, ["AAA"])


def _run_symbols(
    settings: Settings,
    bars: int,
    now: dt.datetime = LATER,
    last: Stage = Stage.MANIFESTS,
    *,
    is_bad: bool = False,
) -> None:
    """A run that is killed after a stage, over bars of which one may be rejected."""
    served = make_bars(bars)
    serve(settings, "AAA", "1day", with_value(served, BAD, low=1e6) if is_bad else served)
    workspace = RunWorkspace.open(settings)
    stages = list(Stage)[: list(Stage).index(last) + 1]
    run_symbol(workspace, workspace.universe.instrument("AAA"), now, stages=stages)


def _blocked_at_first(settings: Settings) -> None:
    shutil.rmtree(settings.data_root / "assets")
    _run_symbols(settings, 430, is_bad=True)


def _killed_at_first(last: Stage) -> Callable[[Settings], None]:
    def left(settings: Settings) -> None:
        shutil.rmtree(settings.data_root / "assets")
        _run_symbols(settings, 430, last=last)

    return left


def _killed_then_blocked(last: Stage) -> Callable[[Settings], None]:
    def left(settings: Settings) -> None:
        _run_symbols(settings, 427, last=last)
        _run_symbols(settings, 430, LAST, is_bad=True)

    return left


def _blocked(settings: Settings) -> None:
    _run_symbols(settings, 430, is_bad=True)


def _corrected_and_killed(settings: Settings) -> None:
    _blocked(settings)
    _run_symbols(settings, 430, LAST, Stage.RAW_BARS)


def _blocked_and_damaged(settings: Settings) -> None:
    _blocked(settings)
    RunWorkspace.open(settings).root.symbol("AAA").compute_db.write_bytes(b"nonsense")


def _of_version_1(settings: Settings) -> None:
    path = RunWorkspace.open(settings).root.symbol("AAA").compute_db
    path.unlink()
    write_legacy_results(path)


def _follow(settings: Settings, remedy: str) -> None:
    workspace = RunWorkspace.open(settings)
    instrument = workspace.universe.instrument("AAA")
    if remedy.startswith(DECIDE):
        statement = Statement("a low above the high", "ann", LAST)
        exclude(workspace.root, instrument, Span("1day", make_bars(430)["ts"][BAD]), statement)
    does: dict[str, Callable[[], object]] = {
        "run": lambda: run_symbol(workspace, instrument, LAST),
        "compute": lambda: run_symbol(
            workspace, instrument, LAST, stages=(Stage.COMPUTE_DB, Stage.MANIFESTS)
        ),
        "promote": lambda: promote(workspace, instrument),
        "repair": lambda: repair(workspace, instrument, plan_repair(workspace, instrument), LAST),
    }
    for command in re.findall(r"regime (\w+) AAA", remedy):
        does[command]()


@pytest.mark.parametrize(
    ("leave", "word", "remedy"),
    [
        (_killed_at_first(Stage.RAW_BARS), "unfinished", "regime run AAA"),
        (_killed_at_first(Stage.VALIDATED_BARS), "results pending", "regime compute AAA"),
        (_killed_at_first(Stage.COMPUTE_DB), "unfinished", "regime run AAA"),
        (_blocked_at_first, "unfinished", f"{DECIDE}regime run AAA"),
        (_killed_then_blocked(Stage.VALIDATED_BARS), "results pending", f"{DECIDE}regime run AAA"),
        (_killed_then_blocked(Stage.COMPUTE_DB), "unfinished", f"{DECIDE}regime run AAA"),
        (_blocked, "proven", f"{DECIDE}regime run AAA"),
        (_corrected_and_killed, "unfinished", "regime run AAA"),
        (
            _blocked_and_damaged,
            "unreadable",
            f"{DECIDE}regime promote AAA and regime repair AAA",
        ),
        (_of_version_1, "unfinished", "regime run AAA"),
    ],
)
def test_the_remedy_named_helps(
    once: Settings, leave: Callable[[Settings], None], word: str, remedy: str
) -> None:
    leave(once)
    workspace = RunWorkspace.open(once)
    instrument = workspace.universe.instrument("AAA")

    before = verify(workspace, instrument)
    assert (before.result, before.remedy) == (word, remedy)

    _follow(once, remedy)
    after = verify(workspace, instrument)
    assert (after.result, after.reason) == ("proven", "")
