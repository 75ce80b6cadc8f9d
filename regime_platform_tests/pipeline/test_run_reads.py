"""How often a run of one symbol opens its documents, lists its raw folders and takes its lock."""

import datetime as dt
import os
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer

from regime_platform.pipeline.outcomes import Status
from regime_platform.pipeline.run import run_symbol
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform_tests.builders import make_bars
from regime_platform_tests.pipeline.vendor_street import list_stock, stock_bars, vendor_settings
from regime_platform_tests.scenario import serve, street
from regime_platform_tests.vendor import LoopbackVendor

DOCUMENTS = frozenset(
    {
        "acquisition.json",
        "chain.jsonl",
        "compute_manifest.json",
        "decisions.yaml",
        "identity.json",
        "manifest.json",
        "price_factors.json",
        "splits.json",
        "verdict.json",
    }
)
_folder: list[str] = []  # the folder that is watched now; sweeps for temporary files scan, not list
_events: list[tuple[str, str]] = []  # (what, path below it)


def _watch(event: str, arguments: tuple[object, ...]) -> None:
    if not _folder or event not in {"open", "os.listdir"}:
        return
    path = str(arguments[0])
    if not path.startswith(_folder[0]):
        return
    what = "list"
    if event == "open":
        _, mode, flags = arguments
        is_first_try = isinstance(flags, int) and bool(flags & os.O_EXCL)  # of a file lock
        what = "read" if mode in {"r", "rb"} else "take" if is_first_try else "write"
    _events.append((what, os.path.relpath(path, _folder[0])))


sys.addaudithook(_watch)  # for good: Python has no way to take one away


@contextmanager
def watched(folder: Path) -> Iterator[list[tuple[str, str]]]:
    """What is opened and listed below ``folder`` within the block."""
    _events.clear()
    _folder.append(str(folder))
    try:
        yield _events
    finally:
        _folder.clear()


def run_watched(workspace: RunWorkspace, now: dt.datetime) -> tuple[Status, Counter[str]]:
    """Runs AAA; how often each document was read, each raw folder listed and the lock taken."""
    (instrument,) = workspace.universe.instruments
    with watched(workspace.root.symbol("AAA").folder) as events:
        outcome = run_symbol(workspace, instrument, now)
        seen = list(events)
    assert outcome.reason == ""
    reads = [path for what, path in seen if what == "read" and path in DOCUMENTS]
    lists = [path for what, path in seen if what == "list" and path.startswith("raw/")]
    locks = [path for what, path in seen if what == "take" and path == ".lock"]
    return outcome.status, Counter([*reads, *lists, *locks])


@pytest.fixture
def from_files(tmp_path: Path) -> RunWorkspace:
    settings = street(tmp_path, ["AAA"], timeframes=("15min", "1day"))
    serve(settings, "AAA", "1day", make_bars(420))
    return RunWorkspace.open(settings)


def test_a_first_run_reads_each_document_once(from_files: RunWorkspace, now: dt.datetime) -> None:
    status, seen = run_watched(from_files, now)

    assert status is Status.DONE
    assert max(seen[name] for name in DOCUMENTS) == 1
    assert seen["raw/1day"] == 0  # there is none, and storing the page leaves its files known
    assert seen[".lock"] == 3  # for the page, for what is not offered, and for all stages after it


def test_a_run_with_nothing_new_reads_each_document_once_and_takes_no_lock(
    from_files: RunWorkspace, now: dt.datetime
) -> None:
    run_watched(from_files, now)

    status, seen = run_watched(from_files, now)

    assert status is Status.UNCHANGED
    assert max(seen[name] for name in DOCUMENTS) == 1
    assert seen["raw/1day"] == 1
    assert seen[".lock"] == 0


def test_a_run_with_a_new_bar_reads_each_document_once(
    from_files: RunWorkspace, now: dt.datetime
) -> None:
    run_watched(from_files, now)
    serve(from_files.settings, "AAA", "1day", make_bars(421))

    status, seen = run_watched(from_files, now)

    assert status is Status.DONE
    assert max(seen[name] for name in DOCUMENTS) == 1
    assert seen["raw/1day"] == 2  # once more under the lock, before the page is stored
    assert seen[".lock"] == 2


def test_a_run_of_a_vendors_symbol_reads_each_document_once(
    tmp_path: Path, httpserver: HTTPServer, now: dt.datetime
) -> None:
    vendor = LoopbackVendor(httpserver, asset_class="US_EQUITY")
    for timeframe in ("1day", "1week"):
        bars = stock_bars(timeframe, now - dt.timedelta(days=900), now)
        list_stock(vendor, "AAA", timeframe, bars)
    workspace = RunWorkspace.open(vendor_settings(tmp_path, vendor, ["AAA"]))

    first, seen = run_watched(workspace, now)
    assert first is Status.DONE
    assert {name: seen[name] for name in DOCUMENTS if seen[name] > 1} == {}

    status, seen = run_watched(workspace, now)
    assert status is Status.UNCHANGED
    assert {name: seen[name] for name in DOCUMENTS if seen[name] > 1} == {}
    assert {name: count for name, count in seen.items() if name.startswith("raw/")} == {
        "raw/1day": 1,
        "raw/1week": 1,
    }
    assert seen[".lock"] == 0


def test_what_another_process_writes_during_a_run_counts(
    from_files: RunWorkspace, now: dt.datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = from_files.root.symbol("AAA")
    run_watched(from_files, now)
    serve(from_files.settings, "AAA", "1day", make_bars(421))
    (instrument,) = from_files.universe.instruments
    altered = paths.verdict.read_bytes().replace(b'"passed"', b'"failed"')

    def tamper(*_: object) -> None:
        paths.verdict.write_bytes(altered)

    monkeypatch.setattr("regime_platform.pipeline.run.require_intact", tamper)
    outcome = run_symbol(from_files, instrument, now)

    assert outcome.status is Status.FAILED
    assert "verdict.json is damaged" in outcome.reason
