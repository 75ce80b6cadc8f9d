"""How the canonical bars of a series are divided into part files; nothing is read or written here.

A new bar replaces the part that it belongs to, so the last part is small; every part is one more
file that each reader opens, so there are few. Decision 132 compares divisions.
"""

import datetime as dt
import re
from collections.abc import Iterator
from itertools import pairwise

import polars as pl

from regime_platform.model.bar_schema import PromotedBars
from regime_platform.model.digests import frame_digest
from regime_platform.model.timeframes import is_intraday

#: A series with at most so many bars is one part: opening another takes longer than writing them.
FEW = 2048
_NAME = re.compile(r"[a-z0-9]+-[0-9a-f]{12}\.parquet")
#: The name of the file of a part, and its bars.
Part = tuple[str, pl.DataFrame]


def parts_of(
    bars: pl.DataFrame, timeframe: str, digest: str, in_force: PromotedBars | None
) -> Iterator[Part]:
    """The parts of ``bars`` (by ts) with this ``digest``.

    Bars that are in force stay as they are divided, maybe by an earlier release, unless the pointer
    that says so was altered.
    """
    if in_force is not None and in_force.digest == digest and _is_sound(in_force):
        start = 0
        for file in in_force.files:
            yield file.name, bars[start : start + file.rows]
            start += file.rows
        return
    starts = bars["ts"].search_sorted(_bounds(bars["ts"], timeframe)).to_list()
    for start, end in pairwise(sorted({0, *starts, bars.height})):
        part = bars[start:end]
        own = digest if part.height == bars.height else frame_digest(part)
        yield f"{part['ts'][0].year}-{own[:12]}.parquet", part


def _is_sound(in_force: PromotedBars) -> bool:
    has_all = sum(file.rows for file in in_force.files) == in_force.rows
    return has_all and all(_NAME.fullmatch(file.name) for file in in_force.files)


def _bounds(opens: pl.Series, timeframe: str) -> pl.Series:
    """The moments before and after which bars are in different parts.

    The UTC year of the last bar is apart from those before it; of intraday bars every year is, and
    the month of the last bar.
    """
    bounds: list[dt.datetime] = []
    if opens.len() > FEW:
        years = range(opens[0].year + 1, opens[-1].year + 1)
        bounds = [dt.datetime(year, 1, 1, tzinfo=dt.UTC) for year in years]
        if is_intraday(timeframe):
            bounds.append(dt.datetime(opens[-1].year, opens[-1].month, 1, tzinfo=dt.UTC))
        else:
            bounds = bounds[-1:]
    return pl.Series(bounds, dtype=opens.dtype)
