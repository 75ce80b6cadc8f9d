"""Readers of damaged files give the true numbers or an error with a remedy."""

import datetime as dt
import random
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import duckdb
import polars as pl
import pytest

from regime_platform.audit.verify.verify import verify
from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.proven import is_proven, remember, stamp_of
from regime_platform.bar_store.verdicts import read_verdict
from regime_platform.errors import BarsError, RegimeError
from regime_platform.operations.export import ExportFormat, export
from regime_platform.pipeline.board import refresh_board
from regime_platform.pipeline.outcomes import Stage, Status
from regime_platform.pipeline.run import run_symbol, run_symbols
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.query.board import series_board
from regime_platform.query.explain import explain
from regime_platform.query.series import bars, history
from regime_platform.query.states import state, state_document
from regime_platform.report.views import read_symbol
from regime_platform.settings import Settings
from regime_platform_tests.builders import make_bars
from regime_platform_tests.conftest import NOW
from regime_platform_tests.scenario import serve, street

HELD = 420
LATER = NOW + dt.timedelta(hours=1)
FLIPS = 5  # of each file


@pytest.fixture(scope="module")
def _stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("stored")
    settings = street(folder, ["AAA"])
    serve(settings, "AAA", "1day", make_bars(HELD))
    workspace = RunWorkspace.open(settings)
    refresh_board(workspace, list(run_symbols(workspace, workspace.universe.instruments, NOW)))
    return folder


@pytest.fixture
def stored(_stored: Path, tmp_path: Path) -> Settings:
    """A symbol with bars, results and manifests."""
    shutil.copytree(_stored, tmp_path, dirs_exist_ok=True)
    return street(tmp_path, ["AAA"])


@pytest.fixture
def paths(stored: Settings) -> SymbolPaths:
    return RunWorkspace.open(stored).root.symbol("AAA")


def _page(where: Settings) -> object:
    workspace = RunWorkspace.open(where)
    view = read_symbol(*workspace.find("AAA")[::-1])
    assert view is not None
    return [view.latest.to_dicts(), *(chart.bars.to_dicts() for chart in view.charts.values())]


def _parquet(where: Settings) -> object:
    workspace, target = RunWorkspace.open(where), where.data_root.parent / "out"
    outcomes = export(
        workspace, workspace.universe.instruments, ExportFormat.PARQUET, target, LATER, replace=True
    )
    if any(outcome.status is Status.FAILED for outcome in outcomes):
        raise RegimeError(outcomes[0].reason)
    return [pl.read_parquet(path).to_dicts() for path in sorted(target.rglob("*.parquet"))]


READERS: Mapping[str, Callable[[Settings], object]] = {
    "bars": lambda where: bars("AAA", "1day", where=where).collect().to_dicts(),
    "history": lambda where: history("AAA", "1day", labels=True, where=where).to_dicts(),
    "state": lambda where: list(map(state_document, state("AAA", where=where).values())),
    "explain": lambda where: explain(
        "AAA", "1day", make_bars(HELD)["ts"][-9], where=where
    ).document(),
    "board": lambda where: series_board(where=where).to_dicts(),
    "page": _page,
    "export": _parquet,
}


def _flip(path: Path, chance: random.Random) -> None:
    data = bytearray(path.read_bytes())
    data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    path.write_bytes(data)


def _files(paths: SymbolPaths) -> Mapping[str, Path]:
    return {
        "bars": next(paths.bars("1day").iterdir()),
        "raw": next(paths.raw("1day").iterdir()),
        "compute.db": paths.compute_db,
        "manifest": paths.manifest,
        "compute manifest": paths.compute_manifest,
        "verdict": paths.verdict,
        "board": paths.folder.parent.parent / "board.parquet",
    }


def _answer(read: Callable[[Settings], object], where: Settings) -> tuple[str, str]:
    """What a reader gives, or why it refuses; an error of any other family is none of these."""
    try:
        return repr(read(where)), ""
    except RegimeError as error:
        return "", str(error)


