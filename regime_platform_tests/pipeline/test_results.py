"""Results are made as a whole where their file or their recipe is another."""

from pathlib import Path
from typing import Any

import pytest

from regime_platform.compute_db.reader import read_lineage
from regime_platform_tests.pipeline.updates import (
    DAYS,
    assert_as_if_made_at_once,
    long_bars,
    made,
    paths_of,
)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"recipe": "two"}, "parameters, eras, code or libraries are others"),
        ({"force": True}, "as asked for"),
    ],
)
def test_results_of_another_recipe_are_computed_as_a_whole(
    tmp_path: Path, change: dict[str, Any], reason: str
) -> None:
    folder = tmp_path / "data"
    bars = long_bars()
    made(folder, {**bars, "1day": bars["1day"].head(DAYS - 1)})

    stored, how = made(folder, bars, **change)

    assert reason in how
    assert read_lineage(paths_of(folder).compute_db) == stored


def test_a_damaged_compute_db_is_rebuilt(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    bars = long_bars()
    made(folder, {**bars, "1day": bars["1day"].head(DAYS - 1)})
    paths_of(folder).compute_db.write_bytes(b"no database" * 1000)

    _, how = made(folder, bars)

    assert "damaged" in how
    assert_as_if_made_at_once(folder, bars)
