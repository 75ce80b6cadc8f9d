"""The rules give the golden labels."""

import math

from regime_platform.compute.kernels import compile_kernels
from regime_platform.query.classification import classification
from regime_platform_tests.reference.golden_inputs import classifier_frame


def test_the_rules_give_the_label_of_every_golden_vector() -> None:
    compile_kernels()
    for row in classifier_frame("classifier_vectors")[::3].iter_rows(named=True):
        classified = classification(row)

        outcomes = (classified.label, classified.bias, classified.posture)
        assert outcomes == tuple(
            row[f"classification.{name}"]
            for name in ("regime_label", "regime_bias", "risk_posture")
        )
        assert math.isclose(
            classified.qualities["confidence"], row["classification.confidence"], abs_tol=1e-9
        )
