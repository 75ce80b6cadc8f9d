"""How far a record of then backs the numbers of today."""

from typing import Any

from regime_platform.audit.provenance import ProvenanceStatus, provenance_of
from regime_platform.manifests.compute_manifest import RankedEras, Recipe
from regime_platform.manifests.manifest import ResultsLink
from regime_platform.model.digests import document_digest

TABLES = {"state_history": "aa"}
RECIPE = Recipe(
    bars={"1day": "bb"},
    params_fingerprint="cc",
    eras=RankedEras(boundaries=((0, 9),), era_class="FX", reason="", version="fixed-1"),
    compute_digest="dd",
    libraries={"numba": "1"},
    result_schema_digest="ff",
)


def _record(**changes: Any) -> ResultsLink:
    about = {
        "symbol": "AAA",
        "content_digest": document_digest(TABLES),
        "recipe_digest": RECIPE.digest,
        "params_fingerprint": "cc",
        "eras": "fixed-1",
        "code": {"commit": None, "compute_digest": "dd", "is_dirty": None, "package": "0.2.0"},
        **changes,
    }
    run = {"written_at": "2026-11-20T00:00:00Z"}
    return ResultsLink.model_validate({"number": 1, "digest": "ee", "about": about, "run": run})


def test_only_the_same_recipe_and_the_same_numbers_are_proven() -> None:
    statuses = [
        provenance_of(record, RECIPE, TABLES).status
        for record in (
            _record(),
            None,
            _record(recipe_digest="of other bars"),
            _record(content_digest="of other numbers"),
        )
    ]

    assert statuses == [
        ProvenanceStatus.PROVEN,
        ProvenanceStatus.UNRECORDED,
        ProvenanceStatus.SAME_TERMS,
        ProvenanceStatus.DIFFERENT,
    ]


def test_what_was_other_then_is_named() -> None:
    code = {"commit": None, "compute_digest": "ff", "is_dirty": None, "package": "0.1.0"}

    provenance = provenance_of(_record(eras="mine", code=code), RECIPE, TABLES)

    assert provenance.status is ProvenanceStatus.OTHER_TERMS
    assert "the eras were mine" in provenance.reason
    assert "the code was another (0.1.0" in provenance.reason
