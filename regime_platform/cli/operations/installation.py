"""`regime version` and `regime warm`: what is installed, and compiling the kernels."""

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
        results().print(f"{name} {text}")


def known_versions() -> Mapping[str, str]:
    """Name to version, the platform first; imports none of the libraries."""
    import platform
    from importlib.metadata import version as installed

    names = ("regime-platform", *_LIBRARIES)
    known = {name: installed(name) for name in names}
    return {"regime-platform": known.pop(names[0]), "python": platform.python_version(), **known}


def warm() -> None:
    """Compile the compute kernels in advance, once per machine."""
    from regime_platform.cli.console.kernels import warm as compile_kernels
    from regime_platform.cli.console.screen import messages

    if not compile_kernels():
        messages().print("kernels are already compiled")
