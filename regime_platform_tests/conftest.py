"""What every test may stand on: a clean environment, a fixed now, and a data root of its own."""

import datetime as dt
import gc
import importlib
import itertools
import multiprocessing
import os
import re
import shutil
import ssl
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from sqlite3 import Connection
from typing import Any, cast

import certifi
import pytest
from sqlalchemy import Connection as SqlConnection
from sqlalchemy import Engine, MetaData, text

import regime_platform_tests.examples  # noqa: F401 - a profile must be known early
from regime_platform.pipeline.board import refresh_board
from regime_platform.pipeline.run import run_symbols
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.settings import Settings
from regime_platform_tests.made_once import made_once
from regime_platform_tests.migration_scripts import scripts_read_once
from regime_platform_tests.prepared_process import PREPARED
from regime_platform_tests.scenario import fingerprint

_CREATE_ALL = MetaData.create_all
_STATEMENTS: dict[MetaData, Sequence[str]] = {}
_CONTEXT_OF = ssl.create_default_context
_CONTEXTS: dict[str, ssl.SSLContext] = {}
_OF_THE_MACHINE = os.environ.get("SSL_CERT_FILE")  # httpx prefers it to certifi's
_NUMBERS = itertools.count()
NOW = dt.datetime(2026, 11, 20, 22, 30, tzinfo=dt.UTC)
_TESTS = Path(__file__).parent
#: What these test in detail, the tests of commands, audit and graph run as well: measuring the
#: coverage of both costs a tenth of their time and finds one line in a hundred more.
_UNMEASURED = {
    *("bar_store", "bench", "compute", "compute_db", "pipeline", "revisions", "validation"),
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
    """Leaves slow tests out of the coverage, which would take as long again.

    Files with slow tests come first, so that no core waits for the last of them; a file stays
    together, since what its tests share is made once.
    """
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    for item in items:
        folder = item.path.relative_to(_TESTS).parts[0]
        if item.get_closest_marker("slow") or folder in _UNMEASURED:
            item.add_marker(pytest.mark.no_cover)
    items.sort(key=lambda item: item.path not in slow)


@pytest.fixture(autouse=True, scope="session")
def _no_processes_in_fast_tests(pytestconfig: pytest.Config) -> None:
    if pytestconfig.option.markexpr.startswith("not slow"):
        sys.addaudithook(_refuse_processes)


def _refuse_processes(event: str, facts: tuple[object, ...]) -> None:
    """But for git, which is asked for the commit of the running code."""
    if event in {"os.fork", "os.posix_spawn", "subprocess.Popen"} and facts[0] != "git":
        raise RuntimeError(f"this test starts a process, mark it as slow: {facts}")


@pytest.fixture
def tmp_path(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Path]:
    """As pytest's, which looks through the folders of all earlier tests for a free number.

    It goes where the test has passed, for it may be in memory.
    """
    name = re.sub(r"\W", "_", request.node.name)[:30]
    folder = tmp_path_factory.getbasetemp() / f"{name}{next(_NUMBERS)}"
    folder.mkdir()
    failed = request.session.testsfailed
    yield folder
    if request.session.testsfailed == failed:
        shutil.rmtree(folder, ignore_errors=True)


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
    with scripts_read_once():
        yield


@pytest.fixture(autouse=True, scope="session")
def _no_usage_is_recorded() -> Iterator[None]:
    """Dagster's instances in memory have no setting and would write to the user's home folder."""
    with pytest.MonkeyPatch.context() as patch:
        if "dagster" in sys.modules:
            module = importlib.import_module("dagster._core.telemetry")
            patch.setattr(module, "_get_instance_telemetry_enabled", lambda _instance: False)
        yield


@pytest.fixture(autouse=True, scope="session")
def _tables_are_declared_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Dagster declares and migrates each table of a new home or run by itself: 0.3 and 0.05 s."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(MetaData, "create_all", _create_all)
        if "dagster" in sys.modules:  # only then does a test open a home
            module = importlib.import_module("dagster._core.storage.sqlite_storage")
            stock, empty = module.DagsterSqliteStorage, tmp_path_factory.mktemp("home")
            open_home = stock.__init__
            stock(str(empty)).dispose()

            def open_copy(storage: object, base_dir: str, inst_data: object = None) -> None:
                if not {path.name for path in Path(base_dir).iterdir()} - {".opening.lock"}:
                    shutil.copytree(empty, base_dir, dirs_exist_ok=True)
                open_home(storage, base_dir, inst_data)

            patch.setattr(stock, "__init__", open_copy)
        yield


def _create_all(tables: MetaData, bind: Engine | SqlConnection) -> None:
    """The statements of the first database of its kind in one script for all empty ones."""
    if not isinstance(bind, Engine):  # of a database in memory
        _CREATE_ALL(tables, bind)
        return
    query = text("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY type = 'index'")
    with bind.connect() as connection:
        is_empty = not connection.execute(query).all()
    if not is_empty:
        _CREATE_ALL(tables, bind)
    elif tables in _STATEMENTS:
        with bind.connect() as connection:
            script = ";\n".join(("BEGIN IMMEDIATE", *_STATEMENTS[tables], "COMMIT;"))
            cast(Connection, connection.connection.driver_connection).executescript(script)
    else:
        _CREATE_ALL(tables, bind)
        with bind.connect() as connection:
            _STATEMENTS[tables] = connection.execute(query).scalars().all()


@pytest.fixture(autouse=True, scope="session")
def _certificates_are_read_once() -> Iterator[None]:
    """Every client of httpx reads them all, also for a vendor on loopback: 0.025 s."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ssl, "create_default_context", _context_of)
        yield


def _context_of(*arguments: Any, **named: Any) -> ssl.SSLContext:
    file = named.get("cafile")
    if file is None or file not in {certifi.where(), _OF_THE_MACHINE}:
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
    """The sample universe after one run; read-only, for all tests share it."""
    root = made_once(tmp_path_factory, "processed", _process)
    before = fingerprint(root)
    yield _workspace_of_samples(root)
    after = fingerprint(root)
    changed = {name for name, _ in before.items() ^ after.items() if not name.endswith(".lock")}
    assert not changed, f"a test changed what others share: {sorted(changed)}"


def _process(root: Path) -> None:
    workspace = _workspace_of_samples(root)
    outcomes = list(run_symbols(workspace, workspace.universe.instruments, NOW))
    refresh_board(workspace, outcomes)


def _workspace_of_samples(root: Path) -> RunWorkspace:
    # a clock that stands still: a loaded machine moves no stamp
    settings = Settings(_env_file=None, REGIME_DATA_ROOT=root)
    return RunWorkspace.open(settings, clock=NOW.timestamp)


@pytest.fixture
def prepared_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers copy a process that imported the platform; test_workers starts fresh ones."""
    monkeypatch.setattr(multiprocessing, "get_context", lambda _method: PREPARED)
