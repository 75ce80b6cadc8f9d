"""A damaged file of a raw log is named, and never read."""

from pathlib import Path

import pytest

from regime_platform.bar_store.raw.raw_log import (
    append,
    read_raw,
)
from regime_platform.bar_store.raw.raw_names import list_raw
from regime_platform.errors import BarsError
from regime_platform_tests.bar_store.raw.fetches import FACTS, LATER
from regime_platform_tests.builders import make_bars
from regime_platform_tests.error_codes import raises


@pytest.mark.parametrize("share", [0.0, 0.3, 0.999])
def test_a_truncated_file_is_named_with_a_remedy(tmp_path: Path, share: float) -> None:
    append(tmp_path, make_bars(100), FACTS)
    path = tmp_path / list_raw(tmp_path).names[0]
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])

    for use in (lambda: read_raw(tmp_path), lambda: append(tmp_path, make_bars(101), LATER)):
        with raises(BarsError, "file-damaged", match=f"{path.name} is damaged .* fetch again"):
            use()


def test_any_flipped_bit_is_caught(tmp_path: Path) -> None:
    append(tmp_path, make_bars(100), FACTS)
    path = tmp_path / list_raw(tmp_path).names[0]
    sound = path.read_bytes()

    for position in range(0, len(sound), 97):
        damaged = bytearray(sound)
        damaged[position] ^= 1 << (position % 8)
        path.write_bytes(damaged)
        with raises(BarsError, "file-damaged", match=path.name):
            read_raw(tmp_path)
