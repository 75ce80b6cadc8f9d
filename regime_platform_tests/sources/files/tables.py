"""Tables of made-up files."""

from pathlib import Path
from typing import Any

from regime_platform.sources.files.mapping import AS_NAMED
from regime_platform.sources.files.table import FileTable, read_table

PLAIN = "Date,Open,High,Low,Close,Volume\n2024-01-02,1.5,2,1,1.75,100\n"
BAR = (1.5, 2.0, 1.0, 1.75, 100.0)


def table(root: Path, data: str | bytes, name: str = "1day.csv", **keys: Any) -> FileTable:
    path = root / name
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return read_table(path, AS_NAMED.stating(keys, "mapping.yaml"))
