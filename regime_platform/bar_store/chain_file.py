"""chain.jsonl of a symbol: the links of its manifests, one line of JSON each, only ever added to.

A line is announced here before its manifest is put in place. What a killed process left half
written has no end of line, is not read, and is cut off by whoever adds the next one.
"""

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.errors import BarsError
from regime_platform.files import append_lines
from regime_platform.model.digests import canonical_json

_TAIL = 64 * 1024  # bytes: dozens of links, where the newest of each kind are


def read_chain(paths: SymbolPaths) -> list[dict[str, Any]]:
    """All links in the order of writing; empty where there is no chain.

    Raises:
        BarsError: a line is no link.
    """
    try:
        data = paths.chain.read_bytes()
    except FileNotFoundError:
        return []
    return _links(data, paths.chain)


def read_newest(paths: SymbolPaths) -> list[dict[str, Any]]:
    """The newest links, enough to go on from.

    Raises:
        BarsError: a line is no link.
    """
    try:
        with paths.chain.open("rb") as stream:
            size = stream.seek(0, os.SEEK_END)
            start = stream.seek(max(0, size - _TAIL))
            data = stream.read()
    except FileNotFoundError:
        return []
    return _links(data if start == 0 else data.partition(b"\n")[2], paths.chain)


def append_links(paths: SymbolPaths, links: Sequence[Mapping[str, Any]]) -> None:
    """Adds links, all at once; hold the symbol's lock."""
    append_lines(paths.chain, [canonical_json(dict(link)) for link in links])


def _links(data: bytes, path: Path) -> list[dict[str, Any]]:
    lines = data.split(b"\n")[:-1]  # what has no end of line was never written
    try:
        links = [json.loads(line) for line in lines]
    except ValueError as error:
        raise BarsError(
            f"{path} is damaged ({error}); `regime repair` begins it anew", code="chain-damaged"
        ) from error
    if not all(isinstance(link, dict) for link in links):
        raise BarsError(
            f"{path} is damaged: a line is no link; `regime repair` begins it anew",
            code="chain-damaged",
        )
    return links
