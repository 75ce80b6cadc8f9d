"""The compute manifest states what the results are and what they were made from, its recipe."""

from typing import Any

from regime_platform.bar_store.manifest_files import read_manifest
from regime_platform.compute_db.content import table_digest
from regime_platform.compute_db.reader import read_lineage, read_table
from regime_platform.files import json_text
from regime_platform.manifests.bar_manifest import BarManifest
from regime_platform.manifests.compute_manifest import ComputeManifest, RankedEras, Recipe
from regime_platform.model.result_schema import TABLES
from regime_platform.pipeline.run_workspace import RunWorkspace


def test_it_names_the_digests_of_the_tables(processed: RunWorkspace) -> None:
    paths = processed.root.symbol("AAPL")
    bars = read_manifest(paths.manifest, BarManifest)
    document = read_manifest(paths.compute_manifest, ComputeManifest)

    assert bars is not None
    assert document is not None
    facts = document.manifest
    assert facts.tables == {
        name: table_digest(name, read_table(paths.compute_db, name)) for name in TABLES
    }
    assert facts.bar_count_used == 3270 + 679
    assert facts.asof == {"1day": "2013-03-01T00:00:00Z", "1week": "2013-02-25T00:00:00Z"}
    assert facts.recipe.bars == {
        timeframe: series.digest for timeframe, series in bars.manifest.timeframes.items()
    }


def test_it_has_the_lineage_of_its_database(processed: RunWorkspace) -> None:
    paths = processed.root.symbol("AAPL")
    document = read_manifest(paths.compute_manifest, ComputeManifest)

    assert document is not None
    assert document.manifest.lineage == read_lineage(paths.compute_db)
    assert document.manifest.recipe_digest == document.manifest.recipe.digest


def test_it_is_written_again_byte_for_byte(processed: RunWorkspace) -> None:
    for symbol in ("SYNTH", "AAPL"):
        path = processed.root.symbol(symbol).compute_manifest

        document = read_manifest(path, ComputeManifest)

        assert document is not None
        assert json_text(document.as_json()) == path.read_text()


def _eras(version: str = "fixed-1", reason: str = "", *edges: tuple[int, int]) -> RankedEras:
    boundaries = edges or ((0, 9),)
    return RankedEras(boundaries=boundaries, era_class="FX", reason=reason, version=version)


def _recipe(**changes: Any) -> Recipe:
    given = {
        "bars": {"1day": "aa"},
        "params_fingerprint": "bb",
        "eras": _eras(),
        "compute_digest": "cc",
        "libraries": {"numba": "1"},
        "result_schema_digest": "dd",
    }
    return Recipe(**{**given, **changes})


def test_each_part_of_a_recipe_changes_its_digest() -> None:
    changed = [
        _recipe(bars={"1day": "xx"}),
        _recipe(params_fingerprint="xx"),
        _recipe(eras=_eras("fixed-2")),
        _recipe(compute_digest="xx"),
        _recipe(libraries={"numba": "2"}),
    ]
    assert len({_recipe().digest, *(recipe.digest for recipe in changed)}) == 6


def test_stale_code_is_distinguished_from_new_bars() -> None:
    assert _recipe().is_stale(_recipe(compute_digest="xx"))
    assert not _recipe().is_stale(_recipe(bars={"1day": "xx"}, compute_digest="xx"))
    assert not _recipe().is_stale(_recipe())


def test_other_eras_alone_are_a_change_and_no_stale_code() -> None:
    here, there = _eras("v1", "", (0, 5)), _eras("v2", "", (0, 6))

    assert not _recipe(eras=here).is_stale(_recipe(eras=there))
    assert _recipe(eras=here).differs_in(_recipe(eras=there)) == {"eras"}
    assert _recipe(eras=here).is_stale(_recipe(eras=there, params_fingerprint="xx"))


def test_eras_under_another_name_make_the_same_numbers() -> None:
    recipe = _recipe(eras=_eras("v1", "a"))

    assert recipe.differs_in(_recipe(eras=_eras("v2", "b"))) == set()
    assert recipe.differs_in(_recipe(eras=_eras("v1"), bars={"1day": "xx"})) == {"bars"}
    assert recipe.differs_in(_recipe(libraries={"numba": "2"})) == {"libraries"}


def test_keys_of_a_later_release_are_kept_and_digested() -> None:
    recipe = Recipe.model_validate({**_recipe().as_json(), "compiler": "x"})

    assert recipe.as_json()["compiler"] == "x"
    assert recipe.digest != _recipe().digest
