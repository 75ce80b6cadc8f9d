"""The bar manifest states which bars a symbol has, and in which files."""

import pytest

from regime_platform.bar_store.canonical import read_in_force
from regime_platform.bar_store.manifest_files import read_manifest
from regime_platform.files import file_sha256, json_text
from regime_platform.manifests.bar_manifest import BarManifest
from regime_platform.model.digests import frame_digest
from regime_platform.pipeline.run_workspace import RunWorkspace


def test_it_names_the_files_that_are_there(processed: RunWorkspace) -> None:
    paths = processed.root.symbol("SYNTH")
    document = read_manifest(paths.manifest, BarManifest)

    assert document is not None
    for timeframe, series in document.manifest.timeframes.items():
        files = {file.name: file_sha256(file) for file in paths.bars(timeframe).glob("*.parquet")}
        assert files == {file.name: file.sha256 for file in series.files}
        in_force = read_in_force(paths, timeframe)
        assert in_force is not None
        assert series.count == in_force[1].height
        assert series.digest == frame_digest(in_force[1])
        assert list(series.raw_files) == sorted(
            file.name for file in paths.raw(timeframe).iterdir()
        )


@pytest.mark.slow
def test_it_is_written_again_byte_for_byte(processed: RunWorkspace) -> None:
    for symbol in ("SYNTH", "AAPL"):
        path = processed.root.symbol(symbol).manifest

        document = read_manifest(path, BarManifest)

        assert document is not None
        assert json_text(document.as_json()) == path.read_text()
