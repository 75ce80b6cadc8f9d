"""Kernels compiled once for the tests of this folder."""

import pytest

from regime_platform.compute.kernels import compile_kernels


@pytest.fixture(autouse=True, scope="package")
def _kernels() -> None:
    compile_kernels()
