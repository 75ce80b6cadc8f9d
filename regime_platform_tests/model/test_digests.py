"""Content digests see values and nothing else."""

import subprocess
import sys

import polars as pl
import pytest

from regime_platform.model.bar_schema import BARS_SCHEMA_DIGEST, BARS_SCHEMA_VERSION
from regime_platform.model.digests import BLOCK_ROWS, block_digests, frame_digest
from regime_platform.model.result_schema import RESULT_SCHEMA_DIGEST, RESULT_SCHEMA_VERSION
from regime_platform_tests.builders import make_bars

FRAME = pl.DataFrame(
    {"n": [1, None, 3], "x": [1.0, None, 2.5], "s": ["a", None, "ab"], "b": [True, None, False]}
)


@pytest.mark.parametrize(
    "other",
    [
        FRAME.reverse(),
        FRAME.select("x", "n", "s", "b"),
        FRAME.rename({"n": "m"}),
        FRAME.with_columns(x=pl.Series([1.0, float("nan"), 2.5])),
        FRAME.with_columns(x=pl.Series([1.0, 0.0, 2.5])),
        FRAME.with_columns(n=pl.Series([1, 0, 3])),
        FRAME.with_columns(s=pl.Series(["a", "", "ab"])),
        FRAME.with_columns(s=pl.Series(["aa", None, "b"])),
        FRAME.with_columns(b=pl.Series([True, False, False])),
        FRAME.cast({"x": pl.Float32}),
        FRAME.head(2),
    ],
    ids=["rows", "columns", "name", "nan", "zero", "int", "empty", "lengths", "bool", "type", "fewer"],
)
def test_another_frame_has_another_digest(other: pl.DataFrame) -> None:
    assert frame_digest(other) != frame_digest(FRAME)


def test_how_a_frame_came_to_be_is_of_no_account() -> None:
    pieces = pl.concat([FRAME.head(1), FRAME.tail(2)], rechunk=False)

    assert frame_digest(pieces) == frame_digest(FRAME)


def test_an_enum_hashes_by_its_words() -> None:
    words = pl.DataFrame({"w": ["a", "b", "a"]})
    one = words.cast(pl.Enum(["a", "b"]))

    assert frame_digest(one) == frame_digest(words.clone().cast(pl.Enum(["a", "b"])))
    assert frame_digest(one) != frame_digest(one.reverse().with_columns(w=pl.lit("b").cast(pl.Enum(["a", "b"]))))


def test_an_append_changes_only_the_last_blocks() -> None:
    bars = make_bars(2 * BLOCK_ROWS + 10)

    before, after = block_digests(bars.head(2 * BLOCK_ROWS + 5)), block_digests(bars)

    assert before[:2] == after[:2]
    assert before[2] != after[2]


def test_another_process_comes_to_the_same_digest() -> None:
    script = (
        "from regime_platform.model.digests import frame_digest\n"
        "from regime_platform_tests.builders import make_bars\n"
        "print(frame_digest(make_bars(500)))"
    )
    said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert said.stdout.strip() == frame_digest(make_bars(500))


def test_a_changed_column_cannot_keep_the_version_of_its_schema() -> None:
    """Whoever changes a schema changes the number with it, and then this table."""
    assert (BARS_SCHEMA_VERSION, BARS_SCHEMA_DIGEST[:16]) == (2, "b3954ddc788115e2")
    assert (RESULT_SCHEMA_VERSION, RESULT_SCHEMA_DIGEST[:16]) == (2, "2d0ce2f0957fdf3d")
