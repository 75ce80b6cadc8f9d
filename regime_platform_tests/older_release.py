"""The data root that release 0.1.0 left on disk, for tests of what an upgrade keeps."""

import tarfile
from dataclasses import dataclass
from pathlib import Path

from regime_platform.settings import Settings

ARCHIVE = Path(__file__).parent / "golden" / "release_0_1_0" / "root.tar.xz"
SYMBOLS = ("EURUSD", "ALDER", "BIRCH", "CEDAR", "ELM")
BLOCKED = "BIRCH"
DELISTED = "ELM"


@dataclass(frozen=True)
class OlderRelease:
    """The unpacked folder: ``data``, ``files``, ``legacy`` and ``backup``."""

    folder: Path

    @property
    def settings(self) -> Settings:
        """The settings with which release 0.1.0 worked on it."""
        return Settings(
            _env_file=None,
            REGIME_DATA_ROOT=self.folder / "data",
            REGIME_FILES_ROOT=self.folder / "files",
            REGIME_WORKERS=1,
        )

    def symbol_file(self, symbol: str, name: str) -> Path:
        """A file in the folder of a symbol."""
        return self.folder / "data" / "assets" / symbol / name


def unpack(folder: Path) -> OlderRelease:
    """Unpacks the archive into ``folder``."""
    with tarfile.open(ARCHIVE) as packed:
        packed.extractall(folder, filter="data")
    return OlderRelease(folder)
