"""identity.json: the instruments of the stored bars, byte for byte."""

from pathlib import Path

import pytest

from regime_platform.bar_store.identity_file import IDENTITIES
from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.errors import BarsError
from regime_platform.model.identity import Because
from regime_platform_tests.error_codes import raises

STORED = """{
  "identities": [
    {
      "identity": {
        "source": "twelvedata",
        "provider_symbol": "FB",
        "mic_code": "XNGS"
      },
      "since": "",
      "because": "stored",
      "by": "",
      "reason": ""
    },
    {
      "identity": {
        "source": "twelvedata",
        "provider_symbol": "META",
        "mic_code": "XNGS"
      },
      "since": "2026-11-20T03:15:00Z",
      "because": "same",
      "by": "ann",
      "reason": "é"
    }
  ]
}
"""


def test_the_file_is_read_and_written_byte_for_byte(tmp_path: Path) -> None:
    paths = SymbolPaths(tmp_path)
    paths.identity.write_text(STORED, encoding="utf-8")

    first, second = IDENTITIES.read(paths)
    IDENTITIES.write(paths, [first, second])

    assert (first.identity.source, second.because) == ("twelvedata", Because.SAME)
    assert second.identity.fields == {"provider_symbol": "META", "mic_code": "XNGS"}
    assert paths.identity.read_text(encoding="utf-8") == STORED


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        "{}",
        '{"identities": [{}]}',
        STORED.replace('"same"', '"guessed"'),
        STORED.replace('"XNGS"', "5"),
        STORED.replace('"ann"', "null"),
    ],
)
def test_a_damaged_file_is_named_with_the_repair(tmp_path: Path, text: str) -> None:
    paths = SymbolPaths(tmp_path / "META")
    paths.folder.mkdir()
    paths.identity.write_text(text, encoding="utf-8")

    with raises(BarsError, "identity-damaged", match=r"identity\.json .*`regime repair META`"):
        IDENTITIES.read(paths)
