"""Whatever is damaged in a data root is found, and its remedy ends with everything proven."""

import itertools
import json
import re
from collections.abc import Callable
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from regime_platform.bar_store.canonical import read_in_force
from regime_platform.bar_store.layout import FILE_CLASSES, FileClass, file_classes
from regime_platform.bar_store.overrides import read_overrides
from regime_platform.bar_store.raw.compaction import compact
from regime_platform.errors import ConfigError, RegimeError
from regime_platform.files import read_json, write_json
from regime_platform.model.digests import document_digest
from regime_platform.operations.backup.backup import backup
from regime_platform.operations.era_sets import adopt
from regime_platform.operations.overrides import undo
from regime_platform.pipeline.eras import adoptions
from regime_platform.pipeline.outcomes import Status
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.settings import Settings
from regime_platform_tests.audit.rich_symbol import (
    BAD,
    BARS,
    LATER,
    SAID,
    SYMBOL,
    paths_of_rich,
    proof_of_rich,
    repair_rich,
    run_rich,
)
from regime_platform_tests.crafted_documents import sealed_json
from regime_platform_tests.scenario import contents, serve


def is_bad_bar_back(settings: Settings) -> bool:
    stored = read_in_force(paths_of_rich(settings), "1day")
    return stored is not None and BARS["ts"][BAD] in stored[1]["ts"]


def _nonsense(path: Path) -> None:
    path.write_bytes(b"\x00\xff nonsense: [")


