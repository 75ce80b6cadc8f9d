"""A digest follows the values and nothing else: no chunk, no process, no release of a library."""

import datetime as dt
import json
import os
import struct
import subprocess
import sys
from collections.abc import Callable
from hashlib import sha256
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regime_platform.model.digests import (
    BLOCK_ROWS,
    blocks_of,
    canonical_json,
    definition_digest,
    document_digest,
    frame_digest,
)
from regime_platform_tests.examples import examples

VOCABULARY = pl.Enum(["LOW", "MED", "HIGH"])
NOON = dt.datetime(2020, 1, 2, 12, tzinfo=dt.UTC)

FRAME = pl.DataFrame(
    {
        "ts": [NOON, NOON + dt.timedelta(hours=1), None],
        "price": [1.5, None, float("nan")],
        "small": [0.1, -0.0, float("inf")],
        "text": ["", "zwölf", None],
        "bucket": ["LOW", None, "HIGH"],
        "is_mature": [True, False, None],
        "flag": [1, None, -1],
        "bits": [0, 65535, 1],
        "day": [dt.date(2020, 1, 2), None, dt.date(1969, 12, 31)],
    },
    schema={
        "ts": pl.Datetime("us", "UTC"),
        "price": pl.Float64,
        "small": pl.Float64,
        "text": pl.String,
        "bucket": VOCABULARY,
        "is_mature": pl.Boolean,
        "flag": pl.Int8,
        "bits": pl.UInt16,
        "day": pl.Date,
    },
)

_PRINT = """
from regime_platform_tests.model.test_digests import FRAME, frame_digest
print(frame_digest(FRAME))
"""


def test_the_digest_of_a_known_frame_never_changes() -> None:
    # A new value here is a new meaning of every digest ever stored: raise the schema versions too.
    assert frame_digest(FRAME) == "be3f7e1e4cff29c23e2122d7a465ada9c885fdfba87c64c061ef52edca3a2d85"


def _column_by_hand(values: list[Any], form: str) -> bytes:
    """Bytes of a column as docs/schemas.md defines them; ``form`` is that of struct, s is text."""
    bits = "".join("1" if value is None else "0" for value in values)
    padded = bits + "0" * (-len(bits) % 8)
    nulls = bytes(int(padded[at : at + 8], 2) for at in range(0, len(padded), 8))
    mark = b"\x01" + nulls if "1" in bits else b"\x00"
    if form == "s":
        texts = [(value or "").encode() for value in values]
        return mark + struct.pack(f"<{len(texts)}I", *map(len, texts)) + b"".join(texts)
    empty = float("nan") if form == "d" else 0
    return mark + struct.pack(
        f"<{len(values)}{form}", *(empty if value is None else value for value in values)
    )


def test_a_digest_made_by_hand_as_the_document_tells_is_the_same() -> None:
    names = ("ts", "price", "small", "text", "bucket", "is_mature", "flag", "bits")
    forms = dict(zip(names, "qddsBBbH", strict=True))
    frame = pl.concat([FRAME.select(names)] * 400)
    columns = frame.with_columns(pl.col("ts", "bucket").to_physical()).to_dict(as_series=False)
    types = ("Datetime us UTC", "Float64", "Float64", "String", "Enum LOW MED HIGH", "Boolean")
    lines = [
        [name, *kind.split()] for name, kind in zip(names, (*types, "Int8", "UInt16"), strict=True)
    ]
    definition = sha256(json.dumps(lines, separators=(",", ":")).encode()).hexdigest()

    whole = sha256(f"{definition}:{frame.height}:1024".encode())
    for start in (0, 1024):
        block = [
            _column_by_hand(columns[name][start : start + 1024], forms[name]) for name in names
        ]
        whole.update(sha256(b"".join(block)).digest())

    assert frame_digest(frame) == whole.hexdigest()


@pytest.mark.slow
def test_another_process_gives_the_same_digest() -> None:
    there = subprocess.run(
        [sys.executable, "-c", _PRINT],
        env={**os.environ, "PYTHONHASHSEED": "5", "POLARS_MAX_THREADS": "1"},
        capture_output=True,
        text=True,
        check=True,
    )

    assert there.stdout.strip() == frame_digest(FRAME)


@pytest.mark.parametrize(
    "change",
    [
        lambda frame: frame.with_columns(price=pl.Series([np.nextafter(1.5, 2), None, np.nan])),
        lambda frame: frame.with_columns(price=pl.Series([1.5, np.nan, np.nan])),
        lambda frame: frame.with_columns(price=pl.Series([1.5, None, None], dtype=pl.Float64)),
        lambda frame: frame.with_columns(small=pl.Series([0.1, 0.0, np.inf])),
        lambda frame: frame.with_columns(text=pl.Series(["z", "wölf", None])),
        lambda frame: frame.with_columns(text=pl.Series(["", "zwölf", ""])),
        lambda frame: frame.with_columns(bucket=pl.Series(["MED", None, "HIGH"], dtype=VOCABULARY)),
        lambda frame: frame.with_columns(is_mature=pl.Series([True, False, False])),
        lambda frame: frame.with_columns(flag=pl.Series([1, 0, -1], dtype=pl.Int8)),
        lambda frame: frame.with_columns(pl.col("bits").cast(pl.UInt32)),
        lambda frame: frame.with_columns(pl.col("ts").dt.replace_time_zone(None)),
        lambda frame: frame.with_columns(pl.col("ts").dt.offset_by("1us")),
        lambda frame: frame.rename({"text": "txt"}),
        lambda frame: frame.select(["price", "ts", *frame.columns[2:]]),
        lambda frame: frame.rename({"price": "small", "small": "price"}),
        lambda frame: frame.reverse(),
        lambda frame: frame.head(2),
        lambda frame: frame.drop("flag"),
        lambda frame: frame.cast({"bucket": pl.Enum(["MED", "LOW", "HIGH"])}),
    ],
)
def test_any_change_of_the_values_of_a_frame_changes_its_digest(
    change: Callable[[pl.DataFrame], pl.DataFrame],
) -> None:
    assert frame_digest(change(FRAME)) != frame_digest(FRAME)


