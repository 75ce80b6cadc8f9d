"""The licences of packages, as they state them, and which of them a user may rely on."""

import re
from collections.abc import Mapping, Sequence
from email.message import Message
from importlib.metadata import PackageNotFoundError, distribution

from regime_platform_tests.supply_chain.locks import LockedPackage

#: Licences under which a package may be used and passed on without opening one's own code.
ALLOWED = frozenset(
    {
        *("0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "ISC", "MIT", "MPL-2.0"),
        *("NCSA", "PSF-2.0", "Zlib", "Apache-2.0 WITH LLVM-exception"),
    }
)
#: Words of older packages for the same licences.
_NAMES = {
    "Apache License 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "BSD": "BSD-3-Clause",
    "BSD 3-Clause": "BSD-3-Clause",
    "3-Clause BSD License": "BSD-3-Clause",
    "BSD License": "BSD-3-Clause",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
}
#: Packages whose metadata state none; their files of licence were read.
_READ = {"axe-playwright-python": "MIT", "resvg-py": "MIT"}


def licence_of(name: str, metadata: Message) -> str:
    """The licence that a package states, as an expression; empty where it states none."""
    kinds = [text.split(" :: ") for text in metadata.get_all("Classifier", [])]
    classified = [kind[-1] for kind in kinds if kind[0] == "License" and len(kind) > 2]
    stated = metadata.get("License-Expression") or " AND ".join(
        _NAMES.get(text, text) for text in classified
    )
    first = (metadata.get("License") or "").strip().partition("\n")[0]
    return stated or _NAMES.get(first, first) or _READ.get(name, "")


def is_allowed(expression: str) -> bool:
    """True where every part of an expression is allowed, and of alternatives one."""
    inner = re.search(r"\(([^()]*)\)", expression)
    if inner is not None:
        known = "MIT" if is_allowed(inner[1]) else "not allowed"
        return is_allowed(expression[: inner.start()] + known + expression[inner.end() :])
    return any(
        all(_NAMES.get(part, part) in ALLOWED for part in alternative.split(" AND "))
        for alternative in expression.split(" OR ")
    )


def licences(packages: Sequence[LockedPackage]) -> Mapping[str, str | None]:
    """The licence of each package by name; None where it is not installed on this platform."""
    stated: dict[str, str | None] = {}
    for name in sorted({package.name for package in packages}):
        try:
            metadata: Message = distribution(name).metadata  # type: ignore[assignment]
            stated[name] = licence_of(name, metadata)
        except PackageNotFoundError:
            stated[name] = None
    return stated