def _half(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _list(path: Path) -> None:
    path.write_bytes(b"[1]\n")


def _altered(path: Path) -> None:
    """Another digit or letter, so that text stays what a parser reads."""
    data = path.read_bytes()
    (*_, last) = re.finditer(rb"ann|2012|F(?=B)|[1-8](?=[0-9a-f])", data)
    path.write_bytes(data[: last.start()] + b"9" + data[last.start() + 1 :])


DAMAGES: dict[str, Callable[[Path], None]] = {
    "removed": Path.unlink,
    "truncated": _half,
    "garbled": _nonsense,
    "a list": _list,
    "altered": _altered,
}


@pytest.mark.slow
def test_every_damage_to_every_file_is_detected_and_its_remedy_repairs_it(rich: Settings) -> None:
    paths = paths_of_rich(rich)
    before = proof_of_rich(rich).digests
    kept = ("decisions.yaml", "splits.json", "price_factors.json", "identity.json", "actions.json")
    whole = [(paths.folder / name).read_bytes() for name in kept]
    names = [name for name in contents(paths.folder) if file_classes(name) == [FileClass.SEALED]]
    names = [name for name in names if not name.startswith("raw/")]
    names.append(names.pop(names.index("chain.jsonl")))  # with it goes what tells of renames

    for name, how in itertools.product(names, DAMAGES):
        case = f"{name} {how}"
        DAMAGES[how](paths.folder / name)
        outcome = repair_rich(rich)

        proof = outcome.plan.before
        assert not proof.status.is_good, case
        assert any(
            finding.what.startswith(name) or name[:-5] in finding.what for finding in proof.findings
        )
        assert proof.remedy == f"regime repair {SYMBOL}", case
        assert (outcome.after.result, outcome.reason) == ("proven", ""), case
        assert outcome.after.digests == before, case
    assert [(paths.folder / name).read_bytes() for name in kept] == whole
    assert run_rich(rich).status is Status.UNCHANGED
    assert not is_bad_bar_back(rich)


@pytest.mark.parametrize("how", DAMAGES)
def test_damage_to_a_cache_changes_no_answer_and_is_made_good_by_a_run(
    rich: Settings, how: str
) -> None:
    paths, before = paths_of_rich(rich), proof_of_rich(rich)
    paths.lock.write_text("2012 ann 1a")
    for path in (paths.acquisition, paths.lock):
        DAMAGES[how](path)

    assert proof_of_rich(rich) == before
    assert run_rich(rich).status is Status.UNCHANGED
    serve(rich, SYMBOL, "1day", BARS)
    assert run_rich(rich).status is Status.DONE
    assert (proof_of_rich(rich).result, proof_of_rich(rich).bars) == ("proven", BARS.height - 1)


def test_every_file_of_a_symbol_is_either_sealed_or_a_cache(rich: Settings) -> None:
    paths = paths_of_rich(rich)
    paths.compute_db.write_bytes(b"nonsense")
    repair_rich(rich)  # so that something is set aside
    serve(rich, SYMBOL, "1day", BARS)
    run_rich(rich)
    names = set(contents(paths.folder))
    compact(paths.raw("1day"))
    names |= set(contents(paths.folder))

    assert {len(file_classes(name)) for name in names} == {1}
    assert set(FILE_CLASSES.values()) == set(FileClass)
    reached = {
        file_asset_class
        for file_asset_class in FILE_CLASSES
        if any(fnmatchcase(name, file_asset_class) for name in names)
    }
    # there only while results are written, and of symbols of a vendor
    assert set(FILE_CLASSES) - reached == {"compute.db.wal", ".fetch.lock"}


@pytest.mark.parametrize("how", ["removed", "a list", "altered"])
def test_a_run_never_brings_back_what_a_lost_decision_kept_out(rich: Settings, how: str) -> None:
    serve(rich, SYMBOL, "1day", BARS)  # ten bars more, so that a promotion is due
    DAMAGES[how](paths_of_rich(rich).decisions)

    outcome = run_rich(rich)

    assert outcome.status is Status.FAILED
    assert f"`regime repair {SYMBOL}`" in outcome.reason
    assert not is_bad_bar_back(rich)
    assert repair_rich(rich).after.result == "proven"
    run_rich(rich)  # a fetch reads what an operator withdrew, so damage may have held it up
    assert run_rich(rich).status is Status.UNCHANGED
    assert proof_of_rich(rich).bars == BARS.height - 1
    assert (proof_of_rich(rich).result, is_bad_bar_back(rich)) == ("proven", False)


def test_manifests_without_the_new_seals_prove_what_they_proved_and_a_run_seals(
    rich: Settings,
) -> None:
    paths = paths_of_rich(rich)
    verdict, manifest = read_json(paths.verdict), read_json(paths.manifest)
    del (
        verdict["seal"],
        verdict["withdrawn"],
        verdict["actions"],
        verdict["series"][1]["rejected_file"],
    )
    facts = manifest["manifest"]
    del (
        facts["gate"]["withdrawn"],
        facts["gate"]["actions"],
        facts["timeframes"]["1day"]["gate"]["rejected_file"],
    )
    del facts["records"]
    facts["verdict_digest"] = document_digest(verdict)
    write_json(paths.verdict, verdict)
    older = sealed_json(facts, SAID.at)
    write_json(paths.manifest, older)
    links = [json.loads(line) for line in paths.chain.read_text().splitlines()]
    kept = [link for link in links if link["kind"] != "bars"]
    link = {name: older[name] for name in ("number", "digest", "replaces", "run")}
    about = {name: facts[name] for name in ("symbol", "content_digest")}
    unsealed = {"kind": "bars", **link, "about": about}
    kept.append({**unsealed, "seal": document_digest(unsealed)})
    paths.chain.write_text("".join(f"{json.dumps(link)}\n" for link in kept))
    paths.renames.unlink()
    paths.actions.unlink()

    assert proof_of_rich(rich).result == "proven"
    assert run_rich(rich).status is Status.DONE
    assert proof_of_rich(rich).reason == ""
    assert read_json(paths.manifest)["manifest"]["records"]["splits"]


@pytest.mark.parametrize("how", ["removed", "truncated", "garbled", "a list", "altered"])
def test_lost_adoptions_stop_everything_until_the_set_is_adopted_again(
    rich: Settings, how: str
) -> None:
    root = RunWorkspace.open(rich).root
    before = adoptions(root)

    DAMAGES[how](root.adopted_eras)
    with pytest.raises(ConfigError, match="regime eras adopt"):
        RunWorkspace.open(rich)
    adopt(root, "mine", since=LATER, by="ann", reason="again")

    assert adoptions(root) == before
    assert run_rich(rich).status is Status.UNCHANGED
    assert proof_of_rich(rich).result == "proven"


def test_adoptions_that_vanish_altogether_are_missed_by_the_results(rich: Settings) -> None:
    root = RunWorkspace.open(rich).root
    for path in (root.adopted_eras, root.adoption_log):
        path.unlink()

    outcome, proof = run_rich(rich), proof_of_rich(rich)

    assert outcome.status is Status.FAILED
    assert "ranked in era set mine, whose adoption" in outcome.reason
    assert (proof.result, proof.findings[0].what) == ("changed", "eras")
    assert proof.remedy is not None
    assert proof.remedy.endswith("regime eras adopt mine --reason TEXT")
    adopt(root, "mine", since=LATER, by="ann", reason="again")
    assert run_rich(rich).status is Status.UNCHANGED
    assert proof_of_rich(rich).result == "proven"


@pytest.mark.parametrize("how", ["removed", "truncated", "garbled"])
def test_a_damaged_raw_log_is_restored_and_nothing_is_made_of_it_before(
    rich: Settings, how: str
) -> None:
    (log,) = paths_of_rich(rich).raw("1day").glob("*.parquet")
    data = log.read_bytes()

    DAMAGES[how](log)
    proof = proof_of_rich(rich)
    refused = repair_rich(rich)
    log.write_bytes(data)

    assert proof.remedy is not None
    assert proof.remedy.startswith("restore its raw log from a backup; without a backup ")
    assert "restore the log from a backup" in refused.reason
    assert proof_of_rich(rich).result == "proven"


def test_damaged_decisions_are_a_clear_error_wherever_they_are_read(rich: Settings) -> None:
    paths = paths_of_rich(rich)
    for text in (b"", b"[", b"- 1", b"version: 1", b"\xff\xfe\x00", b"decisions: 2026-13-45"):
        paths.decisions.write_bytes(text)
        with pytest.raises(RegimeError, match=f"regime repair {SYMBOL}"):
            read_overrides(paths)
        workspace = RunWorkspace.open(rich)
        with pytest.raises(RegimeError, match=f"regime repair {SYMBOL}"):
            undo(workspace.root, workspace.universe.instrument(SYMBOL), 1, SAID)


def test_damage_to_records_and_evidence_keeps_the_good_copy_of_a_backup(
    rich: Settings, tmp_path: Path
) -> None:
    paths, target = paths_of_rich(rich), tmp_path / "copy"
    root = RunWorkspace.open(rich).root
    paths.compute_db.write_bytes(b"nonsense")
    repair_rich(rich)  # so that something is set aside
    assert not backup(root, target, LATER).damaged
    (evidence,) = paths.set_aside.rglob("compute.db")
    records = ("decisions.yaml", "splits.json", "price_factors.json", "identity.json")
    sealed_files = [paths.folder / name for name in (*records, "renames.json")]

    for path in (*sealed_files, paths.rejected("1day"), evidence):
        data = path.read_bytes()
        _altered(path) if path != evidence else path.write_bytes(b"other")
        assert list(backup(root, target, LATER).kept) == [f"assets/{SYMBOL}"], path
        path.write_bytes(data)
    assert not backup(root, target, LATER).kept
