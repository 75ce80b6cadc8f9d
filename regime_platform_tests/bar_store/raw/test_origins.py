"""Sources and price basis of raw files, also after a compaction and from an earlier manifest."""

import datetime as dt
from dataclasses import replace
from pathlib import Path

from regime_platform.bar_store.raw.compaction import compact
from regime_platform.bar_store.raw.raw_log import append, origins
from regime_platform.bar_store.raw.raw_names import list_raw
from regime_platform.manifests.bar_manifest import Origins, SeriesBars
from regime_platform_tests.builders import LONG_AFTER, fetch_origin, make_bars

BARS = make_bars(9)
BOTH = Origins(("files", "sample"), ("as_served", "unadjusted"))


def _log(folder: Path) -> tuple[str, ...]:
    """Three files, the last of another source and price basis."""
    for day in range(3):
        origin = fetch_origin(LONG_AFTER + dt.timedelta(days=day))
        if day == 2:
            origin = replace(origin, source="files", price_basis="unadjusted")
        append(folder, BARS[3 * day : 3 * day + 3], origin)
    return list_raw(folder).names


def _known(sources: list[str], raw_files: tuple[str, ...]) -> SeriesBars:
    """A series of an earlier manifest with these origins, and other fields left out."""
    return SeriesBars.model_construct(
        sources=tuple(sources), price_basis=("as_served",), raw_files=raw_files
    )


def test_origins_are_those_of_the_validated_files(tmp_path: Path) -> None:
    names = _log(tmp_path)

    assert origins(tmp_path, names, None) == BOTH
    assert origins(tmp_path, names[:2], None) == Origins(("sample",), ("as_served",))
    assert origins(tmp_path, (), None) == Origins()


def test_origins_survive_a_compaction(tmp_path: Path) -> None:
    names = _log(tmp_path)
    compact(tmp_path)

    assert origins(tmp_path, names, None) == BOTH
    assert origins(list_raw(tmp_path), list_raw(tmp_path).names, None) == BOTH


def test_files_of_an_earlier_manifest_are_not_opened_again(tmp_path: Path) -> None:
    names = _log(tmp_path)
    for name in names[:2]:
        (tmp_path / name).write_bytes(b"damaged")

    known = _known(["sample"], names[:2])

    assert origins(tmp_path, names, known) == BOTH


def test_an_earlier_manifest_of_other_files_is_ignored(tmp_path: Path) -> None:
    names = _log(tmp_path)

    known = _known(["twelvedata"], ("000009-20261122T031500Z-01234567.parquet",))

    assert origins(tmp_path, names, known) == BOTH
