"""A renamed symbol keeps its history, provably, whatever moment the rename was killed at."""

import datetime as dt
import itertools
import json
import os
import shutil
import signal
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from regime_platform.audit.verify.verify import verify
from regime_platform.bar_store.layout import DataRoot, SymbolPaths
from regime_platform.bar_store.locks import writing
from regime_platform.compute_db.board import read_board
from regime_platform.compute_db.content import table_digest
from regime_platform.compute_db.reader import read_lineage, read_table
from regime_platform.errors import BarsError, ConfigError, RegimeError, UsageError
from regime_platform.model.digests import document_digest
from regime_platform.model.result_schema import TABLES
from regime_platform.operations import renames
from regime_platform.operations.renames import rename, unfinished
from regime_platform.operations.universe_edits import add, delist, remove
from regime_platform.pipeline.board import refresh_board
from regime_platform.pipeline.outcomes import Status
from regime_platform.pipeline.run import run_symbol, run_symbols
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.query.series import bars, history
from regime_platform.query.states import state
from regime_platform.settings import Settings, load_universe
from regime_platform.sql_views.run import run as run_query
from regime_platform_tests.builders import make_bars
from regime_platform_tests.conftest import NOW
from regime_platform_tests.error_codes import raises
from regime_platform_tests.kills import Killed, killed_before
from regime_platform_tests.prepared_process import ended_script
from regime_platform_tests.scenario import contents, fingerprint, serve, street

LATER = dt.datetime(2026, 11, 21, 9, tzinfo=dt.UTC)
META = {"symbol": "META", "name": "Meta"}


