"""The series that metrics share, for tests of one metric."""

import numpy as np

from regime_platform.compute.kernels import Floats
from regime_platform.compute.metrics.shared import Shared


def shared(count: int, **series: Floats) -> Shared:
    """Zeros but for ``series``."""
    return Shared(*np.zeros((len(Shared._fields), count)))._replace(**series)
