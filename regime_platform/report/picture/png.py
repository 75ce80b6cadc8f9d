"""Pictures as PNG, drawn with a font of the extra ``charts``: a container may have none."""

from importlib.metadata import distribution

from regime_platform.report.picture.picture import Theme, picture_svg
from regime_platform.report.picture.plot import LARGE, Size
from regime_platform.report.series_chart import SeriesChart

_WEIGHTS = ("Regular", "SemiBold")


def picture_png(
    chart: SeriesChart,
    size: Size = LARGE,
    *,
    metric: str = "",
    theme: Theme = Theme.LIGHT,
    zoom: int = 2,
) -> bytes:
    """The picture of `picture_svg` with ``zoom`` pixels for each of its own; AUTO is light.

    Raises:
        ModuleNotFoundError: the extra ``charts`` is not installed.
        UsageError: there is no such metric.
    """
    # a PNG cannot ask what its viewer prefers
    shown = Theme.LIGHT if theme is Theme.AUTO else theme
    return png_of(picture_svg(chart, size, metric=metric, theme=shown), zoom)


def png_of(svg: str, zoom: int = 2) -> bytes:
    """A picture of the template ``picture.svg`` as PNG; raises as `picture_png`."""
    import resvg_py  # noqa: PLC0415 - an extra

    return bytes(
        resvg_py.svg_to_bytes(
            svg_string=svg, zoom=zoom, skip_system_fonts=True, font_files=font_files()
        )
    )


def font_files() -> list[str]:
    """The files of Open Sans, the font of pictures.

    Raises:
        PackageNotFoundError: the extra ``charts`` is not installed.
    """
    package = distribution("ttf-opensans")
    return [
        str(package.locate_file(f"ttf_opensans/ttf/OpenSans-{weight}.ttf")) for weight in _WEIGHTS
    ]
