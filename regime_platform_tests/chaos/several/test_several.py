"""A sample of `make chaos PART=several`."""

import datetime as dt
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer

from regime_platform.pipeline.board import refresh_board
from regime_platform.pipeline.run import run_symbols
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform_tests.chaos.several.races import NOW, RUN_ALL, Stage, begin, ended
from regime_platform_tests.chaos.several.stored_answers import differences, stored_answers


@pytest.mark.slow
def test_two_first_runs_at_once_store_what_one_stores(
    tmp_path: Path, httpserver: HTTPServer
) -> None:
    stage = Stage(httpserver, tmp_path)
    both, alone = stage.settings("both"), stage.settings("alone")

    problems = [*ended([begin(both, RUN_ALL, 0.0), begin(both, RUN_ALL, 0.0)], frozenset({0}))]
    asked = stage.pages()
    workspace = RunWorkspace.open(alone)
    now = dt.datetime.fromisoformat(NOW)
    refresh_board(workspace, list(run_symbols(workspace, workspace.universe.instruments, now)))

    assert problems == []
    assert differences(stored_answers(alone), stored_answers(both)) == []
    assert stage.pages() - asked == asked
