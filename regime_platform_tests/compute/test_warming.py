"""The warm-up compiles every kernel."""

from regime_platform.compute.kernels import kernels_are_compiled
from regime_platform.compute.warming import warm_up
from regime_platform.kernel_cache import kernel_cache


def test_after_a_warm_up_all_kernels_are_on_disk() -> None:
    warm_up()

    assert kernels_are_compiled()
    assert kernel_cache().folder.is_dir()
