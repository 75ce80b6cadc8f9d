"""The chain of a symbol's manifests: one link each, in the order of writing, none ever changed.

The last link of a kind is that of the manifest in force. One link more than that is a manifest that
a killed process announced and did not come to write.
"""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from regime_platform.manifests.manifest import REPAIR, link_of
from regime_platform.model.digests import facts_digest
from regime_platform.model.series import iso

Link = Mapping[str, Any]


def last_of(links: Sequence[Link], kind: str) -> Link | None:
    """The newest link of one kind."""
    return next((link for link in reversed(links) if link.get("kind") == kind), None)


def announced(links: Sequence[Link], document: Mapping[str, Any]) -> dict[str, Any] | None:
    """``document`` as an interrupted run announced it; None where it did not.

    A rerun then writes what was announced, instead of adding a link beside it.
    """
    told = last_of(links, document["manifest"]["kind"])
    if told is None or told["digest"] != document["digest"]:
        return None
    if _lasting(told["run"]) != _lasting(document["run"]):
        return None
    place = {name: told[name] for name in ("number", "replaces", "run", "seal")}
    return {**document, **place}


def repair_link(
    links: Sequence[Link], about: Mapping[str, Any], written_at: dt.datetime
) -> dict[str, Any]:
    """The link that records a repair.

    Args:
        links: the chain it is added to.
        about: what was found, what is done about it, and what was set aside.
        written_at: the time of the repair.
    """
    before = last_of(links, REPAIR)
    link = {
        "kind": REPAIR,
        "number": 1 if before is None else before["number"] + 1,
        "digest": facts_digest(about),
        "replaces": None if before is None else before["seal"],
        "about": dict(about),
        "run": {"written_at": iso(written_at)},
    }
    return {**link, "seal": facts_digest(link)}


def broken(links: Sequence[Link]) -> Iterator[str]:
    """What is wrong with a chain, link by link; nothing where it is whole."""
    before: dict[str, Link] = {}
    for position, link in enumerate(links, 1):
        kind = str(link.get("kind"))
        unsealed = {name: part for name, part in link.items() if name != "seal"}
        if link.get("seal") != facts_digest(unsealed):
            yield f"link {position} ({kind} {link.get('number')}) was changed after it was written"
        held = before.get(kind)
        if held is None:
            yield from _beginning(link, position, links)
        elif link.get("number") != held.get("number", 0) + 1:
            yield f"between {kind} {held.get('number')} and {link.get('number')} links are missing"
        elif link.get("replaces") != held.get("seal"):
            yield f"{kind} {link.get('number')} does not follow from the one before it"
        before[kind] = link


def place_of(links: Sequence[Link], document: Mapping[str, Any]) -> str:
    """Where the chain has the link of a manifest: ``last``, ``earlier`` or ``nowhere``.

    Or why it does not: ``next`` of a manifest that follows its last link, which is all that is
    missing; ``other`` where it has another manifest of that number.
    """
    wanted = link_of(document)
    last = last_of(links, wanted["kind"])
    if last is not None and dict(last) == wanted:
        return "last"
    if any(dict(link) == wanted for link in links):
        return "earlier"
    number, seal = (0, None) if last is None else (int(last["number"]), last["seal"])
    if (wanted["number"], wanted["replaces"]) == (number + 1, seal):
        return "next"
    return "other" if wanted["number"] <= number else "nowhere"


def missing_ends(
    links: Sequence[Link], documents: Iterable[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """The links of manifests with which a chain that lost its end is whole again."""
    return [link_of(document) for document in documents if place_of(links, document) == "next"]


def _beginning(link: Link, position: int, links: Sequence[Link]) -> Iterator[str]:
    """A chain begins with number 1, or after a repair that says that the links before are lost."""
    is_first = link.get("number") == 1 and link.get("replaces") is None
    repaired = any(one.get("kind") == REPAIR for one in links[:position])
    if not is_first and not repaired:
        yield f"the links of {link.get('kind')} before {link.get('number')} are missing"


def _lasting(run: Mapping[str, Any]) -> dict[str, Any]:
    return {name: part for name, part in run.items() if name != "written_at"}
