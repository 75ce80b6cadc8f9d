"""A name in a document of the store leads to no file outside its folder."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from regime_platform.audit.repair import repair
from regime_platform.audit.repair_plan import plan_repair
from regime_platform.audit.snapshots import find_snapshot, take_snapshot
from regime_platform.audit.verify.verification import FindingKind
from regime_platform.audit.verify.verify import manifest_findings, verify
from regime_platform.bar_store.canonical import read_in_force
from regime_platform.bar_store.layout import DataRoot
from regime_platform.bar_store.verdicts import unsealed
from regime_platform.errors import BarsError, ConfigError, PathError, ResultsError
from regime_platform.model.digests import document_digest
from regime_platform.model.timeframes import DURATION
from regime_platform.operations.renames import finish_renames
from regime_platform.pipeline.eras import era_set
from regime_platform.pipeline.gate.promote import promote
from regime_platform.pipeline.outcomes import Status
from regime_platform.pipeline.run import run_symbols
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.settings import Settings
from regime_platform_tests.builders import make_bars
from regime_platform_tests.conftest import NOW
from regime_platform_tests.crafted_documents import link_json
from regime_platform_tests.error_codes import raises
from regime_platform_tests.scenario import fingerprint, serve, street

THEIRS = "theirs.parquet"
PATHS = [f"../../../../../{THEIRS}", "../../compute.db", "/etc/hostname", "", "a\x1b[2J.parquet"]


@pytest.fixture(scope="module")
def _once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("names")
    settings = street(folder, ["AAA"])
    serve(settings, "AAA", "1day", make_bars(430))
    workspace = RunWorkspace.open(settings)
    list(run_symbols(workspace, workspace.universe.instruments, NOW))
    take_snapshot(workspace, NOW.date(), NOW)
    return folder


@pytest.fixture
def settings(_once: Path, tmp_path: Path) -> Settings:
    shutil.copytree(_once, tmp_path, dirs_exist_ok=True)
    return street(tmp_path, ["AAA"])


@pytest.fixture
def workspace(settings: Settings) -> RunWorkspace:
    return RunWorkspace.open(settings)


def _edit(path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n")


def _promise(workspace: RunWorkspace, change: Callable[[dict[str, Any]], object]) -> None:
    """Changes what verdict and bar manifest say of the daily bars, with every digest made again."""
    paths = workspace.root.symbol("AAA")

    def of_verdict(verdict: dict[str, Any]) -> None:
        del verdict["seal"]
        change(verdict["series"][0])
        verdict["seal"] = document_digest(verdict)

    def of_manifest(document: dict[str, Any]) -> None:
        verdict = json.loads(paths.verdict.read_text())
        facts = document["manifest"]
        facts["verdict_digest"] = document_digest(unsealed(verdict))
        series = facts["timeframes"].pop("1day")
        series_facts = verdict["series"][0]
        facts["timeframes"][series_facts["timeframe"]] = {
            **series,
            "files": series_facts["promoted"]["files"],
        }
        document["digest"] = document_digest(facts)
        document["seal"] = link_json(document)["seal"]

    _edit(paths.verdict, of_verdict)
    _edit(paths.manifest, of_manifest)
    links = [json.loads(line) for line in paths.chain.read_text().splitlines()]
    manifest = link_json(json.loads(paths.manifest.read_text()))
    kept = [manifest if link["kind"] == manifest["kind"] else link for link in links]
    paths.chain.write_text("".join(f"{json.dumps(link)}\n" for link in kept))


@pytest.mark.parametrize("name", PATHS)
def test_a_part_that_is_a_path_is_a_finding_and_its_repair_leaves_the_file_alone(
    workspace: RunWorkspace, tmp_path: Path, name: str
) -> None:
    (tmp_path / THEIRS).write_bytes(b"bars of another program")
    paths = workspace.root.symbol("AAA")
    _promise(workspace, lambda series: series["promoted"]["files"][0].update(name=name))
    (instrument,) = workspace.universe.instruments
    outside = fingerprint(tmp_path, without=("data",))
    results = paths.compute_db.read_bytes()

    proof = verify(workspace, instrument)
    quick = manifest_findings(paths, None)
    with raises(BarsError, "unsafe-path", match="regime repair AAA"):
        read_in_force(paths, "1day")
    repaired = repair(workspace, instrument, plan_repair(workspace, instrument), NOW)

    assert (FindingKind.CHANGED, "bars/1day") in {
        (finding.kind, finding.what) for finding in proof.findings
    }
    assert "is no name of a file below" in quick[0].reason
    assert fingerprint(tmp_path, without=("data",)) == outside
    assert paths.compute_db.read_bytes() == results
    assert repaired.after.result == "proven"


def test_a_timeframe_that_is_a_path_is_a_finding(workspace: RunWorkspace) -> None:
    paths = workspace.root.symbol("AAA")
    _promise(workspace, lambda series: series.update(timeframe="../../../elsewhere"))
    (instrument,) = workspace.universe.instruments

    proof = verify(workspace, instrument)

    assert (
        "verdict.json",
        f"it names '../../../elsewhere', expected {', '.join(DURATION)}",
    ) in {(finding.what, finding.reason) for finding in proof.findings}
    with raises(BarsError, "unknown-timeframe", match=r"'\.\./x'"):
        paths.bars("../x")
    assert promote(workspace, instrument).status is Status.DONE
    assert verify(workspace, instrument).result != "proven"


@pytest.mark.parametrize("former", ["../../outside", "AAA/raw", ""])
def test_a_rename_that_was_begun_with_a_path_is_not_carried_on(
    settings: Settings, workspace: RunWorkspace, tmp_path: Path, former: str
) -> None:
    (tmp_path / "outside").mkdir()
    entry = workspace.universe.instrument("AAA").model_dump(mode="json") | {"symbol": "BBB"}
    begun = {
        "former": former,
        "symbol": "BBB",
        "renamed_at": "2026-11-22T00:00:00Z",
        "instrument": entry,
        "is_finished": False,
    }
    (workspace.root.path / "renames.json").write_text(json.dumps({"renames": [begun]}))
    before = fingerprint(tmp_path)

    with pytest.raises(ConfigError, match="is not safe as a folder name"):
        finish_renames(settings)

    assert fingerprint(tmp_path) == before
    assert (tmp_path / "outside").is_dir()


@pytest.mark.parametrize("file", ["../../outside.json", "/etc/hostname", "index.jsonl", 7])
def test_a_snapshot_is_found_by_no_path(workspace: RunWorkspace, file: object) -> None:
    index = workspace.root.snapshot_index
    entry = json.loads(index.read_text()) | {"file": file}
    index.write_text(json.dumps(entry) + "\n")

    with raises(ResultsError, "snapshot-index-damaged", match="it is rebuilt"):
        find_snapshot(workspace.root, "2026-11-22")

    index.unlink()
    assert find_snapshot(workspace.root, f"{NOW.date()}").summary.date == f"{NOW.date()}"


def test_a_snapshot_of_another_shape_is_distinguished_from_a_damaged_one(
    workspace: RunWorkspace,
) -> None:
    path = next(workspace.root.snapshots.glob("manifest_*.json"))

    def other_shape(document: dict[str, Any]) -> None:
        document["manifest"]["symbols"]["AAA"]["timeframes"] = ["1day"]
        document["digest"] = document_digest(document["manifest"])
        document["seal"] = link_json(document)["seal"]

    _edit(path, other_shape)

    with raises(ResultsError, "snapshot-damaged", match=r"symbols\.AAA\.complete\.timeframes"):
        find_snapshot(workspace.root, f"{NOW.date()}")


@pytest.mark.parametrize("name", ["../x", "/x", "a/../../x", "a\\x", "\x1b"])
def test_versions_and_migrations_become_no_path(tmp_path: Path, name: str) -> None:
    root = DataRoot(tmp_path)
    for path in (root.era_set, root.migration):
        with raises(PathError, "unsafe-path"):
            path(name)
    with raises(ConfigError, "no-such-era-set"):
        era_set(root, "other")
    with pytest.raises(ConfigError, match="is not safe as a folder name"):
        root.symbol(name)
