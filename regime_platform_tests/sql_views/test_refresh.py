"""The files of SQL follow bars, results, board and universe, whatever happened to them."""

import itertools
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from filelock import FileLock

from regime_platform.errors import ResultsError
from regime_platform.pipeline.board import refresh_board
from regime_platform.pipeline.run import run_symbols
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.query.series import bars, history
from regime_platform.settings import Settings
from regime_platform.sql_views import refresh
from regime_platform.sql_views.catalog import CachedFile, read_catalog
from regime_platform.sql_views.run import answer
from regime_platform.sql_views.run import run as run_query
from regime_platform.sql_views.views import open_views
from regime_platform.workspace import Workspace
from regime_platform_tests.builders import make_bars
from regime_platform_tests.conftest import NOW
from regime_platform_tests.error_codes import raises
from regime_platform_tests.kills import Killed, killed_before
from regime_platform_tests.scenario import serve, street, with_value

_BARS = make_bars(1_300)
_SYMBOLS = ("AAA", "BBB")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Two symbols with bars and results and the files of SQL; copied for each test."""
    settings = street(tmp_path_factory.mktemp("store"), _SYMBOLS)
    for symbol in _SYMBOLS:
        serve(settings, symbol, "1day", _BARS[:-1])
    run(settings, *_SYMBOLS)
    rows_by_symbol(settings)
    return settings


@pytest.fixture
def settings(store: Settings, tmp_path: Path) -> Iterator[Settings]:
    """The store at the place that its catalog names, as it was before the test."""
    root = store.data_root
    shutil.copytree(root, tmp_path / "before", copy_function=shutil.copy2)
    yield store
    shutil.rmtree(root)
    shutil.copytree(tmp_path / "before", root, copy_function=shutil.copy2)


def run(settings: Settings, *symbols: str) -> None:
    workspace = RunWorkspace.open(settings)
    outcomes = [*run_symbols(workspace, workspace.universe.select(symbols), NOW)]
    assert all(outcome.status.is_good for outcome in outcomes)
    refresh_board(workspace, outcomes)


def rows_by_symbol(settings: Settings, report: Callable[[str], object] = print) -> dict[str, int]:
    query = "SELECT symbol, count(*) FROM state_history GROUP BY ALL ORDER BY ALL"
    return dict(answer(Workspace.open(settings), query, report=report).rows.iter_rows())


def names(settings: Settings, pattern: str) -> set[str]:
    return {path.name for path in (settings.data_root / "sql").glob(pattern)}


def shown(settings: Settings, view: str, column: str) -> list[float | None]:
    query = f"SELECT {column} FROM {view} WHERE symbol = 'AAA' ORDER BY ts"  # noqa: S608
    return answer(Workspace.open(settings), query, report=print).rows[column].to_list()


def test_new_bars_of_a_symbol_are_shown_and_its_old_rows_stay_where_they_are(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, catalog = names(settings, "*-whole-*"), (settings.data_root / "sql/catalog.json")
    assert rows_by_symbol(settings) == {"AAA": 1279, "BBB": 1279}  # whose files are copies here
    unchanged = catalog.stat()
    assert rows_by_symbol(settings) == {"AAA": 1279, "BBB": 1279}
    assert catalog.stat() == unchanged
    monkeypatch.setattr(refresh, "_MOST_SMALL", 1)
    for extra in (1, 2):
        bars_now = make_bars(1_299 + extra)
        serve(settings, "AAA", "1day", bars_now)
        run(settings, "AAA")
        assert rows_by_symbol(settings) == {"AAA": 1279 + extra, "BBB": 1279}

    assert names(settings, "*-whole-*") == before
    where = settings.data_root
    expected = history("AAA", "1day", where=where)
    assert shown(settings, "state_history", "risk_level") == expected["risk_level"].to_list()
    assert shown(settings, "bars", "close") == bars_now["close"].to_list()
    query = "SELECT max(ts), max(last_ts) FROM latest_state, board"
    last = answer(Workspace.open(settings), query).rows.row(0)
    assert last == (bars_now["ts"][-1], bars_now["ts"][-1])
    # two small tails were merged, and those of the catalog before are still there
    files = read_catalog(Workspace.open(settings).root).of_view("state_history")
    (tail,) = (file.name for file in files if "tail" in file.name)
    assert not any(file.gone for file in files)
    assert names(settings, "state_history-*-tail-*") > {tail}


def test_files_that_were_lost_or_changed_are_made_again(settings: Settings) -> None:
    folder = settings.data_root / "sql"
    (lost, *_) = folder.glob("state_history-1day-whole-*")
    lost.unlink()
    (cut,) = folder.glob("bars-1day-tail-*")
    cut.write_bytes(cut.read_bytes()[:-10])
    assert rows_by_symbol(settings) == {"AAA": 1279, "BBB": 1279}
    for name in ("catalog.json", *names(settings, "parts-*"), *names(settings, "latest_state-*")):
        (folder / name).write_text("{")
        assert rows_by_symbol(settings) == {"AAA": 1279, "BBB": 1279}
        assert shown(settings, "latest_state", "price") == [_BARS["close"][-2]]
    shutil.rmtree(folder)
    assert rows_by_symbol(settings) == {"AAA": 1279, "BBB": 1279}


def test_a_moved_data_root_keeps_its_files(settings: Settings, tmp_path: Path) -> None:
    before, moved = names(settings, "*"), tmp_path / "moved"
    shutil.copytree(settings.data_root, moved, copy_function=shutil.copy2)
    there = settings.model_copy(update={"data_root": moved})

    read: list[str] = []

    def watch(symbols: Sequence[str]) -> Sequence[str]:
        read.extend(symbols)
        return symbols

    answer(Workspace.open(there), "FROM board", watch=watch)

    assert (read, names(there, "*")) == ([], before)
    assert str(moved.resolve()) in (moved / "sql/views.sql").read_text()


def test_a_symbol_that_left_the_universe_is_not_shown(settings: Settings) -> None:
    street(settings.data_root.parent, ["BBB"])

    assert rows_by_symbol(settings) == {"BBB": 1279}
    assert answer(Workspace.open(settings), "SELECT symbol FROM universe").rows.rows() == [("BBB",)]
    catalog = settings.data_root / "sql/catalog.json"
    written = catalog.stat()
    assert rows_by_symbol(settings) == {"BBB": 1279}
    assert catalog.stat() == written


def test_damaged_results_are_left_out_and_named_until_they_are_right(settings: Settings) -> None:
    results, reports = settings.data_root / "assets/AAA/compute.db", list[str]()
    sound = results.read_bytes()
    results.write_bytes(sound[: len(sound) // 2])

    for _ in range(2):
        assert rows_by_symbol(settings, reports.append) == {"BBB": 1279}
    assert ["AAA" in text and "regime repair AAA" in text for text in reports] == [True, True]
    assert len(shown(settings, "bars", "close")) == 1_299
    results.write_bytes(sound)
    assert rows_by_symbol(settings, reports.append) == {"AAA": 1279, "BBB": 1279}
    assert len(reports) == 2


def test_a_revision_replaces_all_rows_and_a_killed_refresh_leaves_those_before(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve(settings, "AAA", "1day", with_value(_BARS, 600, close=_BARS["open"][600]))
    run(settings, "AAA")
    catalog = (settings.data_root / "sql/catalog.json").read_bytes()
    for commit in itertools.count():
        with killed_before(commit, monkeypatch):
            try:
                rows = rows_by_symbol(settings)
                break
            except Killed:
                assert (settings.data_root / "sql/catalog.json").read_bytes() == catalog
        reports: list[str] = []
        with monkeypatch.context() as busy, FileLock(settings.data_root / "sql/.lock"):
            busy.setattr(refresh, "PATIENCE", 0)
            assert rows_by_symbol(settings, reports.append) == {"AAA": 1279, "BBB": 1279}
        assert "AAA" in reports[0]
    assert rows == {"AAA": 1280, "BBB": 1279}
    assert commit > 2
    revised = bars("AAA", "1day", where=settings.data_root).collect()["close"].to_list()
    assert revised[600] == _BARS["open"][600]
    assert shown(settings, "bars", "close") == revised
    expected = history("AAA", "1day", where=settings.data_root)["lq"].to_list()
    assert shown(settings, "state_history", "lq") == expected


def test_a_damaged_file_is_made_again_and_named_where_it_is_damaged_while_it_is_read(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = rows_by_symbol(settings)
    (path,) = (settings.data_root / "sql").glob("state_history-*-whole-*.parquet")

    def damage() -> None:  # and leave size, inode and time of writing as they were
        stat = path.stat()
        with path.open("r+b") as stream:
            stream.seek(-400, os.SEEK_END)
            stream.write(b"?" * 396)
        os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))

    damage()
    assert rows_by_symbol(settings) == before
    damage()
    monkeypatch.setattr(CachedFile, "is_there", lambda *_: True)
    with raises(ResultsError, "sql-damaged", match=f"remove the folder {path.parent}"):
        run_query("FROM state_history", where=settings)
    monkeypatch.undo()
    shutil.rmtree(path.parent)
    assert rows_by_symbol(settings) == before


def test_without_files_and_without_a_way_to_write_them_there_is_an_error(
    settings: Settings,
) -> None:
    shutil.rmtree(settings.data_root / "sql")
    (settings.data_root / "sql").write_text("in the way")

    with raises(ResultsError, "sql-not-written"):
        open_views(Workspace.open(settings))
    (settings.data_root / "sql").unlink()
