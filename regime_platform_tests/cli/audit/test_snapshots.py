"""`regime snapshot` takes, lists, compares and exports; `regime export` writes version 1 files."""

import json
import shlex
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from regime_platform.audit.bundle.verify import verify_bundle
from regime_platform.cli.command_groups import SNAPSHOT
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform_tests.cli.conftest import Regime

NOW = ("--now", "2026-11-21T09:00Z")


@pytest.fixture
def copied(regime: Regime, processed: RunWorkspace, tmp_path: Path) -> Regime:
    """The command on a copy of two processed symbols."""
    for symbol in ("FB", "IBM"):
        source = processed.root.path / "assets" / symbol
        shutil.copytree(source, tmp_path / "data/assets" / symbol, copy_function=shutil.copy2)
    return regime


def test_snapshot_is_taken_listed_compared_and_exported(copied: Regime, tmp_path: Path) -> None:
    first = copied("snapshot", *NOW)
    second = copied("snapshot", "--date", "2026-11-20", "--name", "friday", *NOW, "--json")
    again = copied("snapshot", *NOW)
    listed = json.loads(copied("snapshot", "list", "--json").out)
    compared = copied("snapshot", "diff", "friday", "2026-11-21")
    bundle = copied("snapshot", "export", "friday", "--output", str(tmp_path / "b.zip"), "--json")

    assert [result.code for result in (first, second, again, compared, bundle)] == [0] * 5
    assert "2 of 7 symbols" in first.err
    assert [snapshot["label"] for snapshot in listed] == [
        "2026-11-21.1",
        "2026-11-20.1",
        "2026-11-21.2",
    ]
    assert json.loads(second.out)["digest"] == listed[1]["digest"]
    assert "0 symbols changed, 7 unchanged" in compared.err
    assert json.loads(bundle.out)["symbols"] == ["FB", "IBM"]
    assert verify_bundle(tmp_path / "b.zip").digest == listed[1]["digest"]


def test_the_example_of_a_snapshot_takes_one(copied: Regime) -> None:
    _, *words = shlex.split(SNAPSHOT.commands["take"].example)

    assert copied(*words, *NOW).code == 0


def test_an_unfinished_symbol_makes_a_snapshot_partial(copied: Regime, tmp_path: Path) -> None:
    (tmp_path / "data/assets/IBM/compute_manifest.json").unlink()

    ended = copied("snapshot", *NOW)

    assert ended.code == 3
    assert "IBM is not proven: a manifest is missing; a rerun writes it" in ended.err


def test_unknown_snapshot_is_a_usage_error(copied: Regime) -> None:
    assert copied("snapshot", "diff", "a", "b").code == 2
    assert copied("snapshot", "export", "a").code == 2
    assert copied("snapshot", "--date", "yesterday").code == 2
    assert copied("snapshot", "list").code == 0


def test_export_writes_results_and_reports_missing_ones(on_sample: Regime, tmp_path: Path) -> None:
    ended = on_sample("export", "IBM", "FB", "--output", str(tmp_path / "v1.db"), *NOW)
    refused = on_sample("export", "IBM", "--output", str(tmp_path / "v1.db"))

    assert (ended.code, refused.code) == (0, 2)
    with closing(sqlite3.connect(tmp_path / "v1.db")) as connection:
        counted = connection.execute(
            "SELECT timeframe, count(*) FROM state_history GROUP BY timeframe ORDER BY 1"
        ).fetchall()
        stamp = connection.execute("SELECT * FROM schema_version").fetchall()
    assert counted == [("1day", 3250), ("1week", 659)]
    assert stamp == [("v1", "2026-11-21 09:00:00")]