@pytest.fixture(scope="session")
def _processed_two(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("two")
    settings = street(folder, ["FB", "IBM"])
    for symbol, seed in (("FB", 1), ("META", 1), ("IBM", 2)):
        serve(settings, symbol, "1day", make_bars(430, seed=seed))
    workspace = RunWorkspace.open(settings)
    refresh_board(workspace, list(run_symbols(workspace, workspace.universe.instruments, NOW)))
    return folder


@pytest.fixture
def two(_processed_two: Path, tmp_path: Path) -> Settings:
    """FB and IBM after one run; the source has the bars of FB under META too."""
    shutil.copytree(_processed_two, tmp_path, dirs_exist_ok=True)
    return street(tmp_path, ["FB", "IBM"])


def paths_of(settings: Settings, symbol: str) -> SymbolPaths:
    return RunWorkspace.open(settings).root.symbol(symbol)


def unlocked(root: Path) -> dict[str, str]:
    """Every file but the locks, with its time of writing and its contents."""
    return {k: v for k, v in fingerprint(root).items() if not k.endswith(".lock")}


def documents(paths: SymbolPaths) -> dict[str, Any]:
    names = (paths.manifest, paths.compute_manifest)
    return {path.name: json.loads(path.read_text()) for path in names}


@pytest.mark.slow
def test_history_moves_with_the_symbol_and_the_former_name_points_to_it(two: Settings) -> None:
    before = history("FB", "1day", where=two)
    stored = bars("FB", "1day", where=two).collect()

    edit = rename(two, "FB", META, LATER)

    after = history("META", "1day", where=two)
    assert edit.is_written
    assert after.drop("symbol").equals(before.drop("symbol"))
    assert after["symbol"].unique().to_list() == ["META"]
    assert bars("META", "1day", where=two).collect().equals(stored)
    with raises(UsageError, "unknown-symbol", match="META"):
        history("FB", "1day", where=two)
    assert load_universe(two).instrument("META").name == "Meta"
    assert "META" in read_board(RunWorkspace.open(two).root)["symbol"]
    assert not paths_of(two, "FB").folder.exists()


def test_a_rename_changes_no_raw_file_and_no_bars_file(two: Settings) -> None:
    def files(symbol: str) -> dict[str, str]:
        folder = paths_of(two, symbol).folder
        return {**contents(folder / "raw"), **contents(folder / "bars")}

    before = files("FB")

    rename(two, "FB", META, LATER)

    assert files("META") == before
    assert before


def test_the_run_after_a_rename_has_nothing_to_do_and_writes_nothing(two: Settings) -> None:
    rename(two, "FB", META, LATER)
    before = fingerprint(two.data_root)
    workspace = RunWorkspace.open(two)

    outcomes = list(run_symbols(workspace, workspace.universe.instruments, LATER))
    refresh_board(workspace, outcomes)

    assert {outcome.symbol: outcome.status for outcome in outcomes} == dict.fromkeys(
        ("IBM", "META"), Status.UNCHANGED
    )
    after = fingerprint(two.data_root)
    changed = {name for name in {*before, *after} if before.get(name) != after.get(name)}
    assert changed == set()


def test_what_was_proven_under_the_old_symbol_can_be_proven_under_the_new(two: Settings) -> None:
    old = documents(paths_of(two, "FB"))

    rename(two, "FB", META, LATER)

    paths = paths_of(two, "META")
    new = documents(paths)
    (kept,) = json.loads((paths.folder / "renames.json").read_text())["renames"]
    assert [kept["manifest"], kept["compute_manifest"]] == list(old.values())
    for name, document in new.items():
        assert document["replaces"] == old[name]["seal"]
        assert old[name]["digest"] == document_digest(old[name]["manifest"])
        assert document["digest"] == document_digest(document["manifest"])
        assert document["manifest"]["symbol"] == "META"
    workspace = RunWorkspace.open(two)
    proof = verify(workspace, workspace.universe.instrument("META"), recompute=True)
    assert (proof.result, proof.links) == ("proven", 4)
    bars_then, bars_now = old["manifest.json"]["manifest"], new["manifest.json"]["manifest"]
    assert bars_now["content_digest"] == bars_then["content_digest"]
    assert bars_now["timeframes"] == bars_then["timeframes"]
    promised = old["compute_manifest.json"]["manifest"]["tables"]
    for name in TABLES:
        rows = read_table(paths.compute_db, name).with_columns(symbol=pl.lit("FB"))
        assert table_digest(name, rows) == promised[name]
    tables = new["compute_manifest.json"]["manifest"]["tables"]
    assert tables == read_lineage(paths.compute_db).tables != promised


def named(root: Path) -> dict[str, str]:
    """Every file with its contents; DuckDB's are told by what is in them."""
    names = dict(contents(root))
    for path in root.rglob("compute.db"):
        names[str(path.relative_to(root))] = read_lineage(path).model_dump_json()
    for path in root.rglob("compute_manifest.json"):  # tells when the database was written
        names[str(path.relative_to(root))] = json.loads(path.read_text())["digest"]
    for path in root.rglob("chain.jsonl"):
        links = map(json.loads, path.read_text().splitlines())
        names[str(path.relative_to(root))] = str([link["digest"] for link in links])
    board = read_board(DataRoot(root)).drop("made_from")  # that names times of files too
    names["board.parquet"] = board.write_json()
    return {name: text for name, text in names.items() if not name.endswith(".lock")}


def test_what_persons_decided_about_bars_goes_along(two: Settings) -> None:
    text = "version: 1\nsymbol: FB\ndecisions:\n- id: 1\n  reason: 'symbol: FB'\n"
    (paths_of(two, "FB").folder / "decisions.yaml").write_text(text)

    rename(two, "FB", META, LATER)

    kept = (paths_of(two, "META").folder / "decisions.yaml").read_text()
    assert kept == text.replace("FB", "META", 1)


@pytest.mark.slow
def test_a_rename_killed_at_any_moment_is_carried_on_to_the_same_end(
    two: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = tmp_path / "kept"
    shutil.copytree(two.data_root, kept)
    rename(two, "FB", META, LATER)
    wanted, moments = named(two.data_root), 0

    for commit in itertools.count():
        shutil.rmtree(two.data_root)
        shutil.copytree(kept, two.data_root)
        try:
            with killed_before(commit, monkeypatch):
                rename(two, "FB", META, LATER)
        except Killed:
            moments += 1
        else:
            break
        rename(two, "FB", META, LATER)
        assert unfinished(two) == []
        assert named(two.data_root) == wanted, commit

    assert moments >= 9


SCRIPT = """
import datetime as dt, os, signal
from regime_platform.operations import renames
from regime_platform.settings import Settings
renames.move = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
renames.rename(
    Settings(_env_file=None), "FB", {"symbol": "META"}, dt.datetime(2026, 11, 21, tzinfo=dt.UTC)
)
"""


@pytest.mark.slow
def test_kill_9_leaves_a_rename_that_the_next_edit_carries_on(two: Settings) -> None:
    environment = {**os.environ, "REGIME_DATA_ROOT": str(two.data_root)}
    victim = ended_script(SCRIPT, environment=environment)

    (begun,) = unfinished(two)
    refused = run_symbol(RunWorkspace.open(two), load_universe(two).instrument("FB"), LATER)
    readers = (
        lambda: state("FB", where=two),
        lambda: bars("FB", "1day", where=two),
        lambda: history("FB", "1day", where=two),
    )
    for reader in readers:
        with raises(BarsError, "renamed", match="`regime universe rename FB META` finishes it"):
            reader()
    with pytest.warns(UserWarning, match="`regime universe rename FB META` finishes it"):
        shown = run_query("SELECT DISTINCT symbol FROM latest_state", where=two)
    edit = delist(two, "IBM", dt.date(2026, 11, 20))

    assert shown["symbol"].to_list() == ["IBM"]
    assert edit.carried_on == ("the rename of FB to META was carried on",)
    assert victim.returncode == -signal.SIGKILL
    assert (begun.former, begun.symbol) == ("FB", "META")
    assert refused.status is Status.FAILED
    assert "`regime universe rename FB META` finishes it" in refused.reason
    assert load_universe(two).symbols == ("IBM", "META")
    assert history("META", "1day", where=two)["symbol"].unique().to_list() == ["META"]
    assert list(two.data_root.rglob(".tmp-*")) == []


def test_a_run_that_began_before_the_rename_leaves_the_old_symbol_alone(two: Settings) -> None:
    workspace = RunWorkspace.open(two)
    rename(two, "FB", META, LATER)

    outcome = run_symbol(workspace, workspace.universe.instrument("FB"), LATER)

    assert outcome.status is Status.FAILED
    assert "FB was renamed to META at 2026-11-21T09:00:00Z" in outcome.reason
    assert not paths_of(two, "FB").folder.exists()


def test_a_rename_waits_for_the_writer_of_the_folder_and_else_begins_nothing(
    two: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = unlocked(two.data_root)

    def impatient(paths: SymbolPaths) -> Any:
        return writing(paths, timeout=0.05)

    monkeypatch.setattr(renames, "writing", impatient)
    with (
        writing(paths_of(two, "FB")),
        raises(BarsError, "locked", match="process"),
    ):
        rename(two, "FB", META, LATER)

    assert unfinished(two) == []
    assert unlocked(two.data_root) == before


def test_a_symbol_may_get_its_former_name_back(two: Settings) -> None:
    rename(two, "FB", META, LATER)
    rename(two, "META", {"symbol": "FB"}, LATER + dt.timedelta(days=1))

    workspace = RunWorkspace.open(two)
    outcome = run_symbol(workspace, workspace.universe.instrument("FB"), LATER)

    assert workspace.universe.instrument("FB").formerly == ("META",)
    assert outcome.status is Status.UNCHANGED
    kept = json.loads((paths_of(two, "FB").folder / "renames.json").read_text())["renames"]
    assert [(each["former"], each["symbol"]) for each in kept] == [("FB", "META"), ("META", "FB")]


def test_asked_for_again_a_rename_changes_nothing(two: Settings) -> None:
    rename(two, "FB", META, LATER)
    before = unlocked(two.data_root)

    edit = rename(two, "FB", META, LATER)

    assert not edit.is_written
    assert unlocked(two.data_root) == before


def test_a_symbol_without_data_is_renamed_too(two: Settings) -> None:
    shutil.rmtree(paths_of(two, "FB").folder)

    rename(two, "FB", META, LATER)

    assert load_universe(two).symbols == ("IBM", "META")
    assert unfinished(two) == []


def test_results_that_cannot_be_read_do_not_keep_a_symbol_from_being_renamed(
    two: Settings,
) -> None:
    paths_of(two, "FB").compute_db.write_bytes(b"nonsense")

    rename(two, "FB", META, LATER)
    workspace = RunWorkspace.open(two)
    outcome = run_symbol(workspace, workspace.universe.instrument("META"), LATER)

    assert outcome.status is Status.DONE
    assert history("META", "1day", where=two).height


@pytest.mark.parametrize(
    ("symbol", "changes", "code", "culprit"),
    [
        ("QQQ", {"symbol": "META"}, "unknown-symbol", "QQQ"),
        ("FB", {"symbol": "IBM"}, "symbol-taken", "IBM"),
        ("FB", {"symbol": "../X"}, "unsafe-symbol", "X"),
        ("FB", {"symbol": "FB"}, "symbol-taken", "FB"),
        ("FB", {"symbol": "OLD"}, "symbol-folder-taken", "assets/OLD"),
        ("FB", {"symbol": "META", "name": ""}, "missing-field", "name"),
    ],
)
def test_what_cannot_be_renamed_is_refused_before_anything_is_written(
    two: Settings,
    symbol: str,
    changes: dict[str, str],
    code: str,
    culprit: str,
) -> None:
    (two.data_root / "assets" / "OLD").mkdir()
    before = unlocked(two.data_root)

    with raises(RegimeError, code, match=culprit):
        rename(two, symbol, changes, LATER)

    assert unlocked(two.data_root) == before


def test_what_the_source_calls_a_symbol_is_not_guessed(two: Settings) -> None:
    entry = "{symbol: TWTR, name: T, asset_class: US_EQUITY, tier: daily, source: twelvedata, "
    fields = "provider_symbol: TWTR, mic_code: XNYS}"
    (two.data_root / "universe.yaml").write_text(f"instruments:\n  - {entry}{fields}\n")

    with raises(UsageError, "provider-symbol-unclear", match="--provider-symbol"):
        rename(two, "TWTR", {"symbol": "X"}, LATER)
    rename(two, "TWTR", {"symbol": "X", "provider_symbol": "TWTR"}, LATER)

    assert load_universe(two).instrument("X").identity["provider_symbol"] == "TWTR"


def test_a_former_symbol_is_not_given_to_another_instrument(two: Settings) -> None:
    former = load_universe(two).instrument("FB")
    rename(two, "FB", META, LATER)
    remove(two, ["META"])

    with raises(ConfigError, "former-symbol", match="META"):
        add(two, [former])