def test_how_a_frame_lies_in_memory_does_not_matter() -> None:
    in_chunks = pl.concat([FRAME.slice(row, 1) for row in range(3)], rechunk=False)
    out_of_a_larger_one = pl.concat([FRAME, FRAME, FRAME]).slice(3, 3)

    assert frame_digest(in_chunks) == frame_digest(FRAME)
    assert frame_digest(out_of_a_larger_one) == frame_digest(FRAME)


def test_every_nan_is_the_same_nan() -> None:
    strange = struct.unpack("<d", struct.pack("<Q", 0xFFF8_0000_0000_BEEF))[0]

    with_payload = pl.DataFrame({"x": np.array([1.0, strange])})
    assert frame_digest(with_payload) == frame_digest(pl.DataFrame({"x": [1.0, float("nan")]}))


def test_categories_count_by_their_words_and_not_by_the_order_they_were_met_in() -> None:
    words = pl.Series("w", ["b", "a", None, "b"])
    met_before = pl.Series(["x", "a", "b"]).cast(pl.Categorical)
    later = pl.concat([met_before, words.cast(pl.Categorical)]).slice(3).alias("w")

    assert frame_digest(later.to_frame()) == frame_digest(words.cast(pl.Categorical).to_frame())


def test_an_append_changes_no_block_but_the_last() -> None:
    rows = 2 * BLOCK_ROWS + 100
    rng = np.random.default_rng(3)
    longer = pl.DataFrame(
        {
            "x": rng.standard_normal(rows + 1),
            "late": [None if row > 2 * BLOCK_ROWS else 1.0 for row in range(rows + 1)],
            "text": [f"row {row}" for row in range(rows + 1)],
        }
    )

    before, after = blocks_of(longer.head(rows)).digests, blocks_of(longer).digests

    assert len(before) == len(after) == 3
    assert before[:2] == after[:2]
    assert before[2] != after[2]


def test_blocks_are_those_of_their_own_rows() -> None:
    frame = pl.DataFrame({"text": [str(row % 7) * (row % 5) for row in range(BLOCK_ROWS + 9)]})

    tail = blocks_of(frame).digests[1]

    assert (tail,) == blocks_of(frame.tail(9)).digests


def test_an_empty_frame_has_a_digest_of_its_schema() -> None:
    assert frame_digest(FRAME.clear()) == frame_digest(FRAME.head(0))
    assert frame_digest(FRAME.clear()) != frame_digest(FRAME.drop("flag").clear())
    assert blocks_of(FRAME.clear()).digests == ()


def test_a_type_without_a_digest_is_refused_by_name() -> None:
    with pytest.raises(TypeError, match="'pair'"):
        frame_digest(pl.DataFrame({"pair": [[1, 2]]}))


@pytest.mark.slow
@examples(40)
@given(
    st.lists(st.tuples(st.none() | st.text(max_size=4), st.none() | st.floats()), max_size=12),
    st.lists(st.tuples(st.none() | st.text(max_size=4), st.none() | st.floats()), max_size=12),
)
def test_two_frames_have_one_digest_exactly_when_they_are_equal(
    first_rows: list[tuple[str | None, float | None]],
    second_rows: list[tuple[str | None, float | None]],
) -> None:
    schema = {"text": pl.String, "x": pl.Float64}
    first, second = (pl.DataFrame(rows, schema, orient="row") for rows in (first_rows, second_rows))

    is_equal = _bits(first_rows) == _bits(second_rows)

    assert (frame_digest(first) == frame_digest(second)) is is_equal


def test_the_digest_of_facts_does_not_depend_on_their_order() -> None:
    facts = {"b": [1, {"y": None, "x": "é"}], "a": 0.1}

    assert document_digest(facts) == document_digest(dict(reversed(facts.items())))
    assert canonical_json(facts) == '{"a":0.1,"b":[1,{"x":"\\u00e9","y":null}]}'


def test_facts_that_json_cannot_say_are_refused() -> None:
    with pytest.raises(ValueError, match="JSON"):
        document_digest({"x": float("nan")})


def test_a_definition_is_identified_by_names_types_and_their_order() -> None:
    schema = FRAME.schema

    assert definition_digest(schema) == definition_digest(pl.Schema(schema))
    assert definition_digest(schema) != definition_digest(pl.Schema(reversed(schema.items())))
    assert definition_digest(pl.Schema({"a": pl.Enum(["b,c"])})) != definition_digest(
        pl.Schema({"a": pl.Enum(["b", "c"])})
    )


def _bits(rows: list[tuple[str | None, float | None]]) -> list[tuple[str | None, bytes | None]]:
    return [
        (text, None if x is None else b"nan" if np.isnan(x) else struct.pack("<d", x))
        for text, x in rows
    ]
