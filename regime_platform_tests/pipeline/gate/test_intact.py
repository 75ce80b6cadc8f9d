"""The files that an unchanged symbol relies on are proven whenever they changed."""

import pytest

from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.errors import BarsError
from regime_platform.pipeline.gate.intact import require_intact
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform_tests.error_codes import raises


@pytest.mark.parametrize("folder", ["bars/1day", "raw/1day"])
def test_a_flipped_bit_is_named(processed: RunWorkspace, msft: SymbolPaths, folder: str) -> None:
    instrument = processed.universe.instrument("MSFT")
    require_intact(msft, instrument)
    path = next((msft.folder / folder).glob("*.parquet"))
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)

    with raises(BarsError, "file-damaged", match=path.name):
        require_intact(msft, instrument)
