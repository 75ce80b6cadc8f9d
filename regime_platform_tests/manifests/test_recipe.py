"""The recipe: its digest, and when two recipes make the same numbers."""

from typing import Any

from regime_platform.manifests.recipe import RankedEras, Recipe


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
    }
    return Recipe.of(**{**given, **changes})


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
    assert not _recipe(eras=here).makes_same_numbers(_recipe(eras=there))
    assert _recipe(eras=here).is_stale(_recipe(eras=there, params_fingerprint="xx"))


def test_eras_under_another_name_make_the_same_numbers() -> None:
    recipe = _recipe(eras=_eras("v1", "a"))

    assert recipe.makes_same_numbers(_recipe(eras=_eras("v2", "b")))
    assert not recipe.makes_same_numbers(_recipe(eras=_eras("v1", "a"), bars={"1day": "xx"}))
    assert not recipe.makes_same_numbers(_recipe(libraries={"numba": "2"}))


def test_keys_of_a_later_release_are_kept_and_digested() -> None:
    recipe = Recipe.model_validate({**_recipe().as_json(), "compiler": "x"})

    assert recipe.as_json()["compiler"] == "x"
    assert recipe.digest != _recipe().digest
