"""Manifests that are lost, and links that a killed run left half written."""

import datetime as dt

import pytest

from regime_platform.pipeline import publish
from regime_platform.pipeline.run import run_symbol, run_symbols
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.settings import Settings
from regime_platform_tests.audit.verify.stored_symbols import LATER, paths_of, proof_of
from regime_platform_tests.builders import make_bars
from regime_platform_tests.scenario import serve


def test_a_lost_bar_manifest_is_the_only_finding(stored: Settings) -> None:
    paths_of(stored).manifest.unlink()

    proof = proof_of(stored)

    assert (proof.reason, proof.bars) == ("manifest.json: there is no manifest", 430)


def test_a_link_that_was_half_written_when_killed_is_cut_off_by_the_next(stored: Settings) -> None:
    chain = paths_of(stored).chain
    with chain.open("ab") as stream:
        stream.write(b'{"about":{"content_dig')

    half = proof_of(stored)
    serve(stored, "AAA", "1day", make_bars(433, seed=0))
    workspace = RunWorkspace.open(stored)
    list(run_symbols(workspace, workspace.universe.instruments, LATER))

    assert half.result == "proven"
    assert (proof_of(stored).result, proof_of(stored).links) == ("proven", 6)


def test_a_manifest_announced_and_not_written_is_written_as_announced(
    stored: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve(stored, "AAA", "1day", make_bars(433, seed=0))
    workspace = RunWorkspace.open(stored)
    instrument = workspace.universe.instrument("AAA")
    with monkeypatch.context() as patched:
        patched.setattr(publish, "write_documents", _killed)
        with pytest.raises(KeyboardInterrupt):
            run_symbol(workspace, instrument, LATER)
    unfinished = proof_of(stored)

    run_symbol(workspace, instrument, LATER + dt.timedelta(hours=1))

    assert (unfinished.result, unfinished.links) == ("unfinished", 6)
    assert (proof_of(stored).result, proof_of(stored).links) == ("proven", 6)


def _killed(*_: object) -> None:
    raise KeyboardInterrupt
