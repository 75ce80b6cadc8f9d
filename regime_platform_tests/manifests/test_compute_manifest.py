"""The compute manifest states what the results are and what they were made from."""

from regime_platform.bar_store.manifest_file import read_manifest
from regime_platform.compute_db.content import table_digest
from regime_platform.compute_db.reader import read_lineage, read_table
from regime_platform.files import json_text
from regime_platform.manifests.bar_manifest import BarManifest
from regime_platform.manifests.compute_manifest import ComputeManifest
from regime_platform.model.result_schema import TABLES
from regime_platform.pipeline.run_workspace import RunWorkspace


def test_it_names_the_digests_of_the_tables(processed: RunWorkspace) -> None:
    paths = processed.root.symbol("AAPL")
    bars = read_manifest(paths.manifest, BarManifest)
    document = read_manifest(paths.compute_manifest, ComputeManifest)

    assert bars is not None
    assert document is not None
    facts = document.manifest
    assert facts.tables == {
        name: table_digest(name, read_table(paths.compute_db, name)) for name in TABLES
    }
    assert facts.bar_count_used == 3270 + 679
    assert facts.asof == {"1day": "2013-03-01T00:00:00Z", "1week": "2013-02-25T00:00:00Z"}
    assert facts.recipe.bars == {
        timeframe: series.digest for timeframe, series in bars.manifest.timeframes.items()
    }


def test_it_has_the_lineage_of_its_database(processed: RunWorkspace) -> None:
    paths = processed.root.symbol("AAPL")
    document = read_manifest(paths.compute_manifest, ComputeManifest)

    assert document is not None
    assert document.manifest.lineage == read_lineage(paths.compute_db)
    assert document.manifest.recipe_digest == document.manifest.recipe.digest


def test_it_is_written_again_byte_for_byte(processed: RunWorkspace) -> None:
    for symbol in ("SYNTH", "AAPL"):
        path = processed.root.symbol(symbol).compute_manifest

        document = read_manifest(path, ComputeManifest)

        assert document is not None
        assert json_text(document.as_json()) == path.read_text()
