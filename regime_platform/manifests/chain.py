"""The chain of a symbol's manifests: one link each, in the order of writing, none ever changed.

The last link of a kind is that of the manifest in force. One link more than that is a manifest that
a killed process announced and did not write.
"""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any, TypeVar

from regime_platform.manifests.manifest import REPAIR, ChainLink, ManifestFacts, Run, SealedManifest
from regime_platform.model.digests import document_digest
from regime_platform.model.instants import iso

Facts = TypeVar("Facts", bound=ManifestFacts)


class LinkStatus(StrEnum):
    """Where a chain has the link of a manifest, or why it does not."""

    LAST = "last"
    EARLIER = "earlier"
    NEXT = "next"  # the manifest follows the last link; only its own is missing
    OTHER = "other"  # the chain has another manifest of that number
    ABSENT = "nowhere"


def last_of(links: Sequence[ChainLink], kind: str | None) -> ChainLink | None:
    """The newest link of one kind."""
    return next((link for link in reversed(links) if link.kind == kind), None)


def announced(
    links: Sequence[ChainLink], document: SealedManifest[Facts]
) -> SealedManifest[Facts] | None:
    """``document`` as an interrupted run announced it; None where none did.

    A rerun then writes what was announced instead of adding a link.
    """
    link = last_of(links, document.manifest.kind)
    if link is None or link.digest != document.digest:
        return None
    if _lasting(link.run) != _lasting(document.run):
        return None
    return document.model_copy(
        update={
            "number": link.number,
            "replaces": link.replaces,
            "run": link.run,
            "seal": link.seal,
        }
    )


def repair_link(
    links: Sequence[ChainLink], about: Mapping[str, Any], written_at: dt.datetime
) -> ChainLink:
    """The link that records a repair.

    Args:
        links: the chain it is added to.
        about: the findings, the steps taken, and the files set aside.
        written_at: the time of the repair.
    """
    before = last_of(links, REPAIR)
    return ChainLink.sealed(
        kind=REPAIR,
        number=1 if before is None else before.number + 1,
        digest=document_digest(about),
        replaces=None if before is None else before.seal,
        about=dict(about),
        run={"written_at": iso(written_at)},
    )


def broken(links: Sequence[ChainLink]) -> Iterator[str]:
    """What is wrong with a chain, link by link; nothing where it is whole."""
    before: dict[str | None, ChainLink] = {}
    for position, link in enumerate(links, 1):
        kind = link.kind
        if not link.is_whole:
            yield f"link {position} ({kind} {link.number}) was changed after it was written"
        previous = before.get(kind)
        if previous is None:
            yield from _beginning(link, position, links)
        elif link.number != previous.number + 1:
            yield f"between {kind} {previous.number} and {link.number} links are missing"
        elif link.replaces != previous.seal:
            yield f"{kind} {link.number} does not follow from the one before it"
        before[kind] = link


def link_status(links: Sequence[ChainLink], document: SealedManifest[Any]) -> LinkStatus:
    """Where the chain has the link of a manifest."""
    wanted = document.link
    last = last_of(links, wanted.kind)
    if last == wanted:
        return LinkStatus.LAST
    if wanted in links:
        return LinkStatus.EARLIER
    number, seal = (0, None) if last is None else (last.number, last.seal)
    if (wanted.number, wanted.replaces) == (number + 1, seal):
        return LinkStatus.NEXT
    return LinkStatus.OTHER if wanted.number <= number else LinkStatus.ABSENT


def missing_ends(
    links: Sequence[ChainLink], documents: Iterable[SealedManifest[Any]]
) -> list[ChainLink]:
    """The links of manifests with which a chain that lost its end is whole again."""
    return [
        document.link for document in documents if link_status(links, document) is LinkStatus.NEXT
    ]


def _beginning(link: ChainLink, position: int, links: Sequence[ChainLink]) -> Iterator[str]:
    """A chain begins with number 1, or after a repair that records the loss of earlier links."""
    is_first = link.number == 1 and link.replaces is None
    is_repaired = any(earlier.kind == REPAIR for earlier in links[:position])
    if not is_first and not is_repaired:
        yield f"the links of {link.kind} before {link.number} are missing"


def _lasting(run: Run) -> dict[str, Any]:
    """What holds of a run beside its time."""
    return {name: part for name, part in run.as_json().items() if name != "written_at"}
