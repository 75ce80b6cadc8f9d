"""Results that were changed, are ahead of their manifest, of another version or made otherwise."""

from dataclasses import replace

import duckdb
import pytest

from regime_platform.audit.repair_plan import plan_repair
from regime_platform.audit.verify.verification import FindingKind
from regime_platform.audit.verify.verify import verify
from regime_platform.compute.params import DEFAULT_PARAMS
from regime_platform.compute_db import connection
from regime_platform.pipeline.outcomes import Status
from regime_platform.pipeline.run import run_symbol, run_symbols
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.settings import Settings
from regime_platform_tests.audit.verify.stored_symbols import LATER, kinds, paths_of, proof_of
from regime_platform_tests.builders import make_bars
from regime_platform_tests.scenario import serve


def test_a_changed_number_is_reported_with_its_place(stored: Settings) -> None:
    with duckdb.connect(paths_of(stored).compute_db) as database:
        database.execute("UPDATE state_history SET vrs = vrs + 1e-12 WHERE ts = '2013-08-01'")

    proof = proof_of(stored)

    assert proof.result == "changed"
    assert "state_history 1day: a value between 2012-01-30T00:00 and" in proof.reason
    assert proof_of(stored, "BBB").result == "proven"


def test_compute_db_ahead_of_its_manifest_is_unfinished(stored: Settings) -> None:
    manifest = paths_of(stored).compute_manifest
    serve(stored, "AAA", "1day", make_bars(433, seed=0))
    before = manifest.read_bytes()
    workspace = RunWorkspace.open(stored)
    list(run_symbols(workspace, workspace.universe.instruments, LATER))
    manifest.write_bytes(before)

    proof = proof_of(stored)

    assert proof.result == "unfinished"
    assert "it is ahead of its manifest: an unfinished append" in proof.reason
    assert "a later manifest of the results was begun and is not in place" in proof.reason


def test_a_file_that_is_being_written_is_no_damage(
    stored: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def taken(*_: object, **__: object) -> None:
        raise connection.FileInUseError("another process has it")

    workspace = RunWorkspace.open(stored)
    instrument = workspace.universe.instrument("AAA")
    monkeypatch.setattr(connection, "_attachment", taken)

    proof = proof_of(stored)
    planned = plan_repair(workspace, instrument)

    assert (proof.result, kinds(proof), planned.is_empty) == ("busy", {FindingKind.BUSY}, True)
    assert "is being written" in proof.reason
    assert proof.remedy == "wait until compute.db is closed, then regime verify AAA"


def _as_version(settings: Settings, version: int) -> bytes:
    path = paths_of(settings).compute_db
    with duckdb.connect(path) as database:
        database.execute("UPDATE schema_version SET version = ?, definition = 'other'", [version])
    return path.read_bytes()


def test_results_of_an_older_version_are_rebuilt_atomically(stored: Settings) -> None:
    _as_version(stored, 1)
    before = proof_of(stored)

    workspace = RunWorkspace.open(stored)
    list(run_symbols(workspace, workspace.universe.instruments, LATER))

    assert "has version 1" in before.reason
    assert before.remedy == "regime run AAA"
    assert proof_of(stored).result == "proven"


def test_results_of_a_newer_version_are_refused_and_left_alone(stored: Settings) -> None:
    newer = _as_version(stored, 3)
    workspace = RunWorkspace.open(stored)
    instrument = workspace.universe.instrument("AAA")

    for force in (False, True):
        outcome = run_symbol(workspace, instrument, LATER, force=force)
        assert outcome.status is Status.FAILED
        assert "written by a later release" in outcome.reason
    assert "written by a later release" in proof_of(stored).reason
    assert proof_of(stored).remedy == "use the release that wrote it"
    assert paths_of(stored).compute_db.read_bytes() == newer


def test_other_parameters_and_other_code_are_named_as_the_cause(stored: Settings) -> None:
    workspace = RunWorkspace.open(stored)
    instrument = workspace.universe.instrument("AAA")
    timeframes = tuple(
        (name, replace(parameters, horizon=parameters.horizon + 1))
        for name, parameters in DEFAULT_PARAMS.by_timeframe
    )
    other = replace(workspace, params=replace(DEFAULT_PARAMS, by_timeframe=timeframes))
    newer = replace(workspace, code=workspace.code.model_copy(update={"compute_digest": "0" * 64}))

    by_params = verify(other, instrument, recompute=True)
    by_code = verify(newer, instrument, recompute=True)

    assert by_params.result == "changed"
    assert "other numbers in forward_labels: made with other parameters than" in by_params.reason
    assert by_code.result == "proven"
    assert "made with other code than today's" in by_code.reason
