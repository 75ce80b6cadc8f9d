"""A sample of what `make chaos PART=damage` does, and the cases that it found."""

import itertools
import random
from collections.abc import Sequence
from pathlib import Path

import pytest

from regime_platform_tests.chaos.damage.copies import COPIES, Copied, add_copies, target_of
from regime_platform_tests.chaos.damage.damage import trials_of
from regime_platform_tests.chaos.damage.readers import READERS, compared
from regime_platform_tests.chaos.damage.store import Store, make_store
from regime_platform_tests.chaos.damage.ways import WAYS, Target

_SAMPLE = 6
_OF_ANOTHER = {
    "verdict.json": ("rp.state", "rp.bars"),
    "manifest.json": ("explain",),
    "compute_manifest.json": ("explain",),
    "chain.jsonl": ("state as of",),
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Store, Store]:
    return make_store(tmp_path_factory.mktemp("damaged"))


@pytest.fixture(scope="module")
def beside(
    made: tuple[Store, Store], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Store, Copied]:
    """A copy with what is beside the symbols."""
    store = made[0].copy(tmp_path_factory.mktemp("beside") / "store")
    return store, add_copies(store)


@pytest.fixture
def store(made: tuple[Store, Store], tmp_path: Path) -> Store:
    return made[0].copy(tmp_path / "store")


def _damaged(store: Store, earlier: Store, name: str, way: str) -> None:
    path = store.data / "assets" / "AAA" / name
    other = store.data / "assets" / "BBB" / name
    target = Target(path, earlier.folder / path.relative_to(store.folder), other)
    assert WAYS[way](target, random.Random(1))


def _require_refused(store: Store, readers: Sequence[str], whole: Store) -> None:
    for name in readers:
        reading, wanted = READERS[name](store), READERS[name](whole)
        assert "AAA" not in reading.parts, name
        assert not list(compared(reading, wanted, ["AAA"])), name


@pytest.mark.slow
@pytest.mark.parametrize("name", _OF_ANOTHER)
def test_a_document_of_another_symbol_is_refused_and_made_again(
    made: tuple[Store, Store], store: Store, name: str
) -> None:
    _damaged(store, made[1], name, "of_another")

    _require_refused(store, _OF_ANOTHER[name], made[0])
    store.expect("repair", "AAA", "--yes")
    store.expect("verify", "AAA")
    assert READERS["rp.state"](store).parts == READERS["rp.state"](made[0]).parts


@pytest.mark.slow
def test_results_that_were_rolled_back_are_refused_and_a_run_makes_them_again(
    made: tuple[Store, Store], store: Store
) -> None:
    _damaged(store, made[1], "compute.db", "rolled_back")

    _require_refused(store, ("rp.state", "rp.history"), made[0])
    store.expect("run", "AAA")
    assert READERS["rp.state"](store).parts == READERS["rp.state"](made[0]).parts
    store.expect("verify", "--all")


@pytest.mark.slow
@pytest.mark.parametrize("way", ["truncated", "removed"])
def test_a_chain_that_lost_its_end_does_not_pass_for_a_short_one(
    made: tuple[Store, Store], store: Store, way: str
) -> None:
    _damaged(store, made[1], "chain.jsonl", way)

    _require_refused(store, ("state as of",), made[0])


@pytest.mark.slow
def test_damage_of_any_kind_gives_the_true_answer_or_a_remedy(
    made: tuple[Store, Store], store: Store, tmp_path: Path
) -> None:
    tried = itertools.islice(trials_of(store, made[1], 7, tmp_path), _SAMPLE)

    assert [trial for trial in tried if trial.problem] == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "way"),
    [
        ("backup", "kept_flip"),
        ("listing of a backup", "truncated"),
        ("bundle", "zeroed_block"),
        ("tables of Dagster", "zeroed_tail"),
    ],
)
def test_damage_beside_the_symbols_gives_what_was_there_or_a_remedy(
    beside: tuple[Store, Copied], made: tuple[Store, Store], tmp_path: Path, kind: str, way: str
) -> None:
    store, chance = beside[0].copy(tmp_path / "store"), random.Random(1)
    target = target_of(store, made[1], kind, chance)

    assert WAYS[way](target, chance)
    assert list(COPIES[kind][1](store, beside[1])) == []
