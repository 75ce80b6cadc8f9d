"""The whole walk from outside: isolation, idempotence, refusal, recovery."""

import datetime as dt
import json
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pytest

from regime_platform.audit.verify.verify import verify
from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.compute_db.board import read_board
from regime_platform.compute_db.reader import read_table
from regime_platform.pipeline.board import refresh_board
from regime_platform.pipeline.outcomes import Stage, Status, SymbolOutcome
from regime_platform.pipeline.platform import RunWorkspace
from regime_platform.pipeline.run import STAGES, run_symbol, run_symbols
from regime_platform.settings import Settings
from regime_platform_tests.builders import make_bars
from regime_platform_tests.scenario import contents, fingerprint, serve, street, with_value

SYMBOLS = ["AAA", "BBB", "CCC"]


def _walk(settings: Settings, now: dt.datetime, **options: bool) -> dict[str, SymbolOutcome]:
    workspace = RunWorkspace.open(settings)
    return {
        one.symbol: one
        for one in run_symbols(workspace, workspace.universe.instruments, now, **options)
    }


@pytest.fixture
def settings_of_three(tmp_path: Path) -> Settings:
    settings = street(tmp_path, SYMBOLS)
    for seed, symbol in enumerate(SYMBOLS):
        serve(settings, symbol, "1day", make_bars(420 + seed, seed=seed))
    return settings


def test_a_symbol_walks_from_its_source_to_its_manifests(
    settings_of_three: Settings, now: dt.datetime
) -> None:
    outcomes = _walk(settings_of_three, now)

    assert {outcome.status for outcome in outcomes.values()} == {Status.DONE}
    paths = RunWorkspace.open(settings_of_three).root.symbol("AAA")
    assert read_table(paths.compute_db, "state_history").height == 400
    assert read_table(paths.compute_db, "escalation_history_v3").height == 420
    assert json.loads(paths.manifest.read_text())["digest"]
    assert json.loads(paths.compute_manifest.read_text())["digest"]


def test_a_rerun_with_nothing_new_writes_nothing(
    settings_of_three: Settings, now: dt.datetime, tmp_path: Path
) -> None:
    _walk(settings_of_three, now)
    before = fingerprint(tmp_path)

    outcomes = _walk(settings_of_three, now + dt.timedelta(hours=1))

    assert {outcome.status for outcome in outcomes.values()} == {Status.UNCHANGED}
    assert fingerprint(tmp_path) == before


def test_a_blocked_symbol_stops_nobody_and_loses_nothing(
    settings_of_three: Settings, now: dt.datetime
) -> None:
    _walk(settings_of_three, now)
    paths = RunWorkspace.open(settings_of_three).root.symbol("BBB")
    results = paths.compute_db.read_bytes(), paths.compute_manifest.read_bytes()
    bars = make_bars(430, seed=1)
    serve(settings_of_three, "BBB", "1day", with_value(bars, 425, low=1e6))
    serve(settings_of_three, "CCC", "1day", make_bars(430, seed=2))

    outcomes = _walk(settings_of_three, now + dt.timedelta(hours=1))

    assert {symbol: outcome.status for symbol, outcome in outcomes.items()} == {
        "AAA": Status.UNCHANGED,
        "BBB": Status.BLOCKED,
        "CCC": Status.DONE,
    }
    assert outcomes["BBB"].stage is Stage.VALIDATED_BARS
    assert (paths.compute_db.read_bytes(), paths.compute_manifest.read_bytes()) == results


def test_compute_alone_refuses_a_blocked_symbol(
    settings_of_three: Settings, now: dt.datetime
) -> None:
    serve(settings_of_three, "BBB", "1day", with_value(make_bars(430), 5, close=-1.0))
    _walk(settings_of_three, now)
    workspace = RunWorkspace.open(settings_of_three)

    outcome = run_symbol(
        workspace, workspace.universe.instrument("BBB"), now, stages=[Stage.COMPUTE_DB], force=True
    )

    assert outcome.status is Status.BLOCKED
    assert "BBB" in outcome.reason
    assert not workspace.root.symbol("BBB").compute_db.exists()


def test_a_symbol_whose_file_is_damaged_fails_alone(
    settings_of_three: Settings, now: dt.datetime
) -> None:
    assert settings_of_three.files_root is not None
    (settings_of_three.files_root / "BBB" / "1day.parquet").write_bytes(b"not parquet")

    outcomes = _walk(settings_of_three, now)

    assert outcomes["BBB"].status is Status.FAILED
    assert "1day.parquet" in outcomes["BBB"].reason
    assert outcomes["AAA"].status is outcomes["CCC"].status is Status.DONE


