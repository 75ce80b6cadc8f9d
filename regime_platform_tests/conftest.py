"""What every test may stand on: a clean environment, a fixed now, and a data root of its own."""

import datetime as dt
import gc
import itertools
import re
import ssl
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import certifi
import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory

from regime_platform.pipeline.board import refresh_board
from regime_platform.pipeline.run import run_symbols
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.settings import Settings
from regime_platform_tests.scenario import fingerprint

_FROM_CONFIG = ScriptDirectory.from_config
_SCRIPTS: dict[str, ScriptDirectory] = {}
_CONTEXT_OF = ssl.create_default_context
_CONTEXTS: dict[str, ssl.SSLContext] = {}
_NUMBERS = itertools.count()
NOW = dt.datetime(2026, 11, 20, 22, 30, tzinfo=dt.UTC)
_TESTS = Path(__file__).parent
#: What these test in detail, the tests of commands, audit and graph run as well: measuring the
#: coverage of both costs a tenth of their time and finds one line in a hundred more.
_UNMEASURED = {
    *("bar_store", "bench", "compute", "compute_db", "manifests", "pipeline", "query"),
    *("revisions", "validation"),
}


def pytest_configure() -> None:
    """Imports make no garbage."""
    gc.disable()


def pytest_collection_finish() -> None:
    """The collector leaves alone what was imported, and looks less often: a twelfth of the time."""
    gc.freeze()
    gc.set_threshold(10_000, 10, 10)
    gc.enable()


def pytest_sessionfinish() -> None:
    """At the end of the process, modules are collected as ever."""
    gc.unfreeze()


@pytest.hookimpl(trylast=True)  # after the order was drawn by lot
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leaves slow tests out of the coverage, which would make them a quarter slower.

    They come first, so that no core waits for the last of them.
    """
    for item in items:
        folder = item.path.relative_to(_TESTS).parts[0]
        if item.get_closest_marker("slow") or folder in _UNMEASURED:
            item.add_marker(pytest.mark.no_cover)
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


@pytest.fixture(autouse=True, scope="session")
def _no_processes_in_fast_tests(pytestconfig: pytest.Config) -> None:
    if pytestconfig.option.markexpr.startswith("not slow"):
        sys.addaudithook(_refuse_processes)


def _refuse_processes(event: str, facts: tuple[object, ...]) -> None:
    """But for git, which is asked for the commit of the running code."""
    if event in {"os.fork", "os.posix_spawn", "subprocess.Popen"} and facts[0] != "git":
        raise RuntimeError(f"this test starts a process, mark it as slow: {facts}")


@pytest.fixture
def tmp_path(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As pytest's, which looks through the folders of all earlier tests for a free number."""
    name = re.sub(r"\W", "_", request.node.name)[:30]
    folder = tmp_path_factory.getbasetemp() / f"{name}{next(_NUMBERS)}"
    folder.mkdir()
    return folder


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No setting of the user who runs the tests reaches them."""
    for name in (
        "DAGSTER_HOME",
        "REGIME_ALLOWED_HOSTS",
        "REGIME_CCXT_URL",
        "REGIME_CREDITS_PER_DAY",
        "REGIME_CREDITS_PER_MINUTE",
        "REGIME_DATA_ROOT",
        "REGIME_FILES_ROOT",
        "REGIME_HEARTBEAT_URL",
        "REGIME_KEEP_RUNS_DAYS",
        "REGIME_NOTIFY_EMAIL",
        "REGIME_NOTIFY_SMTP",
        "REGIME_NOTIFY_WEBHOOK",
        "REGIME_REREAD_SHARE",
        "REGIME_TWELVEDATA_URL",
        "REGIME_UNIVERSE",
        "REGIME_VERIFY_SHARE",
        "REGIME_WORKERS",
        "TWELVEDATA_API_KEY",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("REGIME_CREDITS_FOLDER", str(tmp_path / "credits"))


@pytest.fixture(autouse=True, scope="session")
def _migration_scripts_are_read_once() -> Iterator[None]:
    """Dagster imports the migrations of its tables whenever a database is opened: 0.1 s a time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ScriptDirectory, "from_config", staticmethod(_scripts_of))
        yield


def _scripts_of(config: Config) -> ScriptDirectory:
    folder = config.get_main_option("script_location") or ""
    return _SCRIPTS.get(folder) or _SCRIPTS.setdefault(folder, _FROM_CONFIG(config))


@pytest.fixture(autouse=True, scope="session")
def _certificates_are_read_once() -> Iterator[None]:
    """Every client of httpx reads those of certifi, also for a vendor on loopback: 0.025 s."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ssl, "create_default_context", _context_of)
        yield


def _context_of(*arguments: Any, **named: Any) -> ssl.SSLContext:
    file = named.get("cafile")
    if file != certifi.where():
        return _CONTEXT_OF(*arguments, **named)
    return _CONTEXTS.get(file) or _CONTEXTS.setdefault(file, _CONTEXT_OF(cafile=file))


@pytest.fixture
def now() -> dt.datetime:
    return NOW


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(_env_file=None, REGIME_DATA_ROOT=tmp_path / "data")


@pytest.fixture(scope="session")
def processed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunWorkspace]:
    """The sample universe after one run; read-only, for all tests of a process share it."""
    root = tmp_path_factory.mktemp("processed")
    settings = Settings(_env_file=None, REGIME_DATA_ROOT=root)
    # a clock that stands still: a loaded machine moves no stamp
    workspace = RunWorkspace.open(settings, clock=NOW.timestamp)
    outcomes = list(run_symbols(workspace, workspace.universe.instruments, NOW))
    refresh_board(workspace, outcomes)
    before = fingerprint(root)
    yield workspace
    after = fingerprint(root)
    changed = {name for name, _ in before.items() ^ after.items() if not name.endswith(".lock")}
    assert not changed, f"a test changed what others share: {sorted(changed)}"
