"""A bundle is proven by itself alone, and nothing in it can be changed unnoticed."""

import datetime as dt
import json
import random
import shutil
import zipfile
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import duckdb
import pytest

from regime_platform.audit.bundle.bundle import INDEX, export_bundle
from regime_platform.audit.bundle.proof import verify_bundle
from regime_platform.audit.snapshots import Snapshot, find_snapshot, take_snapshot
from regime_platform.bar_store.parquet import decode, encode
from regime_platform.errors import BarsError, RegimeError, ResultsError, UsageError
from regime_platform.pipeline.platform import RunWorkspace
from regime_platform_tests.pipeline.snapshot_street import EVENTS, SYMBOLS, Street, opened
from regime_platform_tests.scenario import street, with_value
from regime_platform_tests.tampering import tamper

Change = Callable[[dict[str, bytes]], None]


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The three walked, a snapshot of them and its bundle."""
    folder = tmp_path_factory.mktemp("bundle")
    walked = opened(street(folder, SYMBOLS))
    taken = take_snapshot(walked.workspace, dt.date(2026, 11, 22), walked.now, "release")
    export_bundle(walked.workspace, taken, folder / "bundle.zip")
    return folder


@pytest.fixture
def later(once: Path, tmp_path: Path) -> tuple[Street, Snapshot]:
    """The same in a data root of the test's own, a day later."""
    shutil.copytree(once, tmp_path, dirs_exist_ok=True)
    settings = street(tmp_path, SYMBOLS)
    walked = Street(settings, RunWorkspace.open(settings)).tomorrow()
    return walked, find_snapshot(walked.workspace.root, "release")


def _changed(bundle: Path, target: Path, change: Change) -> Path:
    """The bundle after ``change``, with an index that vouches for the change."""
    with zipfile.ZipFile(bundle) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    index = json.loads(files.pop(INDEX))
    change(files)
    index["files"] = {
        name: {"bytes": len(data), "sha256": sha256(data).hexdigest()}
        for name, data in files.items()
    }
    with zipfile.ZipFile(target, "w") as archive:
        for name, data in {**files, INDEX: json.dumps(index).encode()}.items():
            archive.writestr(name, data)
    return target


def _a_close(files: dict[str, bytes]) -> None:
    name = next(file for file in files if file.startswith("assets/AAA/bars/1day/"))
    bars, facts = decode(files[name], name)
    files[name] = encode(with_value(bars, 7, close=bars["close"][7] + 1e-9), facts)


def _a_row(files: dict[str, bytes], folder: Path, statement: str) -> None:
    path = folder / "changed.db"
    path.write_bytes(files["assets/BBB/compute.db"])
    with duckdb.connect(str(path)) as connection:
        connection.execute(statement)
    files["assets/BBB/compute.db"] = path.read_bytes()


def _text(name: str, old: str, new: str) -> Change:
    def change(files: dict[str, bytes]) -> None:
        assert old.encode() in files[name]
        files[name] = files[name].replace(old.encode(), new.encode(), 1)

    return change


def test_a_bundle_is_proven_and_every_number_comes_out_again(once: Path) -> None:
    proof = verify_bundle(once / "bundle.zip", recompute=True)

    assert proof.findings == ()
    assert proof.is_proven
    assert proof.symbols == SYMBOLS
    taken = json.loads((once / "data/snapshots/manifest_2026-11-22.json").read_text())
    assert proof.digest == taken["digest"]


def test_a_bundle_holds_the_environment_and_says_how_to_prove_it(once: Path) -> None:
    with zipfile.ZipFile(once / "bundle.zip") as archive:
        told = json.loads(archive.read("environment.json"))
        text = archive.read("README.txt").decode()

    assert told["code"] == RunWorkspace.open(street(once, SYMBOLS)).code.facts()
    assert {"polars", "numba", "regime-platform"} <= set(told["libraries"])
    assert told["parameters"]["short_list"] == 100
    assert "regime verify --bundle" in text


def test_a_snapshot_gone_past_is_taken_back_from_the_raw_log(
    later: tuple[Street, Snapshot], tmp_path: Path
) -> None:
    walked, taken = later
    happen, touched, _ = EVENTS["a new bar"]
    happen(walked)

    bundle = export_bundle(walked.workspace, taken, tmp_path / "old.zip")

    assert bundle.rebuilt == touched
    assert bundle.digest == taken.document["digest"]
    assert verify_bundle(bundle.path, recompute=True).findings == ()


def test_what_other_code_made_is_not_passed_off_as_the_snapshot(
    later: tuple[Street, Snapshot], tmp_path: Path
) -> None:
    walked, taken = later
    changed = EVENTS["other code"][0](walked)

    with pytest.raises(ResultsError, match="compute digest installed are not those of then"):
        export_bundle(changed.workspace, taken, tmp_path / "old.zip")

    assert not (tmp_path / "old.zip").exists()


