"""A whole run from outside: isolation, idempotence, refusal, recovery."""

import datetime as dt
import json
import random
import time
from pathlib import Path

import pytest

from regime_platform.audit.verify.verify import verify
from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.compute_db.reader import read_table
from regime_platform.pipeline.outcomes import STAGES, Stage, Status
from regime_platform.pipeline.run import run_symbol
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.settings import Settings
from regime_platform_tests.builders import make_bars
from regime_platform_tests.pipeline.three_symbols import SYMBOLS, run_all
from regime_platform_tests.prepared_process import begun_script
from regime_platform_tests.scenario import contents, fingerprint, serve, street, with_value


def test_a_run_takes_a_symbol_from_its_source_to_its_manifests(
    settings_of_three: Settings, now: dt.datetime
) -> None:
    outcomes = run_all(settings_of_three, now)

    assert {outcome.status for outcome in outcomes.values()} == {Status.DONE}
    paths = RunWorkspace.open(settings_of_three).root.symbol("AAA")
    assert read_table(paths.compute_db, "state_history").height == 400
    assert read_table(paths.compute_db, "escalation_history_v3").height == 420
    assert json.loads(paths.manifest.read_text())["digest"]
    assert json.loads(paths.compute_manifest.read_text())["digest"]


def test_a_rerun_with_nothing_new_writes_nothing(
    settings_of_three: Settings, now: dt.datetime, tmp_path: Path
) -> None:
    run_all(settings_of_three, now)
    before = fingerprint(tmp_path)

    outcomes = run_all(settings_of_three, now + dt.timedelta(hours=1))

    assert {outcome.status for outcome in outcomes.values()} == {Status.UNCHANGED}
    assert fingerprint(tmp_path) == before


def test_a_blocked_symbol_does_not_stop_others_and_loses_nothing(
    settings_of_three: Settings, now: dt.datetime
) -> None:
    run_all(settings_of_three, now)
    paths = RunWorkspace.open(settings_of_three).root.symbol("BBB")
    results = paths.compute_db.read_bytes(), paths.compute_manifest.read_bytes()
    bars = make_bars(430, seed=1)
    serve(settings_of_three, "BBB", "1day", with_value(bars, 425, low=1e6))
    serve(settings_of_three, "CCC", "1day", make_bars(430, seed=2))

    outcomes = run_all(settings_of_three, now + dt.timedelta(hours=1))

    assert {symbol: outcome.status for symbol, outcome in outcomes.items()} == {
        "AAA": Status.UNCHANGED,
        "BBB": Status.BLOCKED,
        "CCC": Status.DONE,
    }
    assert outcomes["BBB"].stage is Stage.VALIDATED_BARS
    assert (paths.compute_db.read_bytes(), paths.compute_manifest.read_bytes()) == results


def test_single_stages_end_with_the_results_of_a_whole_run(
    settings_of_three: Settings, now: dt.datetime, tmp_path: Path
) -> None:
    workspace = RunWorkspace.open(settings_of_three, clock=now.timestamp)
    instrument = workspace.universe.instrument("AAA")
    for stage in STAGES:
        run_symbol(workspace, instrument, now, stages=[stage])
    by_stage = _proof(workspace.root.symbol("AAA"))
    other = street(tmp_path / "other", SYMBOLS)
    serve(other, "AAA", "1day", make_bars(420, seed=0))
    whole = RunWorkspace.open(other, clock=now.timestamp)

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


@pytest.mark.slow
def test_killing_a_run_anywhere_loses_nothing(
    settings_of_three: Settings, now: dt.datetime, tmp_path: Path
) -> None:
    run_all(settings_of_three, now)
    wanted = _digests(RunWorkspace.open(settings_of_three))
    other = street(tmp_path / "other", SYMBOLS)
    for seed, symbol in enumerate(SYMBOLS):
        serve(other, symbol, "1day", make_bars(420 + seed, seed=seed))
    script = (
        "import datetime as dt, sys\n"
        "from regime_platform.settings import Settings\n"
        "from regime_platform.pipeline.run_workspace import RunWorkspace\n"
        "from regime_platform.pipeline.run import run_symbols\n"
        f"s = Settings(_env_file=None, REGIME_DATA_ROOT={str(other.data_root)!r},"
        f" REGIME_FILES_ROOT={str(other.files_root)!r})\n"
        f"now = dt.datetime.fromisoformat({now.isoformat()!r})\n"
        "p = RunWorkspace.open(s, clock=now.timestamp)\n"
        "ready()\n"
        "list(run_symbols(p, p.universe.instruments, now))\n"
    )
    moments = random.Random(7)
    for _ in range(6):
        victim = begun_script(script)
        time.sleep(moments.uniform(0.0, 0.9))
        victim.kill()
        victim.join()

    run_all(other, now)

    workspace = RunWorkspace.open(other)
    assert _digests(workspace) == wanted
    proofs = [verify(workspace, instrument) for instrument in workspace.universe.instruments]
    assert {proof.result for proof in proofs} == {"proven"}
    leftovers = [path.name for path in other.data_root.rglob(".tmp-*")]
    assert leftovers == []
