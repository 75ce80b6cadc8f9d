"""What all manifests share: facts, their digest, and the link of each manifest in its chain.

``digest`` covers the facts alone: the same bars and the same code give the same on any day.
``seal`` covers the digest, the time and circumstances of writing, and the seal of the manifest that
this one replaces: no link can be changed, left out or moved without breaking those after it.
"""

import datetime as dt
from typing import Any, Final, Generic, Protocol, TypeVar

from pydantic import ConfigDict, Field, SerializeAsAny, ValidationError

from regime_platform.model.digests import document_digest
from regime_platform.model.document import Document, first_fault
from regime_platform.model.instants import iso

MANIFEST_VERSION = 2

#: The chains of a symbol: one per kind of manifest, and one of its repairs.
BARS: Final = "bars"
RESULTS: Final = "results"
REPAIR: Final = "repair"


class StoredDocument(Document):
    """Keeps keys that it does not know, and leaves absent ones out, so that digests stay."""

    model_config = ConfigDict(extra="allow", defer_build=True)

    def as_json(self) -> dict[str, Any]:
        """The JSON object that is written and digested."""
        return self.model_dump(mode="json", exclude_unset=True)

    def json_digest(self) -> str:
        """SHA-256 hex of the canonical JSON."""
        return document_digest(self.as_json())


class ManifestFacts(StoredDocument):
    """What a manifest states, whatever its kind and version."""

    kind: str | None = None


class SchemaVersion(StoredDocument):
    """The version and the digest of a schema of columns."""

    version: int
    digest: str


class FileStat(StoredDocument):
    """Size and time of a file, by which it is recognised without being read."""

    bytes: int
    mtime_ns: int


class Run(StoredDocument):
    """When a manifest was written, and what applies to that run only."""

    written_at: str  # ISO 8601 UTC
    compute_db: FileStat | None = None  # of a compute manifest: the file that it describes


class LinkedCode(StoredDocument):
    """The code that made results, as a link names it."""

    commit: str | None
    compute_digest: str | None
    is_dirty: bool | None
    package: str | None


class LinkSubject(StoredDocument):
    """What a link states of its manifest or repair; of results see `ResultsLink`."""

    symbol: str | None = None
    folder: str | None = None  # of a repair: where files were set aside
    set_aside: dict[str, str] = Field(default={})  # of a repair: file name -> SHA-256


class ChainLink(StoredDocument):
    """One link of a chain: everything of a manifest but its facts, and what they are about."""

    kind: str | None
    number: int  # of its kind, counted from 1
    digest: str
    replaces: str | None  # seal of the link before it, of the same kind
    about: LinkSubject
    run: Run
    seal: str

    @classmethod
    def sealed(cls, **fields: Any) -> "ChainLink":
        """A link with the seal of these fields."""
        return cls.model_validate({**fields, "seal": document_digest(fields)})

    @property
    def is_whole(self) -> bool:
        """True where nothing was changed after the seal was taken."""
        fields = self.as_json()
        return bool(fields.pop("seal") == document_digest(fields))


class ResultsLinkSubject(StoredDocument):
    """What the link of a compute manifest states."""

    symbol: str  # that the instrument had then
    content_digest: str  # of all tables
    recipe_digest: str
    params_fingerprint: str
    eras: str  # version
    code: LinkedCode


class ResultsLink(StoredDocument):
    """The link of a compute manifest, which outlives it: what past results were made from."""

    number: int
    digest: str
    about: ResultsLinkSubject
    run: Run

    def __str__(self) -> str:
        return f"compute manifest {self.number} ({self.digest[:12]}) of {self.run.written_at}"


class Numbered(Protocol):
    """Anything with a place in a chain."""

    @property
    def number(self) -> int: ...
    @property
    def seal(self) -> str: ...


Facts = TypeVar("Facts", bound=ManifestFacts)


class SealedManifest(StoredDocument, Generic[Facts]):
    """A manifest as it is written."""

    manifest: SerializeAsAny[Facts]
    digest: str  # of the facts
    number: int  # of its kind, counted from 1
    replaces: str | None  # seal of the manifest before it
    run: Run
    seal: str

    @property
    def link(self) -> ChainLink:
        """Its link in the chain, sealed again from what the manifest states now."""
        return _link(self.as_json())


def sealed(
    facts: Facts,
    previous: Numbered | None,
    written_at: dt.datetime,
    compute_db: FileStat | None = None,
) -> SealedManifest[Facts]:
    """A manifest ready to be written.

    ``previous`` is the manifest, or its link, that this one replaces; ``compute_db`` the file that
    a compute manifest describes.
    """
    document = {
        "manifest": facts.as_json(),
        "digest": facts.json_digest(),
        "number": 1 if previous is None else previous.number + 1,
        "replaces": None if previous is None else previous.seal,
        "run": {
            "written_at": iso(written_at),
            **({} if compute_db is None else {"compute_db": compute_db.as_json()}),
        },
    }
    document["seal"] = _link(document).seal
    return parsed(document, type(facts))


def parsed(document: object, facts: type[Facts]) -> SealedManifest[Facts]:
    """The manifest with such facts that parsed JSON is, whole or not; else ValidationError."""
    manifest: SealedManifest[Facts] = SealedManifest[facts].model_validate(  # type: ignore[valid-type]
        document
    )
    return manifest


def parsed_whole(document: object, facts: type[Facts]) -> SealedManifest[Facts]:
    """The manifest that parsed JSON is, verified by its digest and seal.

    Raises:
        ValueError: it is none, or was changed; the message goes on after the name of the file.
    """
    if not is_whole(document):
        raise ValueError("was changed after it was written")
    try:
        return parsed(document, facts)
    except ValidationError as error:
        raise ValueError(f"is no manifest of this kind ({first_fault(error)})") from error


def is_same(stored: SealedManifest[Any] | None, facts: ManifestFacts) -> bool:
    """True where the stored manifest states the same, so that nothing need be written."""
    return stored is not None and stored.digest == facts.json_digest()


def is_whole(document: object) -> bool:
    """True where parsed JSON is a manifest as it was written: facts, place in the chain, run."""
    if not isinstance(document, dict):
        return False
    try:
        is_of_facts = document["digest"] == document_digest(document["manifest"])
        return bool(is_of_facts and document["seal"] == _link(document).seal)
    except (AttributeError, KeyError, RecursionError, TypeError, ValueError):
        return False


def _link(document: dict[str, Any]) -> ChainLink:
    facts = document["manifest"]
    return ChainLink.sealed(
        kind=facts.get("kind"),
        number=document["number"],
        digest=document["digest"],
        replaces=document["replaces"],
        about=_about(facts),
        run=document["run"],
    )


def _about(facts: dict[str, Any]) -> dict[str, Any]:
    """What a link states of the facts, so that the past can be read without keeping them whole."""
    about: dict[str, Any] = {
        name: facts[name] for name in ("symbol", "content_digest", "recipe_digest") if name in facts
    }
    if facts.get("kind") == RESULTS:
        recipe, code = facts["recipe"], facts["code"]
        about |= {
            "params_fingerprint": recipe["params_fingerprint"],
            "eras": recipe["eras"].get("version"),
            "code": {
                name: code.get(name) for name in ("package", "commit", "is_dirty", "compute_digest")
            },
        }
    return about
