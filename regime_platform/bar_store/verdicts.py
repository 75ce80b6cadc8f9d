"""verdict.json on disk: the result of the gate, and the pointer to the canonical bars in force.

Its last entry is a digest of the others. A verdict of a release that wrote no such seal has no
other entries than those known here; any other key means that it was changed.
"""

import json
from collections.abc import Mapping
from typing import Any

from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.session import read_once
from regime_platform.errors import BarsError, folder_in_place, remedy_of
from regime_platform.files import write_json
from regime_platform.model.digests import document_digest
from regime_platform.validation.policy import DEFAULT_CONTEXT
from regime_platform.validation.verdict import Verdict

_SEAL = "seal"
_UNSEALED = frozenset(Verdict.of("", (), DEFAULT_CONTEXT, "").model_dump(mode="json"))


@read_once("verdict")
def read_verdict(paths: SymbolPaths) -> Verdict | None:
    """The verdict in force; None where the symbol was never validated.

    Raises:
        BarsError: the file is damaged; names it.
    """
    try:
        return parse_verdict(json.loads(paths.verdict.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except IsADirectoryError as error:
        raise BarsError(folder_in_place(paths.verdict), code="folder-in-place") from error
    except (BarsError, OSError, RecursionError, ValueError) as error:
        remedy = remedy_of(paths.symbol)
        raise BarsError(
            f"{paths.verdict} is damaged ({error}); {remedy}", code="verdict-damaged"
        ) from error


def parse_verdict(document: Any) -> Verdict:
    """The verdict in a document of verdict.json.

    Raises:
        BarsError: it is no verdict, or was changed since it was written.
    """
    entries = unsealed(document)
    if not is_as_sealed(document):
        raise BarsError("it was changed after the gate wrote it", code="verdict-damaged")
    return Verdict.parsed(entries)


def unsealed(document: Any) -> dict[str, Any]:
    """The entries that the seal of a document covers.

    Raises:
        BarsError: it is no document of verdict.json.
    """
    if not isinstance(document, dict):
        raise BarsError("it is no verdict", code="verdict-damaged")
    return {name: part for name, part in document.items() if name != _SEAL}


def is_as_sealed(document: Mapping[str, Any]) -> bool:
    """True where the seal matches; without a seal, where no unknown key is present."""
    entries = unsealed(document)
    if _SEAL in document:
        return bool(document[_SEAL] == document_digest(entries))
    return set(entries) <= _UNSEALED


def write_verdict(paths: SymbolPaths, verdict: Verdict) -> None:
    """Puts a verdict in force; hold the lock."""
    entries = verdict.model_dump(mode="json")
    write_json(paths.verdict, {**entries, _SEAL: document_digest(entries)})
    read_verdict.written(paths, verdict)
