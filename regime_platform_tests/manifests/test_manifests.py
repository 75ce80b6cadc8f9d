"""Manifests say what lies on disk, and the same facts give the same digest."""

import datetime as dt
import json
from pathlib import Path

from regime_platform.bar_store.canonical import read_in_force
from regime_platform.compute_db.content import table_digest
from regime_platform.compute_db.reader import read_table
from regime_platform.files import file_sha256
from regime_platform.manifests.manifest import is_same, sealed
from regime_platform.manifests.recipe import (
    is_same_recipe,
    is_stale_code,
    recipe_digest,
    recipe_facts,
)
from regime_platform.model.digests import facts_digest, frame_digest
from regime_platform.model.result_schema import TABLES
from regime_platform.pipeline.platform import RunWorkspace


def _recipe(**changes: object) -> dict[str, object]:
    given = {
        "bars": {"1day": "aa"},
        "params_fingerprint": "bb",
        "eras": {"version": "fixed-1"},
        "compute_digest": "cc",
        "libraries": {"numba": "1"},
    }
    return recipe_facts(**{**given, **changes})  # type: ignore[arg-type]


def test_the_order_of_facts_is_of_no_account(now: dt.datetime) -> None:
    one, other = {"a": 1, "b": {"c": 2, "d": 3}}, {"b": {"d": 3, "c": 2}, "a": 1}

    assert sealed(one, None, now)["digest"] == sealed(other, None, now)["digest"]


def test_the_time_of_writing_is_not_part_of_the_digest(now: dt.datetime) -> None:
    first = sealed({"a": 1}, None, now)
    later = sealed({"a": 1}, first, now + dt.timedelta(days=1))

    assert first["digest"] == later["digest"]
    assert (later["number"], later["replaces"]) == (2, first["seal"])
    assert first["seal"] != later["seal"]
    assert is_same(first, {"a": 1})
    assert not is_same(first, {"a": 2})
    assert not is_same(None, {"a": 1})


def test_each_part_of_a_recipe_changes_its_digest() -> None:
    base = recipe_digest(_recipe())

    changed = [
        _recipe(bars={"1day": "xx"}),
        _recipe(params_fingerprint="xx"),
        _recipe(eras={"version": "fixed-2"}),
        _recipe(compute_digest="xx"),
        _recipe(libraries={"numba": "2"}),
    ]
    assert len({base, *(recipe_digest(one) for one in changed)}) == 6


def test_stale_code_is_told_from_new_bars() -> None:
    assert is_stale_code(_recipe(), _recipe(compute_digest="xx"))
    assert not is_stale_code(_recipe(), _recipe(bars={"1day": "xx"}, compute_digest="xx"))
    assert not is_stale_code(_recipe(), _recipe())


def test_other_eras_alone_are_a_change_and_no_stale_code() -> None:
    here, there = {"version": "v1", "boundaries": [[0, 5]]}, {"version": "v2", "boundaries": [[0]]}

    assert not is_stale_code(_recipe(eras=here), _recipe(eras=there))
    assert not is_same_recipe(_recipe(eras=here), _recipe(eras=there))
    assert is_stale_code(_recipe(eras=here), _recipe(eras=there, params_fingerprint="xx"))


def test_eras_under_another_name_make_the_same_numbers() -> None:
    one = {"version": "v1", "reason": "a", "boundaries": [[0, 5]]}
    renamed = {**one, "version": "v2", "reason": "b"}

    assert is_same_recipe(_recipe(eras=one), _recipe(eras=renamed))
    assert not is_same_recipe(_recipe(eras=one), _recipe(eras=one, bars={"1day": "xx"}))
    assert not is_same_recipe(_recipe(eras=one), _recipe(eras=one, libraries={"numba": "2"}))


def _manifest(path: Path) -> dict[str, object]:
    document = json.loads(path.read_text())
    assert document["digest"] == facts_digest(document["manifest"])
    facts: dict[str, object] = document["manifest"]
    return facts


def test_the_bar_manifest_names_the_files_that_are_there(walked: RunWorkspace) -> None:
    paths = walked.root.symbol("SYNTH")
    facts = _manifest(paths.manifest)

    for timeframe, told in facts["timeframes"].items():  # type: ignore[attr-defined]
        held = {file.name: file_sha256(file) for file in paths.bars(timeframe).glob("*.parquet")}
        assert held == {file["name"]: file["sha256"] for file in told["files"]}
        in_force = read_in_force(paths, timeframe)
        assert in_force is not None
        assert told["count"] == in_force[1].height
        assert told["digest"] == frame_digest(in_force[1])
        assert told["raw_files"] == sorted(file.name for file in paths.raw(timeframe).iterdir())


def test_the_compute_manifest_names_the_digests_of_the_tables(walked: RunWorkspace) -> None:
    paths = walked.root.symbol("AAPL")
    facts = _manifest(paths.compute_manifest)

    assert facts["tables"] == {
        name: table_digest(name, read_table(paths.compute_db, name)) for name in TABLES
    }
    assert facts["bar_count_used"] == 3270 + 679
    assert facts["asof"] == {"1day": "2013-03-01T00:00:00Z", "1week": "2013-02-25T00:00:00Z"}
    bars = _manifest(paths.manifest)["timeframes"]
    assert facts["recipe"]["bars"] == {tf: bar["digest"] for tf, bar in bars.items()}  # type: ignore[index,attr-defined]
