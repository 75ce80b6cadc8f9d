"""Parquet bytes: what is written is read, and every flipped bit of a sealed file is found."""

import polars as pl
import pytest

from regime_platform.bar_store.parquet import (
    decode,
    encode,
    encode_sealed,
    require_sealed,
)
from regime_platform.errors import BarsError
from regime_platform_tests.builders import make_bars
from regime_platform_tests.error_codes import raises

BARS = make_bars(50)


def test_a_frame_and_its_metadata_are_read_as_written() -> None:
    frame, metadata = decode(encode(BARS, {"symbol": "AAPL"}), "a file")

    assert frame.equals(BARS)
    assert metadata == {"symbol": "AAPL"}


def test_wanted_columns_that_the_file_lacks_are_left_out() -> None:
    frame, _ = decode(encode(BARS, {}), "a file", {"ts", "close", "source"})

    assert frame.columns == ["ts", "close"]


@pytest.mark.parametrize("data", [b"", b"PAR1", encode(BARS, {})[:-20]])
def test_bytes_that_are_no_whole_file_are_named(data: bytes) -> None:
    with raises(BarsError, "file-damaged", match=r"bars\.parquet .*fetch again"):
        decode(data, "bars.parquet")


def test_a_sealed_file_is_whole_and_reads_as_before() -> None:
    data = encode_sealed(BARS)

    require_sealed(data, "board.parquet")
    assert decode(data, "board.parquet")[0].equals(BARS)


def test_any_flipped_bit_of_a_sealed_file_is_found() -> None:
    data = encode_sealed(BARS)

    for position in range(0, len(data), 97):
        flipped = data[:position] + bytes([data[position] ^ 1]) + data[position + 1 :]
        with raises(BarsError, "file-damaged", match=r"board\.parquet"):
            require_sealed(flipped, "board.parquet")
            decode(flipped, "board.parquet")


def test_a_file_of_a_release_without_seals_passes() -> None:
    data = encode(pl.DataFrame({"a": [1]}), {})

    require_sealed(data, "board.parquet")

    assert decode(data, "board.parquet")[0].rows() == [(1,)]
