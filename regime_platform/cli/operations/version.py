"""`regime --version` and `regime version`: what is installed."""

import platform
from collections.abc import Mapping
from importlib.metadata import version as installed

from regime_platform.cli.console.output import Output
from regime_platform.import_closure import engine_digest

_PLATFORM = "regime-platform"
_LIBRARIES = ("polars", "duckdb", "pyarrow", "numba", "numpy", "dagster")


def version(out: Output) -> None:
    versions = known_versions()
    out.document(versions)
    for name, text in versions.items():
        out.line(f"{name} {text}")


def version_line() -> str:
    """The line of ``--version``: the platform, the digest of its engine, Python."""
    engine, python = engine_digest()[:12], platform.python_version()
    return f"regime {installed(_PLATFORM)}, engine {engine}, Python {python}"


def known_versions() -> Mapping[str, str]:
    """Name to version, the platform first; imports none of the libraries."""
    own = {_PLATFORM: installed(_PLATFORM), "python": platform.python_version()}
    return {**own, **{name: installed(name) for name in _LIBRARIES}}
