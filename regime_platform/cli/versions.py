"""Which platform this is and on what it runs."""

from collections.abc import Mapping

from regime_platform.cli.options import Json

_LIBRARIES = ("polars", "duckdb", "pyarrow", "numba", "numpy", "dagster")


def version(
    as_json: Json = False,
) -> None:
    """Print the versions of the platform, of Python and of the libraries that shape results."""
    from regime_platform.cli.screen import print_json, results

    found = known_versions()
    if as_json:
        print_json(found)
        return
    for name, text in found.items():
        results().print(f"{name} {text}", markup=False)


def known_versions() -> Mapping[str, str]:
    """Name to version, the platform first; imports none of the libraries."""
    import platform
    from importlib.metadata import version as installed

    names = ("regime-platform", *_LIBRARIES)
    found = {name: installed(name) for name in names}
    return {"regime-platform": found.pop(names[0]), "python": platform.python_version(), **found}
