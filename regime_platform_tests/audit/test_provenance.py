"""How far a record of then backs the numbers of today."""

import datetime as dt
from dataclasses import replace

from regime_platform.audit.compute_record import ComputeRecord
from regime_platform.audit.provenance import ProvenanceStatus, provenance_of
from regime_platform.manifests.recipe import RankedEras, Recipe
from regime_platform.model.digests import document_digest

TABLES = {"state_history": "aa"}
RECIPE = Recipe.of(
    bars={"1day": "bb"},
    params_fingerprint="cc",
    eras=RankedEras(boundaries=((0, 9),), era_class="FX", reason="", version="fixed-1"),
    compute_digest="dd",
    libraries={"numba": "1"},
)
RECORD = ComputeRecord(
    symbol="AAA",
    number=1,
    digest="ee",
    written_at=dt.datetime(2026, 11, 20, tzinfo=dt.UTC),
    content_digest=document_digest(TABLES),
    recipe_digest=RECIPE.digest,
    params_fingerprint="cc",
    eras="fixed-1",
    code={"package": "0.2.0", "compute_digest": "dd"},
)


def test_only_the_same_recipe_and_the_same_numbers_are_proven() -> None:
    statuses = [
        provenance_of(record, RECIPE, TABLES).status
        for record in (
            RECORD,
            None,
            replace(RECORD, recipe_digest="of other bars"),
            replace(RECORD, content_digest="of other numbers"),
        )
    ]

    assert statuses == [
        ProvenanceStatus.PROVEN,
        ProvenanceStatus.UNRECORDED,
        ProvenanceStatus.SAME_TERMS,
        ProvenanceStatus.DIFFERENT,
    ]


def test_what_was_other_then_is_named() -> None:
    code = {"package": "0.1.0", "compute_digest": "ff"}

    provenance = provenance_of(replace(RECORD, eras="mine", code=code), RECIPE, TABLES)

    assert provenance.status is ProvenanceStatus.OTHER_TERMS
    assert "the eras were mine" in provenance.reason
    assert "the code was another (0.1.0" in provenance.reason
