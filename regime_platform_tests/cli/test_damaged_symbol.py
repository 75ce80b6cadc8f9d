"""A damaged symbol is a failed row with reason and remedy; commands process the other symbols."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from regime_platform.audit.repair import repair
from regime_platform.audit.repair_plan import plan_repair
from regime_platform.audit.snapshots import take_snapshot
from regime_platform.audit.verify.verify import verify_many
from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.compute_db.board import read_board
from regime_platform.pipeline.board import refresh_board
from regime_platform.pipeline.outcomes import Status, SymbolOutcome
from regime_platform.pipeline.run import run_symbols
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.settings import Settings
from regime_platform_tests.builders import make_bars
from regime_platform_tests.cli.conftest import Regime
from regime_platform_tests.conftest import NOW
from regime_platform_tests.scenario import serve, street

DOCUMENTS = ("verdict.json", "manifest.json", "compute_manifest.json")


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


WAYS: dict[str, Callable[[Path], object]] = {
    "truncated": lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
    "empty": lambda path: path.write_bytes(b""),
    "garbage": lambda path: path.write_bytes(bytes(range(256)) * 40),
    "list": lambda path: path.write_text("[1, 2]"),
    "null": lambda path: path.write_text("null"),
    "object": lambda path: path.write_text("{}"),
    "nested": lambda path: path.write_text('{"manifest": [], "run": 1, "series": ["x"]}'),
    "deep": lambda path: path.write_text("[" * 100_000),
    "folder": _folder,
}
#: Each document in the ways that are reported and repaired differently.
CASES = [
    *((name, way) for name in DOCUMENTS for way in ("truncated", "folder")),
    *(("compute.db", way) for way in ("truncated", "empty", "garbage", "folder")),
]


@pytest.fixture(scope="session")
def _two_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("two-whole")
    settings = street(folder, ["BAD", "FINE"])
    for seed, symbol in enumerate(("BAD", "FINE")):
        serve(settings, symbol, "1day", make_bars(420, seed=seed))
    workspace = RunWorkspace.open(settings)
    refresh_board(workspace, list(run_symbols(workspace, workspace.universe.instruments, NOW)))
    return folder


@pytest.fixture
def two(_two_once: Path, tmp_path: Path) -> Settings:
    """Two symbols of which everything is proven."""
    shutil.copytree(_two_once, tmp_path, dirs_exist_ok=True)
    return street(tmp_path, ["BAD", "FINE"])


def _bad(workspace: RunWorkspace) -> SymbolPaths:
    return workspace.root.symbol("BAD")


def _run(workspace: RunWorkspace) -> list[SymbolOutcome]:
    outcomes = list(run_symbols(workspace, workspace.universe.instruments, NOW))
    refresh_board(workspace, outcomes)
    return outcomes


def _daily(workspace: RunWorkspace) -> pl.DataFrame:
    return read_board(workspace.root).filter(pl.col("timeframe") == "1day")


def _follow(workspace: RunWorkspace, path: Path, reason: str) -> None:
    """Carries out the remedy that a reason names."""
    if path.is_dir():
        assert "move it away" in reason
        path.rmdir()
    else:
        assert "`regime repair BAD --yes`" in reason
        instrument = workspace.universe.instrument("BAD")
        plan = plan_repair(workspace, instrument)
        assert repair(workspace, instrument, plan, NOW).status is Status.DONE


@pytest.mark.parametrize(("name", "way"), CASES)
def test_damage_is_reported_others_succeed_and_the_remedy_works(
    two: Settings, name: str, way: str
) -> None:
    workspace = RunWorkspace.open(two)
    path = _bad(workspace).folder / name
    WAYS[way](path)

    proof, proof_of_other = verify_many(workspace, workspace.universe.instruments)
    taken = take_snapshot(workspace, NOW.date(), NOW).facts.symbols
    bad, fine = _run(workspace)
    rows = {row["symbol"]: row for row in _daily(workspace).iter_rows(named=True)}

    assert (proof.status, proof_of_other.result) == (Status.FAILED, "proven")
    assert (taken["BAD"].status, taken["FINE"].status) == ("unfinished", "complete")
    assert fine.status is Status.UNCHANGED
    assert rows["FINE"]["held_back"] is None
    assert rows["FINE"]["status"] == "complete"
    if name == "compute.db" and way != "folder":  # made again from the bars, which are whole
        assert bad.status is Status.DONE
    else:
        assert bad.status is Status.FAILED
        assert str(path) in bad.reason
        assert rows["BAD"]["held_back"] == f"failed: {bad.reason}"
        _follow(workspace, path, bad.reason)
        assert _run(workspace)[0].status.is_good
    assert next(verify_many(workspace, workspace.universe.instruments)).result == "proven"
    assert not _daily(workspace)["held_back"].drop_nulls().len()


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_damaged_in_any_other_way_is_reported_and_others_succeed(
    two: Settings, name: str
) -> None:
    workspace = RunWorkspace.open(two)
    path = _bad(workspace).folder / name
    whole = path.read_bytes()
    for way in ("empty", "garbage", "list", "null", "object", "nested", "deep"):
        WAYS[way](path)

        proof = next(verify_many(workspace, workspace.universe.instruments))
        bad, fine = run_symbols(workspace, workspace.universe.instruments, NOW)

        assert proof.status is Status.FAILED, way
        assert bad.status is Status.FAILED, way
        assert str(path) in bad.reason, way
        assert "`regime repair BAD --yes`" in bad.reason, way
        assert fine.status is Status.UNCHANGED, way
        path.write_bytes(whole)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "way"),
    [
        ("compute_manifest.json", "list"),
        ("verdict.json", "folder"),
        ("manifest.json", "truncated"),
        ("compute.db", "folder"),
    ],
)
def test_every_command_over_many_symbols_continues(
    two: Settings, regime: Regime, tmp_path: Path, name: str, way: str
) -> None:
    WAYS[way](_bad(RunWorkspace.open(two)).folder / name)
    output = str(tmp_path / "out.db")

    ran = regime("run", "--all", "--now", NOW.isoformat(), "--json", settings=two)
    codes = {
        words[0]: regime(*words, settings=two)
        for words in (
            ("board",),
            ("verify", "--all"),
            ("validate", "--all", "--now", NOW.isoformat()),
            ("doctor",),
            ("status", "--now", NOW.isoformat()),
            ("export", "--all", "--output", output),
            ("snapshot", "--now", NOW.isoformat()),
        )
    }

    statuses = {symbol["symbol"]: symbol["status"] for symbol in json.loads(ran.out)["symbols"]}
    assert (ran.code, statuses) == (3, {"BAD": "failed", "FINE": "unchanged"})
    for command, ended in codes.items():
        assert ended.code in {0, 1, 3}, command
        assert not ended.err.startswith("error:"), command
    assert "BAD failed: " in codes["board"].err
    assert codes["verify"].code == codes["snapshot"].code == 3
    assert "FINE" in codes["validate"].out
    assert "  BAD: " in codes["status"].out
    assert codes["export"].code == (3 if name == "compute.db" else 0)
    assert Path(output).exists()


def test_pages_of_the_others_are_written(two: Settings, regime: Regime) -> None:
    WAYS["folder"](_bad(RunWorkspace.open(two)).compute_db)

    ended = regime("charts", settings=two)

    assert ended.code == 3
    assert "/BAD/compute.db" in ended.err
    assert (two.data_root / "report" / "FINE.html").exists()


def test_export_leaves_out_damaged_symbols(two: Settings, regime: Regime, tmp_path: Path) -> None:
    path = _bad(RunWorkspace.open(two)).compute_db
    data = bytearray(path.read_bytes())
    for block in range(2, (len(data) - 12288) // 65536):  # rows, but not what is read at first
        start = 12288 + block * 65536 + 32768
        data[start : start + 64] = b"\xff" * 64
    path.write_bytes(bytes(data))

    ended = regime("export", "--all", "--output", str(tmp_path / "out.db"), "--json", settings=two)

    rows = {row["symbol"]: row for row in json.loads(ended.out)}
    assert ended.code == 3
    assert rows["BAD"]["status"] == "failed"
    assert rows["FINE"]["rows"] > 0