@pytest.mark.slow
def test_a_flipped_bit_gives_the_true_answer_or_an_error_with_a_remedy(
    stored: Settings, paths: SymbolPaths
) -> None:
    chance = random.Random(11)
    wanted = {name: repr(read(stored)) for name, read in READERS.items()}
    refused: set[tuple[str, str]] = set()

    for kind, path in _files(paths).items():
        before = path.read_bytes()
        for _ in range(FLIPS):
            _flip(path, chance)
            for name, read in READERS.items():
                answer, reason = _answer(read, stored)
                assert reason or answer == wanted[name], (kind, name)
                assert not reason or re.search(r"`regime \w+|remove it", reason), (kind, reason)
                refused |= {(kind, name)} if reason else set()
            path.write_bytes(before)

    assert {name for kind, name in refused if kind == "bars"} == {"bars", "explain", "page"}
    of_results = {"history", "state", "explain", "page", "export"}
    assert {name for kind, name in refused if kind == "compute.db"} == of_results
    assert {("board", "board"), ("verdict", "bars"), ("raw", "explain")} <= refused
    assert {name: repr(read(stored)) for name, read in READERS.items()} == wanted


def test_a_value_that_was_written_by_duckdb_itself_is_refused(
    stored: Settings, paths: SymbolPaths
) -> None:
    with duckdb.connect(paths.compute_db) as connection:
        connection.execute("UPDATE latest_state SET confidence = confidence / 2")

    with pytest.raises(RegimeError, match=r"compute\.db is damaged .*`regime verify AAA`"):
        state("AAA", where=stored)


def test_a_frame_of_bars_holds_what_was_proven(stored: Settings, paths: SymbolPaths) -> None:
    lazy, wanted = bars("AAA", "1day", where=stored), make_bars(HELD)
    part = _files(paths)["bars"]

    _flip(part, random.Random(1))
    after_a_flip = lazy.collect()
    part.unlink()

    assert after_a_flip.equals(wanted)
    assert lazy.tail(3).collect().equals(wanted.tail(3))


def _outcome(settings: Settings, *stages: Stage) -> tuple[Status, str]:
    workspace = RunWorkspace.open(settings)
    instrument = workspace.universe.instrument("AAA")
    outcome = run_symbol(workspace, instrument, LATER, stages=stages or tuple(Stage))
    return outcome.status, outcome.reason


@pytest.mark.parametrize("kind", ["bars", "raw", "manifest", "compute manifest", "verdict"])
def test_a_run_with_nothing_new_finds_what_rotted(
    stored: Settings, paths: SymbolPaths, kind: str
) -> None:
    assert _outcome(stored) == (Status.UNCHANGED, "")
    path = _files(paths)[kind]
    data = path.read_text() if path.suffix == ".json" else ""
    if data:
        path.write_text(data.replace('"symbol": "AAA"', '"symbol": "AAB"', 1))
    else:
        _flip(path, random.Random(5))

    status, reason = _outcome(stored)

    assert status is Status.FAILED
    assert path.name in reason
    assert "backup" in reason if kind == "raw" else "regime repair AAA" in reason


def test_a_run_rebuilds_damaged_results_and_reports_why(
    stored: Settings, paths: SymbolPaths
) -> None:
    wanted = READERS["history"](stored)
    _flip(paths.compute_db, random.Random(2))
    workspace = RunWorkspace.open(stored)

    outcome = run_symbol(workspace, workspace.universe.instrument("AAA"), LATER)

    assert outcome.compute is not None
    assert outcome.compute.status is Status.DONE
    assert "damaged" in outcome.compute.how
    assert READERS["history"](stored) == wanted
    assert verify(workspace, workspace.universe.instrument("AAA")).result == "proven"


def _replaced(path: Path) -> None:
    other = path.with_name("other")
    shutil.copy2(path, other)
    other.replace(path)


def _longer(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"x")


@pytest.mark.parametrize(
    "change", [_replaced, Path.touch, _longer], ids=["replaced", "touch", "size"]
)
@pytest.mark.parametrize("kind", ["bars", "compute.db"])
def test_what_was_proven_is_proven_again_once_the_file_is_another(
    stored: Settings, paths: SymbolPaths, kind: str, change: Callable[[Path], None]
) -> None:
    _outcome(stored)  # a copied store is proven again
    name, path = str(_files(paths)[kind].relative_to(paths.folder)), _files(paths)[kind]
    digest = "" if kind == "compute.db" else _digest(stored, path.name)
    assert is_proven(paths, name, digest)

    change(path)

    assert not is_proven(paths, name, digest)
    assert not is_proven(paths, name, "another digest")


def _digest(settings: Settings, name: str) -> str:
    verdict = read_verdict(RunWorkspace.open(settings).root.symbol("AAA"))
    assert verdict is not None
    files = [file for series in verdict.promoted.values() for file in series.files]
    return next(file.sha256 for file in files if file.name == name)


