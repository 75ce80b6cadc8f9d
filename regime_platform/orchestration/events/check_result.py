"""What a check of a symbol gives."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class CheckResult:
    """Whether a check passed, the reason where it did not, and the metadata shown with it."""

    passed: bool
    reason: str = ""
    metadata: Mapping[str, Any] = field(default_factory=dict)
