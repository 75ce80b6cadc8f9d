"""Edits of a universe: whole or not at all, one after the other, never of the tracked file."""

import datetime as dt
from pathlib import Path

import pytest

from regime_platform.errors import ConfigError, UsageError
from regime_platform.operations.universe_edits import add, delist, remove
from regime_platform.pipeline.outcomes import Status
from regime_platform.pipeline.run import run_symbol
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.query.series import history
from regime_platform.settings import TRACKED_UNIVERSE, Settings, load_universe
from regime_platform_tests.builders import make_bars
from regime_platform_tests.operations.index_fund import SPY
from regime_platform_tests.scenario import fingerprint, serve, street


def test_the_first_edit_copies_the_tracked_universe_with_its_comments(settings: Settings) -> None:
    tracked = TRACKED_UNIVERSE.read_text()

    edit = add(settings, [SPY])

    own = settings.data_root / "universe.yaml"
    assert (edit.is_first, edit.path) == (True, own)
    assert own.read_text().startswith(tracked.partition("instruments")[0])
    assert set(load_universe(settings).symbols) == {*edit.before.symbols, "SPY"}
    assert TRACKED_UNIVERSE.read_text() == tracked


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
    instrument = load_universe(settings).instrument("AAA")
    run_symbol(RunWorkspace.open(settings), instrument, now)
    before = fingerprint(settings.data_root / "assets")

    remove(settings, ["aaa"])
    with pytest.raises(UsageError, match="not in the universe: AAA"):
        history("AAA", "1day", where=settings)
    add(settings, [instrument])

    assert run_symbol(RunWorkspace.open(settings), instrument, now).status is Status.UNCHANGED
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