def test_a_damaged_memory_means_to_prove_again(stored: Settings, paths: SymbolPaths) -> None:
    _outcome(stored)
    assert paths.proven is not None
    memory = paths.proven.read_text()
    name = paths.compute_db.name
    for spoilt in ("{", memory[:-9], memory.replace('"compute.db":[', '"compute.db":[1'), "[]"):
        paths.proven.write_text(spoilt)
        assert not is_proven(paths, name)
        assert state("AAA", where=stored)
        assert is_proven(paths, name)


def test_verifying_finds_what_no_fact_of_the_file_tells_and_has_it_proven_again(
    stored: Settings, paths: SymbolPaths
) -> None:
    path, compute = _files(paths)["bars"], (Stage.COMPUTE_DB, Stage.MANIFESTS)
    digest = _digest(stored, path.name)
    _flip(path, random.Random(3))
    stamp = stamp_of(path)
    assert stamp is not None
    # as if the disk had changed it without an error
    remember(paths, {str(path.relative_to(paths.folder)): (stamp, digest)})
    workspace = RunWorkspace.open(stored)
    before = _outcome(stored, *compute)[0]

    proof = verify(workspace, workspace.universe.instrument("AAA"))

    assert before is Status.UNCHANGED
    assert proof.result == "changed"
    assert _outcome(stored, *compute)[0] is Status.FAILED


_READING = """
import sys
from pathlib import Path
from regime_platform.query.series import bars, history
from regime_platform.query.states import state
from regime_platform.settings import Settings
where = Settings(_env_file=None, REGIME_DATA_ROOT=sys.argv[1], REGIME_UNIVERSE=sys.argv[2])
stop, reads = Path(sys.argv[3]), 0
while not stop.exists() or not reads:
    rows = bars("AAA", "1day", where=where).collect()
    assert rows.height in (420, 421), rows.height
    assert history("AAA", "1day", where=where).height in (400, 401)
    assert state("AAA", where=where)["1day"].symbol == "AAA"
    reads += 1
    if reads == 1:
        print("reading", flush=True)
print(reads)
"""


@contextmanager
def _reader(settings: Settings, stop: Path) -> Iterator[subprocess.Popen[str]]:
    universe = settings.data_root / "universe.yaml"
    command = [sys.executable, "-c", _READING, str(settings.data_root), str(universe), str(stop)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            stop.touch()


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_readers_meet_no_error_while_bars_are_promoted_again_and_again(
    stored: Settings, tmp_path: Path
) -> None:
    longer = make_bars(HELD + 1)
    workspace = RunWorkspace.open(stored)
    instrument = workspace.universe.instrument("AAA")
    with _reader(stored, tmp_path / "stop") as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "reading\n"
        for turn in range(12):
            last = float(longer["close"][-1]) * (1 + turn / 1000)
            served = longer.with_columns(
                close=pl.when(pl.int_range(pl.len()) == HELD).then(last).otherwise("close"),
                high=pl.when(pl.int_range(pl.len()) == HELD).then(last * 2).otherwise("high"),
            )
            serve(stored, "AAA", "1day", served)
            outcome = run_symbol(workspace, instrument, LATER + dt.timedelta(hours=turn))
            assert outcome.status is Status.DONE, outcome.reason
        (tmp_path / "stop").touch()
        output, errors = process.communicate(timeout=120)

    assert (process.returncode, errors) == (0, "")
    assert int(output) >= 2


def test_bars_that_are_gone_are_named_and_not_looked_for_endlessly(
    stored: Settings, paths: SymbolPaths
) -> None:
    _files(paths)["bars"].unlink()

    with pytest.raises(BarsError, match=r"is missing; .*`regime repair AAA --yes`"):
        bars("AAA", "1day", where=stored)


def test_an_older_verdict_has_no_seal_and_is_read(stored: Settings, paths: SymbolPaths) -> None:
    text = paths.verdict.read_text()
    head, _, _ = text.rpartition(',\n  "seal"')
    paths.verdict.write_text(f"{head}\n}}\n")
    workspace = RunWorkspace.open(stored)

    assert bars("AAA", "1day", where=stored).collect().height == HELD
    assert verify(workspace, workspace.universe.instrument("AAA")).result == "proven"

    paths.verdict.write_text(f"{head}\n}}\n".replace('"rules_version"', '"rules_versiom"'))
    with pytest.raises(BarsError, match=r"verdict\.json is damaged"):
        bars("AAA", "1day", where=stored)
