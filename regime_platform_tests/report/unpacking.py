"""Reads the columns of a page back, as its script does."""

import base64
import json
import re
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from regime_platform.report.packing import Codes

Series = Mapping[str, Any]


def series_of(page: str) -> Mapping[str, Series]:
    """The documents of the series of a page, by timeframe."""
    matches = re.finditer(r'data-series="(\w+)">(.*?)</script>', page, re.DOTALL)
    return {match[1]: json.loads(match[2]) for match in matches}


def unpacked(packed: Mapping[str, Any]) -> dict[str, list[Any]]:
    """The values of each column, None where there is none."""
    data, rows = zlib.decompress(base64.b64decode(packed["data"])), packed["rows"]
    columns: dict[str, list[Any]] = {}
    for head in packed["columns"]:
        planes = np.frombuffer(data[: head["width"] * rows], np.uint8).reshape(head["width"], rows)
        folded = sum(plane.astype(np.int64) << (8 * at) for at, plane in enumerate(planes))
        assert isinstance(folded, np.ndarray)
        codes = np.cumsum(np.where(folded % 2, -(folded + 1) // 2, folded // 2))
        columns[head["name"]] = _values(head, codes)
        data = data[head["width"] * rows :]
    assert data == b""
    return columns


def _values(head: Mapping[str, Any], codes: Codes) -> list[Any]:
    if "words" in head:
        return [head["words"][code - 1] if code else None for code in codes.tolist()]
    whole = codes - 1 + head["base"]
    numbers = np.expm1(whole / head["steps"]) if "steps" in head else whole / 10 ** head["digits"]
    return [float(number) if code else None for number, code in zip(numbers, codes, strict=True)]
