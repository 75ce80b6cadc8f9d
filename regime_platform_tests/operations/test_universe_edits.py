"""Edits of a universe: whole or not at all, one after the other, never of the tracked file."""

import datetime as dt
import multiprocessing as mp
from pathlib import Path

import pytest
from filelock import FileLock

from regime_platform.errors import ConfigError, UsageError
from regime_platform.model.instruments import Instrument
from regime_platform.operations import universe_file
from regime_platform.operations.universe_edits import add, delist, remove
from regime_platform.pipeline.outcomes import Status
from regime_platform.pipeline.platform import RunWorkspace
from regime_platform.pipeline.run import run_symbol
from regime_platform.query.series import history
from regime_platform.settings import TRACKED_UNIVERSE, Settings, load_universe
from regime_platform_tests.builders import make_bars
from regime_platform_tests.scenario import fingerprint, serve, street

SPAWN = mp.get_context("spawn")
SPY = Instrument("SPY", "An index fund", "US_EQUITY_INDEX", "core", "files")


def test_the_first_edit_copies_the_tracked_universe_with_its_comments(settings: Settings) -> None:
    tracked = TRACKED_UNIVERSE.read_text()

    edit = add(settings, [SPY])

    own = settings.data_root / "universe.yaml"
    assert (edit.is_first, edit.path) == (True, own)
    assert own.read_text().startswith(tracked.partition("instruments")[0])
    assert set(load_universe(settings).symbols) == {*edit.before.symbols, "SPY"}
    assert TRACKED_UNIVERSE.read_text() == tracked


def test_the_tracked_universe_is_never_edited() -> None:
    with pytest.raises(ConfigError, match=r"ships with the package .*; set REGIME_DATA_ROOT"):
        add(Settings(_env_file=None), [SPY])


def test_an_edit_that_the_settings_would_hide_is_refused(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere.yaml"
    settings = Settings(
        _env_file=None, REGIME_DATA_ROOT=tmp_path / "data", REGIME_UNIVERSE=elsewhere
    )

    with pytest.raises(ConfigError, match=r"REGIME_UNIVERSE names .* no effect; unset it"):
        add(settings, [SPY])

    assert list(tmp_path.iterdir()) == []


def test_a_setting_that_names_the_universe_of_the_data_root_hides_nothing(tmp_path: Path) -> None:
    street(tmp_path, ["AAA"])
    root = tmp_path / "data"
    named = Settings(_env_file=None, REGIME_DATA_ROOT=root, REGIME_UNIVERSE=root / "universe.yaml")

    assert add(named, [SPY]).after.symbols == ("SPY", "AAA")


def test_a_dry_run_says_what_would_come_of_it_and_writes_nothing(settings: Settings) -> None:
    edit = add(settings, [SPY], dry_run=True)

    assert "SPY" in edit.after.symbols
    assert not edit.is_written
    assert not settings.data_root.exists()


@pytest.mark.parametrize(
    "text", ["instruments: []\n", "nonsense: [\n", "instruments:\n  - words\n"]
)
def test_an_invalid_universe_is_not_edited(settings: Settings, text: str) -> None:
    settings.data_root.mkdir()
    own = settings.data_root / "universe.yaml"
    own.write_text(text)

    with pytest.raises(ConfigError, match=r"universe\.yaml"):
        add(settings, [SPY])

    assert own.read_text() == text


def test_removing_leaves_the_bars_and_adding_again_finds_them(tmp_path: Path) -> None:
    settings, now = street(tmp_path, ["AAA", "BBB"]), dt.datetime(2026, 11, 20, tzinfo=dt.UTC)
    serve(settings, "AAA", "1day", make_bars(430))
    one = load_universe(settings).instrument("AAA")
    run_symbol(RunWorkspace.open(settings), one, now)
    before = fingerprint(settings.data_root / "assets")

    remove(settings, ["aaa"])
    with pytest.raises(UsageError, match="not in the universe: AAA"):
        history("AAA", "1day", where=settings)
    add(settings, [one])

    assert run_symbol(RunWorkspace.open(settings), one, now).status is Status.UNCHANGED
    assert fingerprint(settings.data_root / "assets") == before


def test_a_delisted_symbol_is_not_fetched_and_stays_readable(tmp_path: Path) -> None:
    settings, now = street(tmp_path, ["AAA"]), dt.datetime(2026, 11, 20, tzinfo=dt.UTC)
    serve(settings, "AAA", "1day", make_bars(430))
    run_symbol(RunWorkspace.open(settings), load_universe(settings).instrument("AAA"), now)
    before = history("AAA", "1day", where=settings)
    serve(settings, "AAA", "1day", make_bars(440))

    delist(settings, "AAA", dt.date(2026, 11, 19))
    workspace = RunWorkspace.open(settings)
    outcome = run_symbol(workspace, workspace.universe.instrument("AAA"), now)

    assert outcome.ingest is not None
    assert outcome.ingest.series == ()
    assert outcome.status is Status.DONE  # the manifest now says when it was delisted
    assert outcome.reason == "delisted since 2026-11-19: source files is not asked"
    assert history("AAA", "1day", where=settings).equals(before)

    delist(settings, "AAA", None)
    workspace = RunWorkspace.open(settings)
    outcome = run_symbol(workspace, workspace.universe.instrument("AAA"), now)

    assert outcome.ingest is not None
    assert outcome.ingest.rows_inserted == 10


def _add_each(root: Path, first: int) -> None:
    settings = Settings(_env_file=None, REGIME_DATA_ROOT=root)
    for number in range(first, first + 5):
        add(settings, [Instrument(f"S{number}", "A name", "FX", "daily", "files")])


@pytest.mark.timeout(120)
def test_edits_of_several_processes_follow_one_another(settings: Settings) -> None:
    both = [SPAWN.Process(target=_add_each, args=(settings.data_root, k)) for k in (0, 5)]
    for process in both:
        process.start()
    for process in both:
        process.join()

    assert [process.exitcode for process in both] == [0, 0]
    assert {f"S{number}" for number in range(10)} <= set(load_universe(settings).symbols)


def test_waiting_in_vain_names_the_holder(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(universe_file, "_PATIENCE", 0.05)
    settings.data_root.mkdir()
    lock = settings.data_root / ".universe.lock"

    with FileLock(lock):
        lock.write_text("process 4711")
        with pytest.raises(ConfigError, match="is being edited by process 4711"):
            add(settings, [SPY])
