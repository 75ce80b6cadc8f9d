"""One writer at a time; the lock of a killed one is free."""

import datetime as dt
import fcntl
import os
import signal
from multiprocessing.synchronize import Event
from pathlib import Path

import pytest

from regime_platform.bar_store import locks
from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.locks import holder_of, is_locked, take, writing, writing_when_needed
from regime_platform.bar_store.raw.raw_log import append, read_raw
from regime_platform.errors import BarsError
from regime_platform.model.bar_schema import BAR_COLUMNS
from regime_platform_tests.builders import LONG_AFTER, fetch_origin, make_bars
from regime_platform_tests.error_codes import raises
from regime_platform_tests.prepared_process import PREPARED


def _hold(folder: Path, taken: Event) -> None:
    with writing(SymbolPaths(folder)):
        taken.set()
        signal.pause()


def _append_each(folder: Path, first: int, rounds: int) -> None:
    paths = SymbolPaths(folder)
    bars = make_bars(2 * rounds)
    for turn in range(rounds):
        here = 2 * turn + first
        with writing(paths):
            facts = fetch_origin(LONG_AFTER + dt.timedelta(seconds=here))
            append(paths.raw("1day"), bars[here : here + 1], facts)


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_a_timeout_names_the_holder_and_killing_it_frees_the_lock(tmp_path: Path) -> None:
    taken = PREPARED.Event()
    holder = PREPARED.Process(target=_hold, args=(tmp_path, taken))
    holder.start()
    assert taken.wait(200)

    with (
        raises(BarsError, "locked", match=f"by process {holder.pid} .*wait for it or end it"),
        writing(SymbolPaths(tmp_path), timeout=0.1),
    ):
        pass
    assert holder.pid is not None
    os.kill(holder.pid, signal.SIGKILL)
    holder.join()

    with writing(SymbolPaths(tmp_path), timeout=60):
        pass


def test_an_error_while_writing_releases_the_lock(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), writing(SymbolPaths(tmp_path)):
        raise ZeroDivisionError

    with writing(SymbolPaths(tmp_path), timeout=0.1):
        pass


def test_a_lock_is_taken_only_when_needed_and_then_once_to_the_end_of_the_block(
    tmp_path: Path,
) -> None:
    paths = SymbolPaths(tmp_path / "AAA")
    with writing_when_needed(paths):
        pass
    assert not paths.folder.exists()

    with writing_when_needed(paths) as hold:
        hold()
        hold()
        with raises(BarsError, "locked", match="is being written"), writing(paths, timeout=0.1):
            pass

    with writing(paths, timeout=0.1):
        pass


def test_taking_the_lock_sweeps_what_killed_writers_left(tmp_path: Path) -> None:
    paths = SymbolPaths(tmp_path)
    folders = [tmp_path, paths.raw("1day"), paths.bars("4h"), paths.rejected("1day").parent]
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / ".tmp-left.parquet").touch()
    (paths.bars("4h") / "all-0.parquet").touch()

    with writing(paths):
        left = [path.name for path in tmp_path.rglob("*") if path.is_file()]

    assert sorted(left) == [".lock", "all-0.parquet"]


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_two_processes_appending_at_once_lose_nothing(tmp_path: Path) -> None:
    rounds = 25
    writers = [
        PREPARED.Process(target=_append_each, args=(tmp_path, first, rounds)) for first in (0, 1)
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()

    raw = SymbolPaths(tmp_path).raw("1day")
    assert [writer.exitcode for writer in writers] == [0, 0]
    assert read_raw(raw).select(BAR_COLUMNS).sort("ts").equals(make_bars(2 * rounds))
    batches = read_raw(raw)["batch"].unique().sort()
    assert [int(name[:6]) for name in batches] == list(range(1, 2 * rounds + 1))


def test_a_lock_names_the_command_of_its_holder_and_since_when(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["/usr/bin/regime", "run", "AAA\x1b[2J", "B" * 200])
    locks._command.cache_clear()
    paths = SymbolPaths(tmp_path)
    paths.lock.write_bytes(b"process 1 of an earlier release " * 20)
    with writing(paths):
        os.utime(paths.lock, (0, LONG_AFTER.timestamp()))
        with raises(BarsError, "locked") as refused, writing(paths, timeout=0.05):
            pass
    locks._command.cache_clear()

    command = f"regime run AAA\\x1b[2J {'B' * 78}..."
    shown = f"process {os.getpid()} (`{command}`) since {LONG_AFTER:%F %T} UTC"
    assert holder_of(paths.lock) == shown
    assert f"is being written by {shown} for more than 0.05 s; wait for it" in str(refused.value)
    assert holder_of(tmp_path / "absent") == "another process"


def test_a_look_at_a_lock_neither_refuses_its_taker_nor_shows_to_another_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / ".lock"
    path.touch()
    with path.open("rb") as look, path.open("r+b") as first, path.open("r+b") as second:
        fcntl.flock(look, fcntl.LOCK_SH)
        seen = is_locked(path)
        monkeypatch.setattr("time.sleep", lambda _: fcntl.flock(look, fcntl.LOCK_UN))
        taken = take(first.fileno())

        assert (seen, taken, is_locked(path), take(second.fileno())) == (False, True, True, False)
    assert not is_locked(path)
