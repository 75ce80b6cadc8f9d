"""A picture of a page in both widths, and alone."""

from collections.abc import Callable
from dataclasses import dataclass

from markupsafe import Markup

from regime_platform.report.study.drawing import NARROW, WIDE, Drawing, svg


@dataclass(frozen=True)
class Figure:
    """A picture, with the title above it; ``draw`` makes it of a width in pixels."""

    title: str
    draw: Callable[[int], Drawing]

    @property
    def wide(self) -> Markup:
        """As it stands on the page of a screen."""
        return svg(self.draw(WIDE))

    @property
    def narrow(self) -> Markup:
        """As it stands on the page of a phone."""
        return svg(self.draw(NARROW))

    @property
    def alone(self) -> Markup:
        """As a file of its own, with its colours."""
        return svg(self.draw(WIDE), stands_alone=True)
