"""`regime version`: the versions of platform, Python and libraries."""

from collections.abc import Mapping

from regime_platform.cli.console.options import Json

_LIBRARIES = ("polars", "duckdb", "pyarrow", "numba", "numpy", "dagster")


def version(
    as_json: Json = False,
) -> None:
    """Print the versions of the platform, Python and the libraries that affect results."""
    from regime_platform.cli.console.screen import print_json, results

    versions = known_versions()
    if as_json:
        print_json(versions)
        return
    for name, text in versions.items():
        results().print(f"{name} {text}", markup=False)


def known_versions() -> Mapping[str, str]:
    """Name to version, the platform first; imports none of the libraries."""
    import platform
    from importlib.metadata import version as installed

    names = ("regime-platform", *_LIBRARIES)
    known = {name: installed(name) for name in names}
    return {"regime-platform": known.pop(names[0]), "python": platform.python_version(), **known}
