"""Whether a document is a whole snapshot, in every part that readers use.

A digest proves that nothing was changed after it was made; it can be made over any content. So
names and types are checked as well before they are used.
"""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, NonNegativeInt, ValidationError

from regime_platform.errors import ConfigError
from regime_platform.manifests.manifest import is_whole
from regime_platform.manifests.snapshot import COMPLETE, SNAPSHOT, SNAPSHOT_VERSION
from regime_platform.model.instruments import require_safe
from regime_platform.model.timeframes import TIMEFRAMES


def _symbol(text: str) -> str:
    try:
        require_safe(text)
    except ConfigError as error:
        raise ValueError(str(error)) from error
    return text


def _timeframe(text: str) -> str:
    if text not in TIMEFRAMES:
        raise ValueError(f"{text!r} is no timeframe, expected one of {', '.join(TIMEFRAMES)}")
    return text


class _Part(BaseModel):
    """Later releases may add fields."""

    model_config = ConfigDict(extra="allow", strict=True, frozen=True)


class _Series(_Part):
    count: NonNegativeInt
    digest: str | None


class _Sealed(_Part):
    digest: str
    number: int
    seal: str


class _Entry(_Part):
    status: Literal["complete"]
    manifest: _Sealed
    compute_manifest: _Sealed
    content_digests: dict[str, str]
    recipe_digest: str
    timeframes: dict[Annotated[str, AfterValidator(_timeframe)], _Series]
    tables: dict[str, str]
    recipe: dict[str, Any]
    code: dict[str, Any]


class _Absent(_Part):
    status: Literal["unfinished", "no_results"]
    reason: str


class _Facts(_Part):
    date: Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")]
    name: str
    revision: NonNegativeInt
    content_digest: str
    recipe_digest: str
    totals: dict[str, int]
    symbols: dict[
        Annotated[str, AfterValidator(_symbol)],
        Annotated[_Entry | _Absent, Field(discriminator="status")],
    ]


class _Run(_Part):
    written_at: str


class _Document(_Sealed):
    replaces: str | None
    run: _Run
    manifest: _Facts


def snapshot_fault(document: object) -> str:
    """Why a parsed document is no whole snapshot; empty where it is one."""
    if not isinstance(document, dict) or not is_whole(document):
        return "was changed after it was written"
    facts = document["manifest"]
    if facts.get("kind") != SNAPSHOT:
        return "is no snapshot"
    if facts.get("snapshot_version") != SNAPSHOT_VERSION:
        version = f"version {facts.get('snapshot_version')!r}, expected {SNAPSHOT_VERSION}"
        return f"has {version}; use the release that wrote it"
    try:
        _Document.model_validate(document)
    except ValidationError as error:
        return f"is no snapshot of this platform ({first_fault(error)})"
    return ""


def first_fault(error: ValidationError) -> str:
    """The first of what a document lacks, with its place."""
    fault = error.errors(include_url=False, include_input=False)[0]
    place = ".".join(
        str(part) if str(part).isidentifier() else f"{part!a:.60}"
        for part in fault["loc"]
        if part != "[key]"
    )
    return f"{place}: {fault['msg'].removeprefix('Value error, ')}"


def complete_entries(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Symbol -> entry of those that a whole snapshot can prove."""
    symbols = document["manifest"]["symbols"]
    return {symbol: entry for symbol, entry in symbols.items() if entry["status"] == COMPLETE}
