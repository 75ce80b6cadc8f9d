"""Files of bars as text."""

from pathlib import Path

HEADER = "ts,open,high,low,close,volume\n"


def csv_file(folder: Path, text: str, name: str = "1day.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path