def test_damaged_canonical_bars_are_caught_before_compute(
    settings_of_three: Settings, now: dt.datetime
) -> None:
    _walk(settings_of_three, now)
    workspace = RunWorkspace.open(settings_of_three)
    part = next(workspace.root.symbol("AAA").bars("1day").glob("*.parquet"))
    data = bytearray(part.read_bytes())
    data[len(data) // 2] ^= 1
    part.write_bytes(bytes(data))

    outcome = run_symbol(
        workspace, workspace.universe.instrument("AAA"), now, stages=[Stage.COMPUTE_DB], force=True
    )

    assert outcome.status is Status.FAILED
    assert part.name in outcome.reason


def test_forcing_gives_the_same_digests(settings_of_three: Settings, now: dt.datetime) -> None:
    first = _walk(settings_of_three, now)

    again = _walk(settings_of_three, now + dt.timedelta(hours=1), force=True)

    for symbol in SYMBOLS:
        before, after = first[symbol].compute, again[symbol].compute
        assert before is not None
        assert after is not None
        assert after.status is Status.DONE
        assert before.tables == after.tables


def test_stages_asked_for_one_by_one_end_where_the_whole_walk_ends(
    settings_of_three: Settings, now: dt.datetime, tmp_path: Path
) -> None:
    workspace = RunWorkspace.open(settings_of_three)
    instrument = workspace.universe.instrument("AAA")
    for stage in STAGES:
        run_symbol(workspace, instrument, now, stages=[stage])
    by_stage = _proof(workspace.root.symbol("AAA"))
    other = street(tmp_path / "other", SYMBOLS)
    serve(other, "AAA", "1day", make_bars(420, seed=0))
    whole = RunWorkspace.open(other)

    run_symbol(whole, whole.universe.instrument("AAA"), now)

    assert _proof(whole.root.symbol("AAA")) == by_stage


def _proof(paths: SymbolPaths) -> dict[str, str]:
    """Every byte of a symbol, but for its database and the times of writing: both in digests."""
    files = dict(contents(paths.folder))
    for name in (".lock", "chain.jsonl", "compute.db", "compute_manifest.json"):
        files.pop(name)
    return {**files, "results": json.loads(paths.compute_manifest.read_text())["digest"]}


def _digests(workspace: RunWorkspace) -> dict[str, str]:
    return {
        symbol: json.loads(workspace.root.symbol(symbol).compute_manifest.read_text())["digest"]
        for symbol in SYMBOLS
    }


def test_killing_the_walk_anywhere_loses_nothing(
    settings_of_three: Settings, now: dt.datetime, tmp_path: Path
) -> None:
    _walk(settings_of_three, now)
    wanted = _digests(RunWorkspace.open(settings_of_three))
    other = street(tmp_path / "other", SYMBOLS)
    for seed, symbol in enumerate(SYMBOLS):
        serve(other, symbol, "1day", make_bars(420 + seed, seed=seed))
    script = (
        "import datetime as dt, sys\n"
        "from regime_platform.settings import Settings\n"
        "from regime_platform.pipeline.platform import RunWorkspace\n"
        "from regime_platform.pipeline.run import run_symbols\n"
        f"s = Settings(_env_file=None, REGIME_DATA_ROOT={str(other.data_root)!r},"
        f" REGIME_FILES_ROOT={str(other.files_root)!r})\n"
        "p = RunWorkspace.open(s)\n"
        "print('ready', flush=True)\n"
        f"list(walk(p, p.universe.instruments, dt.datetime.fromisoformat({now.isoformat()!r})))\n"
    )
    moments = random.Random(7)
    for _ in range(6):
        with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as victim:
            assert victim.stdout is not None
            victim.stdout.readline()
            time.sleep(moments.uniform(0.0, 1.5))
            victim.send_signal(signal.SIGKILL)

    _walk(other, now)

    workspace = RunWorkspace.open(other)
    assert _digests(workspace) == wanted
    proofs = [verify(workspace, instrument) for instrument in workspace.universe.instruments]
    assert {proof.result for proof in proofs} == {"proven"}
    leftovers = [path.name for path in other.data_root.rglob(".tmp-*")]
    assert leftovers == []


def test_a_damaged_board_is_made_anew_for_all_symbols(
    settings_of_three: Settings, now: dt.datetime
) -> None:
    workspace = RunWorkspace.open(settings_of_three)
    outcomes = list(run_symbols(workspace, workspace.universe.instruments, now))
    refresh_board(workspace, outcomes)
    whole = read_board(workspace.root)
    workspace.root.board.write_bytes(b"nonsense")

    refresh_board(workspace, outcomes[:1])

    assert read_board(workspace.root).equals(whole)


def test_the_board_tells_who_was_left_behind_until_they_are_through(
    settings_of_three: Settings, now: dt.datetime
) -> None:
    good, bad = make_bars(430, seed=1), with_value(make_bars(430, seed=1), 425, low=1e6)
    workspace = RunWorkspace.open(settings_of_three)

    def held_back(bars: pl.DataFrame, at: dt.datetime) -> dict[str, str | None]:
        serve(settings_of_three, "BBB", "1day", bars)
        refresh_board(workspace, list(run_symbols(workspace, workspace.universe.instruments, at)))
        return dict(read_board(workspace.root).select("symbol", "held_back").iter_rows())

    first = held_back(bad, now)
    mended = held_back(good, now + dt.timedelta(hours=1))

    assert first["AAA"] is first["CCC"] is None
    assert first["BBB"] is not None
    assert first["BBB"].startswith("blocked: 1day: high_low_order")
    assert set(mended.values()) == {None}


def test_a_database_put_in_place_of_another_is_not_taken_for_it(
    settings_of_three: Settings, now: dt.datetime
) -> None:
    _walk(settings_of_three, now)
    workspace = RunWorkspace.open(settings_of_three)
    one, other = workspace.root.symbol("AAA"), workspace.root.symbol("BBB")
    shutil.copy2(other.compute_db, one.compute_db)

    outcome = run_symbol(workspace, workspace.universe.instrument("AAA"), now)

    assert outcome.compute is not None
    assert outcome.compute.status is Status.DONE
    assert set(read_table(one.compute_db, "state_history")["symbol"]) == {"AAA"}
