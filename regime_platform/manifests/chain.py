"""The chain of a symbol's manifests: one link each, in the order of writing, none ever changed.

The last link of a kind is that of the manifest in force. One link more than that is a manifest that
a killed process announced and did not write.
"""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any

from regime_platform.manifests.manifest import REPAIR, ChainLink, Facts, Run, SealedManifest
from regime_platform.model.digests import document_digest
from regime_platform.model.instants import iso


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
    place = {name: getattr(link, name) for name in ("number", "replaces", "run", "seal")}
    return document.model_copy(update=place)


def repair_link(
    links: Sequence[ChainLink], about: Mapping[str, Any], written_at: dt.datetime
) -> ChainLink:
    """The link that records a repair: findings, steps taken, and the files set aside."""
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
    """What is wrong with a chain, link by link; nothing where it is whole.

    Each kind begins with number 1, or after a repair that records the loss of earlier links.
    """
    before: dict[str | None, ChainLink] = {}
    for position, link in enumerate(links, 1):
        name = f"{link.kind} {link.number}"
        if not link.is_whole:
            yield f"link {position} ({name}) was changed after it was written"
        previous = before.get(link.kind)
        if previous is None:
            is_first = link.number == 1 and link.replaces is None
            if not is_first and all(earlier.kind != REPAIR for earlier in links[:position]):
                yield f"the links of {link.kind} before {link.number} are missing"
        elif link.number != previous.number + 1:
            yield f"between {link.kind} {previous.number} and {link.number} links are missing"
        elif link.replaces != previous.seal:
            yield f"{name} does not follow from the one before it"
        before[link.kind] = link


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


def _lasting(run: Run) -> dict[str, Any]:
    """What holds of a run beside its time."""
    return {name: part for name, part in run.as_json().items() if name != "written_at"}