def test_an_export_twice_gives_the_same_bytes_and_overwrites_nothing(
    later: tuple[Street, Snapshot], tmp_path: Path
) -> None:
    walked, taken = later

    again = export_bundle(walked.workspace, taken, tmp_path / "again.zip")

    assert again.path.read_bytes() == (tmp_path / "bundle.zip").read_bytes()
    with pytest.raises(UsageError, match="exists"):
        export_bundle(walked.workspace, taken, tmp_path / "again.zip")


SET = "UPDATE {} SET {} WHERE ts = (SELECT max(ts) FROM state_history)"


@pytest.mark.parametrize(
    ("change", "symbol", "what"),
    [
        (_a_close, "AAA", "bars/1day"),
        (SET.format("state_history", "vrs = vrs + 1e-9"), "BBB", "state_history"),
        (SET.format("escalation_history_v3", "esc_pctl = 0.5"), "BBB", "escalation_history_v3"),
        (SET.format("latest_state", "regime_bars = 1000"), "BBB", "latest_state"),
        ("DELETE FROM forward_labels WHERE is_mature", "BBB", "forward_labels"),
        (_text("assets/CCC/manifest.json", "US_EQUITY", "FX"), "CCC", "manifest.json"),
        (
            _text("assets/CCC/compute_manifest.json", "max_ts", "min_ts"),
            "CCC",
            "compute_manifest.json",
        ),
        (lambda files: files.pop("assets/CCC/compute.db"), "CCC", "assets"),
    ],
    ids=["close", "state", "escalation", "latest", "labels", "manifest", "results", "gone"],
)
def test_a_changed_bundle_is_found_out_even_if_its_index_vouches_for_it(
    once: Path, tmp_path: Path, change: Any, symbol: str, what: str
) -> None:
    def apply(files: dict[str, bytes]) -> None:
        if isinstance(change, str):
            _a_row(files, tmp_path, change)
        else:
            change(files)

    proof = verify_bundle(_changed(once / "bundle.zip", tmp_path / "changed.zip", apply))

    assert not proof.is_proven
    assert (symbol, what) in {(finding.symbol, finding.what) for finding in proof.findings}


def test_a_snapshot_changed_within_the_bundle_is_found_out(once: Path, tmp_path: Path) -> None:
    name = "snapshots/manifest_2026-11-22.json"
    change = _text(name, '"count": 420', '"count": 419')

    proof = verify_bundle(_changed(once / "bundle.zip", tmp_path / "changed.zip", change))

    assert ("", name) in {(finding.symbol, finding.what) for finding in proof.findings}


def test_bytes_that_changed_on_the_way_are_found_out(once: Path, tmp_path: Path) -> None:
    data = bytearray((once / "bundle.zip").read_bytes())
    with zipfile.ZipFile(once / "bundle.zip") as archive:
        entries = [one for one in archive.infolist() if one.compress_size > 1000]
    for entry in entries[::3]:
        damaged = bytearray(data)
        damaged[entry.header_offset + 600] ^= 0x10
        (tmp_path / "damaged.zip").write_bytes(damaged)

        try:
            proof = verify_bundle(tmp_path / "damaged.zip")
        except BarsError:
            continue  # the index itself cannot be read
        assert not proof.is_proven, entry.filename
    (tmp_path / "cut.zip").write_bytes(data[: len(data) // 2])
    with pytest.raises(BarsError, match="no bundle, or a damaged one"):
        verify_bundle(tmp_path / "cut.zip")


def test_damage_is_named_and_nothing_is_exported(once: Path, tmp_path: Path) -> None:
    shutil.copytree(once, tmp_path, dirs_exist_ok=True)
    workspace = RunWorkspace.open(street(tmp_path, SYMBOLS))
    taken, chance = find_snapshot(workspace.root, "release"), random.Random(9)
    paths, target = workspace.root.symbol("BBB"), tmp_path / "out" / "release.zip"

    for _ in range(12):
        done = tamper(paths, chance)
        try:
            export_bundle(workspace, taken, target)
        except RegimeError as error:
            told = str(error)
        else:  # what a bundle has no place for is no part of the proof
            told = "" if done.path == paths.chain else "shipped"
            target.unlink()
        done.undo()
        assert not told or ("BBB" in told and "regime repair BBB" in told), (done, told)
        assert not target.exists()
    assert list(tmp_path.rglob(".tmp-*")) == []

    export_bundle(workspace, taken, target)

    assert verify_bundle(target).is_proven
