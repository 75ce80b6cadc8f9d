"""The chain of manifests: its faults, and where it has the link of a manifest."""

import datetime as dt
from typing import Any

from regime_platform.manifests.chain import (
    LinkStatus,
    announced,
    broken,
    link_status,
    missing_ends,
    repair_link,
)
from regime_platform.manifests.manifest import ChainLink, ManifestFacts, SealedManifest, sealed

NOW = dt.datetime(2026, 11, 22, tzinfo=dt.UTC)
Manifest = SealedManifest[ManifestFacts]


def _facts(**fields: Any) -> ManifestFacts:
    return ManifestFacts.model_validate({"kind": "bars", "symbol": "AAA", **fields})


def _chain() -> tuple[list[Manifest], list[ChainLink]]:
    first = sealed(_facts(content_digest="a"), None, NOW)
    second = sealed(_facts(content_digest="b"), first, NOW)
    third = sealed(_facts(content_digest="c"), second, NOW)
    manifests = [first, second, third]
    return manifests, [manifest.link for manifest in manifests]


def test_a_whole_chain_has_no_fault() -> None:
    _, links = _chain()

    assert list(broken(links)) == []


def test_a_link_that_is_changed_or_missing_is_reported() -> None:
    _, links = _chain()
    changed = links[1].model_copy(update={"digest": "x"})

    assert [*broken([links[0], changed, links[2]])] == [
        "link 2 (bars 2) was changed after it was written"
    ]
    assert [*broken([links[0], links[2]])] == ["between bars 1 and 3 links are missing"]
    assert [*broken(links[1:])] == ["the links of bars before 2 are missing"]


def test_links_after_a_repair_need_not_begin_with_the_first() -> None:
    _, links = _chain()
    repair = repair_link([], {"symbol": "AAA", "set_aside": {"chain.jsonl": "00"}}, NOW)

    assert list(broken([repair, *links[1:]])) == []


def test_the_place_of_a_manifest_in_a_chain() -> None:
    manifests, links = _chain()
    other = sealed(_facts(content_digest="d"), manifests[1], NOW)
    later = sealed(_facts(content_digest="e"), sealed(_facts(), manifests[2], NOW), NOW)

    assert link_status(links, manifests[2]) is LinkStatus.LAST
    assert link_status(links, manifests[0]) is LinkStatus.EARLIER
    assert link_status(links[:2], manifests[2]) is LinkStatus.NEXT
    assert link_status(links, other) is LinkStatus.OTHER
    assert link_status(links, later) is LinkStatus.ABSENT


def test_only_the_end_of_a_chain_comes_back_from_its_manifests() -> None:
    manifests, links = _chain()

    assert missing_ends(links[:2], [manifests[2]]) == [links[2]]
    assert missing_ends(links[:1], [manifests[2]]) == []


def test_an_announced_manifest_is_written_as_it_was_announced() -> None:
    manifests, links = _chain()
    later = NOW + dt.timedelta(hours=1)

    again = sealed(_facts(content_digest="c"), manifests[2], later)
    other = sealed(_facts(content_digest="d"), manifests[2], later)

    assert announced(links, again) == manifests[2]
    assert announced(links, other) is None
