"""The results of a symbol in a bundle are opened with care."""

from collections.abc import Callable
from pathlib import Path

import duckdb

from regime_platform.audit.bundle.verify import BundleVerification
from regime_platform_tests.audit.bundle.crafted_bundles import RESULTS, SYMBOL, Craft, Crafted


def test_a_view_in_the_place_of_a_table_reads_no_file(
    proven: Callable[[Craft], BundleVerification],
) -> None:
    def craft(crafted: Crafted, folder: Path) -> None:
        path = folder / "with_view.db"
        path.write_bytes(crafted.files[RESULTS])
        theirs = folder / "elsewhere" / "AAPL" / "compute.db"
        with duckdb.connect(path) as connection:
            connection.execute("DROP VIEW state_json")
            connection.execute("DROP TABLE forward_labels")
            connection.execute(
                f"CREATE VIEW forward_labels AS SELECT * FROM read_text('{theirs}')"  # noqa: S608
            )
        crafted.replace(RESULTS, path.read_bytes())

    proof = proven(craft)

    assert [(finding.symbol, finding.what) for finding in proof.findings] == [(SYMBOL, "assets")]
    assert "compute.db has no table forward_labels" in proof.findings[0].reason
