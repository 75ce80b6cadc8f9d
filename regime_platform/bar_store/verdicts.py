"""verdict.json on disk: what the gate found, and the pointer to the canonical bars in force.

Its last entry seals the others. A verdict of a release that wrote no seal has no other entries than
those known here; any other name is one that was changed.
"""

import json
from collections.abc import Mapping
from typing import Any

from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.errors import BarsError, folder_in_place, remedy_of
from regime_platform.files import write_json
from regime_platform.model.digests import facts_digest
from regime_platform.validation.policy import STANDARD
from regime_platform.validation.verdict import Verdict

_SEAL = "seal"
_UNSEALED = frozenset(Verdict.of("", (), STANDARD, "").model_dump(mode="json"))


def read_verdict(paths: SymbolPaths) -> Verdict | None:
    """The verdict in force; None where the symbol was never judged.

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
    """The verdict that a document of verdict.json holds.

    Raises:
        BarsError: it holds none, or another than was written.
    """
    facts = unsealed(document)
    if not is_as_sealed(document):
        raise BarsError("it was changed after the gate wrote it", code="verdict-damaged")
    return Verdict.parsed(facts)


def unsealed(document: Any) -> dict[str, Any]:
    """The facts that the seal of a document covers.

    Raises:
        BarsError: it is no document of verdict.json.
    """
    if not isinstance(document, dict):
        raise BarsError("it is no verdict", code="verdict-damaged")
    return {name: part for name, part in document.items() if name != _SEAL}


def is_as_sealed(document: Mapping[str, Any]) -> bool:
    """True where a document is what was written; an unsealed one, where it has no other entry."""
    facts = unsealed(document)
    if _SEAL in document:
        return bool(document[_SEAL] == facts_digest(facts))
    return set(facts) <= _UNSEALED


def write_verdict(paths: SymbolPaths, verdict: Verdict) -> None:
    """Puts a verdict in force; hold the lock."""
    facts = verdict.model_dump(mode="json")
    write_json(paths.verdict, {**facts, _SEAL: facts_digest(facts)})
