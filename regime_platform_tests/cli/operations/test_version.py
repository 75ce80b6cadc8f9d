"""The versions that are installed."""

import json

from regime_platform_tests.cli.conftest import Regime


def test_version_as_json_names_what_shapes_results(regime: Regime) -> None:
    versions = json.loads(regime("version", "--json").out)

    assert set(versions) >= {"regime-platform", "python", "polars", "duckdb", "numba"}
