"""Symbols whose results other parameters made are named, with the part that differs."""

from dataclasses import replace

from regime_platform.pipeline.compute.stale_code import stale_results
from regime_platform.pipeline.run_workspace import RunWorkspace


def test_results_of_the_code_and_parameters_in_force_are_not_stale(processed: RunWorkspace) -> None:
    assert list(stale_results(processed)) == []


def test_results_of_other_code_are_named(processed: RunWorkspace) -> None:
    newer = replace(processed, code=replace(processed.code, compute_digest="other"))

    stale = list(stale_results(newer))

    assert [result.symbol for result in stale] == list(processed.universe.symbols)
    assert {result.differs for result in stale} == {("compute_digest",)}
