"""Symbols whose results other parameters made are named, with the part that differs."""

from dataclasses import replace

from regime_platform.pipeline.compute import stale_results
from regime_platform.pipeline.run_workspace import RunWorkspace


def test_results_of_the_code_and_parameters_in_force_are_not_stale(processed: RunWorkspace) -> None:
    assert list(stale_results(processed)) == []


def test_results_of_other_code_are_named(processed: RunWorkspace) -> None:
    newer = replace(processed, code=processed.code.model_copy(update={"compute_digest": "other"}))

    assert list(stale_results(newer)) == [
        (symbol, ["compute_digest"]) for symbol in processed.universe.symbols
    ]
