"""chain.jsonl of a symbol: the links of its manifests, one line of JSON each, only ever added to.

A line is appended before its manifest is written. A line that a killed process left unfinished has
no end of line: it is not read, and the next append cuts it off.
"""

import json
import os
from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.errors import BarsError
from regime_platform.files import append_lines
from regime_platform.manifests.manifest import ChainLink
from regime_platform.model.digests import canonical_json
from regime_platform.model.document import first_fault

_TAIL = 64 * 1024  # bytes: dozens of links, where the newest of each kind are


def read_chain(paths: SymbolPaths) -> list[ChainLink]:
    """All links in the order of writing; empty where there is no chain.

    Raises:
        BarsError: a line is no link.
    """
    try:
        data = paths.chain.read_bytes()
    except FileNotFoundError:
        return []
    return _links(data, paths.chain)


def read_newest(paths: SymbolPaths) -> list[ChainLink]:
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


def append_links(paths: SymbolPaths, links: Sequence[ChainLink]) -> None:
    """Adds links, all at once; hold the symbol's lock."""
    append_lines(paths.chain, [canonical_json(link.as_json()) for link in links])


def _links(data: bytes, path: Path) -> list[ChainLink]:
    lines = data.split(b"\n")[:-1]  # what has no end of line was never written
    try:
        return [ChainLink.model_validate(json.loads(line)) for line in lines]
    except (ValueError, RecursionError) as error:
        reason = first_fault(error) if isinstance(error, ValidationError) else error
        raise BarsError(
            f"{path} is damaged ({reason}); `regime repair` starts it again", code="chain-damaged"
        ) from error
