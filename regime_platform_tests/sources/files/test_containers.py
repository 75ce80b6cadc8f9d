"""Containers and stored types are read by their content, or refused by name; no bytes crash."""

import gzip
import io
import random
import zipfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from regime_platform.errors import BarsError, RegimeError
from regime_platform_tests.error_codes import raises
from regime_platform_tests.sources.files.tables import BAR, PLAIN, table


def zipped(*names: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name in names:
            archive.writestr(zipfile.ZipInfo(name), PLAIN)
    return packed.getvalue()


def stored(form: str) -> bytes:
    packed = io.BytesIO()
    frame = pl.read_csv(PLAIN.encode())
    (frame.write_parquet if form == "parquet" else frame.write_ipc)(packed)
    return packed.getvalue()


@pytest.mark.parametrize(
    ("name", "data", "container"),
    [
        ("1day.TXT", PLAIN.encode(), "csv"),
        ("1day.csv.gz", gzip.compress(PLAIN.encode(), mtime=0), "csv in gz"),
        ("1day.zip", zipped("a/day.csv", "__MACOSX/a"), "csv in zip"),
        ("1day.parquet", stored("parquet"), "parquet"),
        ("1day.feather", stored("arrow"), "arrow"),
        ("1day", gzip.compress(stored("parquet"), mtime=0), "parquet in gz"),
    ],
)
def test_a_container_is_known_by_its_content(
    tmp_path: Path, name: str, data: bytes, container: str
) -> None:
    read = table(tmp_path, data, name)

    assert read.container == container
    assert read.numbers.rows() == [BAR]


@pytest.mark.parametrize(
    ("name", "data", "code", "remedy"),
    [
        ("a.xlsx", PLAIN.encode(), "file-suffix", "export the table as CSV"),
        ("a.csv", b"SQLite format 3\0", "unreadable-file", "SQLite database; export its table"),
        ("a.csv", b"\x89HDF\r\n", "unreadable-file", "HDF5"),
        ("a.zip", zipped("xl/workbook.xml"), "unreadable-file", "workbook; save its sheet"),
        ("a.zip", zipped("b.csv", "c.csv"), "ambiguous-archive", "b.csv, c.csv"),
        ("a.zip", zipped("b.csv")[:-30], "unreadable-file", "cannot be unpacked"),
        ("a.gz", gzip.compress(PLAIN.encode(), mtime=0)[:-9], "unreadable-file", "damaged"),
        ("a.gz", PLAIN.encode(), "unreadable-file", "not packed with gzip"),
        ("a.csv", b"<!DOCTYPE html><p>not found", "unreadable-file", "a web page"),
        ("a.csv", b'{"Date": 1}', "unreadable-file", "JSON"),
        ("a.csv", b"\x01\x02,\x03", "unreadable-file", "neither a text nor"),
        ("a.csv", "Date,Open\n1,2\n".encode("utf-16")[:-1], "unreadable-file", "UTF-16"),
    ],
)
def test_other_kinds_of_files_are_refused_by_name(
    tmp_path: Path, name: str, data: bytes, code: str, remedy: str
) -> None:
    with raises(BarsError, code, match=remedy):
        table(tmp_path, data, name)


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (pa.decimal128(12, 3), ["1.5", "0.1"]),
        (pa.float16(), [1.5, 0.25]),
        (pa.uint8(), [1, 2]),
        (pa.dictionary(pa.int8(), pa.string()), ["1.5", "0.1"]),
        (pa.large_string(), ["1.5", "0.1"]),
    ],
)
def test_numbers_of_any_stored_type_are_read(
    tmp_path: Path, kind: pa.DataType, values: list[Any]
) -> None:
    plain = pa.array(values).cast(kind) if pa.types.is_decimal(kind) else pa.array(values, kind)

    read = table(tmp_path, parquet({"close": plain}), "a.parquet")

    assert read.numbers["close"].to_list() == [float(value) for value in values]


def parquet(columns: "Mapping[str, pa.Array[Any]]") -> bytes:
    usual = {
        "ts": pa.array([0, 86400], pa.timestamp("s")),
        **dict.fromkeys(("open", "high", "low", "close"), pa.array([1.0, 2.0])),
    }
    packed = io.BytesIO()
    pq.write_table(pa.table({**usual, **columns}), packed)
    return packed.getvalue()


@pytest.mark.parametrize(
    ("column", "message"),
    [
        ({"close": pa.array([b"12", b"34"], pa.binary(2))}, "close has the type .*inary"),
        ({"close": pa.array([[1.0], [2.0]])}, "close has the type List"),
        ({"close": pa.array([1, 2], pa.timestamp("s"))}, "close has the type Datetime"),
    ],
)
def test_stored_types_that_are_no_numbers_are_refused_by_column_and_type(
    tmp_path: Path, column: "Mapping[str, pa.Array[Any]]", message: str
) -> None:
    with raises(BarsError, "column-type", match=message):
        table(tmp_path, parquet(column), "a.parquet")


def test_times_of_a_fixed_offset_keep_it(tmp_path: Path) -> None:
    times = pa.array([0, 86400], pa.timestamp("s", "+05:30"))

    read = table(tmp_path, parquet({"ts": times}), "a.parquet")

    assert read.times[0] == "1970-01-01 05:30:00.000+05:30"


def test_no_bytes_end_in_another_error_than_one_for_users(tmp_path: Path) -> None:
    chance = random.Random(3)
    whole = [
        PLAIN.encode(),
        stored("parquet"),
        stored("arrow"),
        zipped("a"),
        "Datum;Schluß\n2024-01-02;1,5\n".encode("cp1252"),
    ]
    texts = [whole[n % 5] for n in range(300)]
    for data in texts:
        changed = bytearray(data[: chance.randrange(1, len(data) + 1)])
        for _ in range(chance.randrange(4)):
            changed[chance.randrange(len(changed))] = chance.randrange(256)
        name = chance.choice(["a.csv", "a.parquet", "a.gz", "a.zip", "a"])
        with suppress(RegimeError):
            table(tmp_path, bytes(changed), name)
