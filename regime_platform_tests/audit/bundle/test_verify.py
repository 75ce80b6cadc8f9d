"""A bundle is proven by itself alone; whatever was changed in it is named."""

import json
import zipfile
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import duckdb
import pytest

from regime_platform.audit.bundle.archive import INDEX
from regime_platform.audit.bundle.verify import BundleVerification, verify_bundle
from regime_platform.bar_store.parquet import decode, encode
from regime_platform.errors import BarsError
from regime_platform_tests.audit.bundle.crafted_bundles import (
    RESULTS,
    SNAPSHOT,
    SYMBOL,
    Craft,
    Crafted,
)
from regime_platform_tests.audit.snapshot_scenario import SYMBOLS
from regime_platform_tests.error_codes import raises
from regime_platform_tests.scenario import with_value


def _entry(facts: dict[str, Any]) -> dict[str, Any]:
    entry: dict[str, Any] = facts["symbols"][SYMBOL]
    return entry


def _as(**changes: Any) -> Craft:
    return lambda crafted, _: crafted.change_snapshot(lambda facts: _entry(facts).update(changes))


def _path_timeframe(crafted: Crafted, _: Path) -> None:
    crafted.change_snapshot(
        lambda facts: _entry(facts)["timeframes"].update(
            {"../../../../elsewhere": {"count": 0, "digest": None}}
        )
    )


@pytest.mark.parametrize(
    ("craft", "reason"),
    [
        (lambda crafted, _: crafted.rename_symbol("..AAPL"), "'..AAPL' is not safe as a folder"),
        (lambda crafted, _: crafted.rename_symbol("A\u202eB"), "is not safe as a folder name"),
        (_path_timeframe, "'../../../../elsewhere' is no timeframe, expected one of 15min"),
        (_as(timeframes=[]), "timeframes: Input should be a valid dictionary"),
        (_as(tables={"state_history": None}), "state_history: Input should be a valid string"),
        (_as(status="proven"), "status"),
        (
            lambda crafted, _: crafted.change_snapshot(
                lambda facts: facts.update(snapshot_version=2)
            ),
            "has version 2, expected 1; use the release that wrote it",
        ),
        (
            lambda crafted, _: crafted.change_snapshot(lambda facts: facts.update(kind="bars")),
            "is no manifest of this kind",
        ),
        (
            lambda crafted, _: crafted.index.update(snapshot_digest="0" * 64),
            "is not the snapshot that the index names",
        ),
        (
            lambda crafted, _: crafted.replace(
                SNAPSHOT, crafted.files[SNAPSHOT].replace(b'"count"', b'"kount"', 1)
            ),
            "was changed after it was written",
        ),
    ],
)
def test_a_snapshot_that_is_not_whole_is_the_one_finding(
    proven: Callable[[Craft], BundleVerification], craft: Craft, reason: str
) -> None:
    proof = proven(craft)

    assert [(finding.symbol, finding.what) for finding in proof.findings] == [("", SNAPSHOT)]
    assert reason in proof.findings[0].reason
    assert proof.symbols == ()


@pytest.mark.parametrize("absolute", [False, True], ids=["relative", "absolute"])
def test_a_symbol_that_is_a_path_leads_nowhere(
    proven: Callable[[Craft], BundleVerification], tmp_path: Path, absolute: bool
) -> None:
    name = f"{tmp_path}/elsewhere/AAPL" if absolute else "../../elsewhere/AAPL"

    def only_in_the_snapshot(crafted: Crafted, _: Path) -> None:
        crafted.change_snapshot(
            lambda facts: facts.update(symbols={name: facts["symbols"][SYMBOL]})
        )

    proof = proven(only_in_the_snapshot)

    assert not proof.is_proven
    assert f"symbol {name!r} is not safe as a folder name" in proof.findings[0].reason
    with raises(BarsError, "bundle-damaged", match=r"holds an empty part, \. or \.\."):
        proven(lambda crafted, _: crafted.rename_symbol(name))


Change = Callable[[dict[str, bytes]], None]


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
        entries = [finding for finding in archive.infolist() if finding.compress_size > 1000]
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
    with raises(BarsError, "bundle-damaged"):
        verify_bundle(tmp_path / "cut.zip")


def test_a_view_in_the_place_of_a_table_reads_no_file(
    proven: Callable[[Craft], BundleVerification],
) -> None:
    def craft(crafted: Crafted, folder: Path) -> None:
        path = folder / "with_view.db"
        path.write_bytes(crafted.files[RESULTS])
        theirs = folder / "elsewhere" / "AAPL" / "compute.db"
        with duckdb.connect(path) as connection:
            connection.execute("DROP VIEW state_json")
            connection.execute("DROP TABLE forward_labels")
            connection.execute(
                f"CREATE VIEW forward_labels AS SELECT * FROM read_text('{theirs}')"  # noqa: S608
            )
        crafted.replace(RESULTS, path.read_bytes())

    proof = proven(craft)

    assert [(finding.symbol, finding.what) for finding in proof.findings] == [(SYMBOL, "assets")]
    assert "compute.db has no table forward_labels" in proof.findings[0].reason
