"""Verifying on several cores."""

import pytest

from regime_platform.audit.verify import verify_many as verifying
from regime_platform.audit.verify.verify_many import verify_many
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.settings import Settings
from regime_platform_tests.audit.verify.stored_symbols import flip_raw, paths_of


def test_two_processes_give_the_results_of_one(
    stored: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verifying, "WORTH_A_PROCESS", 1)
    flip_raw(paths_of(stored))
    workspace = RunWorkspace.open(stored)
    instruments = workspace.universe.instruments

    assert list(verify_many(workspace, instruments, workers=2)) == list(
        verify_many(workspace, instruments, workers=1)
    )
