"""The digest covers what the engine imports, and every kernel."""

import pytest

from regime_platform.import_closure import ENTRY_POINTS, import_closure
from regime_platform.settings import PROJECT_ROOT
from regime_platform_tests.checkouts import answer_of

_IMPORTED = """
import json, sys
from regime_platform import import_closure
closure = import_closure.import_closure(import_closure.ENTRY_POINTS)
for module in import_closure.ENTRY_POINTS:
    __import__(module)
imported = {module for module in sys.modules if module.startswith("regime_platform.")}
print(json.dumps([sorted(closure), sorted(imported - {import_closure.__name__})]))
"""


@pytest.mark.slow
def test_the_digest_covers_exactly_what_python_imports() -> None:
    closure, imported = answer_of(_IMPORTED, PROJECT_ROOT)

    assert closure == imported


def test_every_kernel_lies_within_the_digest() -> None:
    kernels = {
        ".".join(source.relative_to(PROJECT_ROOT).with_suffix("").parts)
        for source in (PROJECT_ROOT / "regime_platform").rglob("*.py")
        if "\n@kernel(" in source.read_text()
    }

    assert len(kernels) > 10
    assert kernels <= set(import_closure(ENTRY_POINTS))
