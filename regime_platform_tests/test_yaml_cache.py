"""A long universe is read from the cache exactly as from its text, and a faulty one is not kept."""

from pathlib import Path

import pytest

from regime_platform.errors import ConfigError
from regime_platform.model.universe import universe as universes
from regime_platform.model.universe.universe import parse_universe, universe_findings
from regime_platform.sealed_cache import SealedCache
from regime_platform.yaml_cache import SHORTEST, YamlCache
from regime_platform_tests.bench.scale_universe import scale_universe

_TEXT = scale_universe(core=20, daily=150)


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> YamlCache:
    """A cache that this process uses."""
    made = YamlCache(SealedCache(tmp_path / "yaml"))
    monkeypatch.setattr(universes, "_store", lambda: made)
    universes._read.cache_clear()
    return made


def _files(kept: YamlCache) -> list[Path]:
    return sorted(kept.files.folder.glob("*"))


def test_a_universe_is_read_as_it_was_parsed(
    kept: YamlCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert len(_TEXT) >= SHORTEST
    parsed = parse_universe(_TEXT, "universe.yaml")
    assert len(_files(kept)) == 1
    universes._read.cache_clear()
    monkeypatch.setattr(universes, "load_document", lambda _: pytest.fail("parsed again"))

    assert parse_universe(_TEXT, "universe.yaml") == parsed


def test_a_damaged_file_is_parsed_and_written_again(kept: YamlCache) -> None:
    parsed = parse_universe(_TEXT, "universe.yaml")
    (path,) = _files(kept)
    whole = path.read_bytes()
    path.write_bytes(whole[:-2] + b"0]")
    universes._read.cache_clear()

    assert parse_universe(_TEXT, "universe.yaml") == parsed
    assert path.read_bytes() == whole


def test_a_universe_with_a_fault_is_not_kept_and_names_its_line(kept: YamlCache) -> None:
    faulty = _TEXT.replace("tier: daily", "tier: weekly", 1)

    for _ in range(2):
        universes._read.cache_clear()
        (finding,) = universe_findings(faulty, "universe.yaml")
        assert finding.line > 1
        with pytest.raises(ConfigError, match=f"line {finding.line}"):
            parse_universe(faulty, "universe.yaml")

    assert not _files(kept)


def test_only_the_last_texts_are_kept_and_no_short_ones(kept: YamlCache) -> None:
    long = "x" * SHORTEST
    for number in range(6):
        kept.keep(f"{number}{long}", [number])
    kept.keep("short", [0])
    kept.keep(f"date{long}", [{1: "a key that is no text in JSON"}])

    assert len(_files(kept)) == 4
    assert kept.read(f"5{long}") == [5]
    assert kept.read(f"0{long}") is None


def test_files_that_another_process_removes_or_writes_are_left_to_it(kept: YamlCache) -> None:
    folder = kept.files.folder
    folder.mkdir()
    (folder / "gone.json").symlink_to("removed")  # fails as a file removed after it was listed
    for number in range(4):
        (folder / f".tmp-{number}.json").touch()

    kept.keep("x" * SHORTEST, [1])

    assert kept.read("x" * SHORTEST) == [1]
    assert len(_files(kept)) == 6
