"""The picture of a matrix of transitions: shares as shades, with their numbers."""

from collections.abc import Iterator, Sequence

import numpy as np

from regime_platform.report.picture.shapes import Shape, Text, Values, box, width_of
from regime_platform.report.study.drawing import FONT, WIDE, Drawing, in_words

_CELL_HEIGHT = 26.0
_NOTE = "rows: state before, columns: state after; % of rows"


def matrix(title: str, names: Sequence[tuple[str, str]], shares: Values, width: int) -> Drawing:
    """A row per state before and a column per state after; a row adds up to 1.

    Args:
        title: of the picture.
        names: sign and words of each state.
        shares: from, to; NaN in a row that never occurred.
        width: in pixels; a narrow picture has the signs alone beside the rows.
    """
    labels = [
        f"{words} {sign}" if width >= WIDE and sign != words else sign for sign, words in names
    ]
    left = max(width_of(label, FONT) for label in labels) + 12
    top, cell = FONT + 12, min((width - left - 2) / len(names), 84.0)
    shapes, texts = list[Shape](), list[Text]()
    for place, (sign, _words) in enumerate(names):
        middle = top + _CELL_HEIGHT * (place + 0.5)
        texts.append(Text("end", left - 8, middle + FONT / 3, labels[place]))
        texts.append(Text("middle", left + cell * (place + 0.5), top - 8, sign))
    for (row, column), share in np.ndenumerate(shares):
        if not np.isfinite(share):
            continue
        x, y = left + cell * column, top + _CELL_HEIGHT * row
        shade = f"shade{round(10 * share)}"
        shapes.append(Shape(f"fill shade {shade}", box(x, y, x + cell - 1, y + _CELL_HEIGHT - 1)))
        texts.append(Text("middle share", x + cell / 2, y + _CELL_HEIGHT * 0.65, _percent(share)))
    height = top + _CELL_HEIGHT * len(names) + FONT + 10
    texts.append(
        Text("small", 4, height - 5, "rows: state before, columns: state after; % of rows")
    )
    return Drawing(title, in_words(_sentences(names, shares)), width, height, shapes, texts)


def _percent(share: float) -> str:
    return f"{100 * share:.0f}" if share >= 0.095 or not share else f"{100 * share:.1f}"


def _sentences(names: Sequence[tuple[str, str]], shares: Values) -> Iterator[str]:
    for (_sign, words), row in zip(names, shares, strict=True):
        if not np.isfinite(row).all():
            yield f"{words}: never"
            continue
        order = [int(place) for place in np.argsort(-row, kind="stable") if row[place] > 0]
        after = ", ".join(f"{names[place][1]} {_percent(row[place])} %" for place in order)
        yield f"after {words}: {after}"
