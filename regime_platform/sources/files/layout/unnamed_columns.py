"""Columns of a file without a header, by their values in a sample of rows that follow each other.

The time is the first column that looks like one. Prices are four columns of which one is the
highest and one the lowest in every row; which of the others is the open shows from row to row,
since a bar opens near the close of the one before. What does not show is asked about.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations, permutations

import numpy as np
import numpy.typing as npt
import polars as pl

from regime_platform.sources.files.layout.written_numbers import Marks, is_number

_MONTH = r"[^\W\d]{3,10}\.?"
_NUMBERED = r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}|(?:19|20)\d{6}"
_NAMED = rf"\d{{1,2}}(?:st|nd|rd|th|\.)?[ /-]*(?:de )?{_MONTH}[ /-]*(?:de )?\d{{2,4}}"
_NAMED += rf"|{_MONTH}[ /-]*\d{{1,2}}(?:st|nd|rd|th)?,?[ /-]+\d{{2,4}}"
_NAMED += rf"|\d{{4}}[ /-]*{_MONTH}[ /-]*\d{{1,2}}"
_DATE = rf"(?:[^\W\d]{{2,10}}[.,]*\s+)?(?:{_NUMBERED}|{_NAMED})"
_OFFSET = r"\s*(?:Z|(?:UTC|GMT)?\s?[+-]\d{1,2}:?(?:\d{2})?|UTC|GMT)?"
_TIME = rf"\d{{1,2}}:\d{{2}}(?::\d{{2}}(?:[.,:]\d+)?)?(?:\s?[AaPp]\.?[Mm]\.?)?{_OFFSET}"
_DIGITS = r"(?:[01]\d|2[0-3])[0-5]\d(?:[0-5]\d)?"
_EPOCH = r"\d{9,10}(?:\.\d+)?|\d{12,13}|\d{15,16}|\d{18,19}"
_IS_DATE = re.compile(_DATE)
_IS_CLOCK = re.compile(rf"(?:{_TIME}|{_DIGITS}){_OFFSET}")
_IS_EPOCH = re.compile(_EPOCH)
_IS_INSTANT = re.compile(rf"(?:{_DATE})[T ,;_-]+(?:{_TIME}|{_DIGITS}{_OFFSET})|{_EPOCH}")
_PARTS = re.compile(r"(\d+)[-/.](\d+)[-/.](\d+)(.*)")
_FEWEST = 5  # steps from bar to bar
_CLEARLY = 0.8  # the sum of steps between bars, of that of the other order
_USUAL = 1.5  # most that the highest price of a bar is of its lowest, in half of the bars
_MOST_COLUMNS = 14
_NAMES = ("open", "high", "low", "close", "volume")

_Values = npt.NDArray[np.float64]
_Places = Mapping[str, tuple[int, ...]]


def looks_like_time(text: str) -> bool:
    """Whether a text may be a date, or a date with its time."""
    text = text.strip()
    return bool(_IS_DATE.fullmatch(text) or _IS_INSTANT.fullmatch(text))


def is_row(fields: Sequence[str]) -> bool:
    """Whether fields may be those of a bar: four numbers, or a time and what stands for them."""
    digits = sum(is_number(text) and any(map(str.isdigit, text)) for text in fields)
    return digits >= 4 or (has_prices(fields) and any(map(looks_like_time, fields)))


def has_prices(fields: Sequence[str]) -> bool:
    """Whether at least four fields are numbers, or stand for none."""
    return sum(map(is_number, fields)) >= 4


def unnamed_columns(
    rows: Sequence[Sequence[str]], last: Sequence[str], marks: Marks
) -> Sequence[Mapping[str, tuple[str, ...]]]:
    """Each possible meaning: bar column -> numbers of columns from 1; none where none fits.

    ``rows`` follow each other, ``last`` is the last one of the file.
    """
    texts = [[row[place].strip() for row in rows] for place in range(len(rows[0]))] if rows else []
    times = _times(texts)
    if not times:
        return ()
    numeric = [n for n, of in enumerate(texts) if n not in times and all(map(is_number, of))]
    values = {
        place: marks.values(pl.Series(texts[place], dtype=pl.String), is_volume=True).to_numpy()
        for place in numeric[:_MOST_COLUMNS]
    }
    ends = [" ".join(row[n].strip() for n in times) for row in (rows[0], last)]
    fits = [
        {"ts": times, **order, **volume}
        for order in _orders(values, _direction(ends[0], ends[1]))
        for volume in _volumes(order, values, texts)
    ]
    return [{name: tuple(str(n + 1) for n in of) for name, of in fit.items()} for fit in fits]


def _times(texts: Sequence[Sequence[str]]) -> tuple[int, ...]:
    first = next((n for n, of in enumerate(texts) if all(map(looks_like_time, of))), None)
    if first is None:
        return ()
    following = texts[first + 1] if first + 1 < len(texts) else [""]
    is_split = all(map(_IS_DATE.fullmatch, texts[first])) and _are_clocks(following)
    return (first, first + 1) if is_split else (first,)


def _are_clocks(texts: Sequence[str]) -> bool:
    """Whether all are times of a day; four digits alone may be prices."""
    has_mark = any(len(text) > 4 or (text[:1] == "0" and text != "0000") for text in texts)
    return has_mark and all(map(_IS_CLOCK.fullmatch, texts))


def _direction(first: str, last: str) -> bool | None:
    """True where times ascend; None where they do not show it."""
    orders = ((0, 1, 2), (2, 0, 1), (2, 1, 0))  # of year, month and day
    keys = [(_key(first, order), _key(last, order)) for order in orders]
    shown = {later > earlier for earlier, later in keys if earlier and later and later != earlier}
    return shown.pop() if len(shown) == 1 else None


def _key(text: str, order: tuple[int, int, int]) -> str:
    """What sorts as the time does, if its date has this order; empty: it does not."""
    parts = _PARTS.match(text)
    if parts is None:  # a number; the names of months have no such order
        return "" if any(letter.isalpha() for letter in text[:8]) else text.zfill(20)
    date = [parts[n + 1].zfill(2) for n in order]
    clock = "" if parts[4].upper().endswith("M") else parts[4]  # 01:00 PM follows 11:00 AM
    return "".join((*date, clock)) if len(date[0]) == 4 else ""


def _orders(values: Mapping[int, _Values], is_forward: bool | None) -> Iterator[_Places]:
    """Each way in which four columns are the prices."""
    for places in combinations(values, 4):
        known = np.array([values[place] for place in places])
        known = known[:, np.isfinite(known).all(axis=0)]
        if not known.size or known.min() <= 0:
            continue
        top, bottom = known.max(axis=0), known.min(axis=0)
        if np.median(top / bottom) > _USUAL:
            continue
        for high, low in permutations(range(4), 2):
            if (known[high] == top).all() and (known[low] == bottom).all():
                rest = [n for n in range(4) if n not in (high, low)]
                for first, second in _opens_and_closes(known, rest, is_forward):
                    chosen = (first, high, low, second)
                    names = zip(_NAMES, chosen, strict=False)
                    yield {name: (places[n],) for name, n in names}


def _opens_and_closes(
    known: _Values, rest: Sequence[int], is_forward: bool | None
) -> Sequence[tuple[int, int]]:
    first, second = rest
    pairs = [(first, second), (second, first)]
    if is_forward is None or known.shape[1] <= _FEWEST:
        return pairs
    bars = known if is_forward else known[:, ::-1]
    steps = [np.abs(bars[a, 1:] - bars[b, :-1]).sum() for a, b in pairs]
    best = int(np.argmin(steps))
    return pairs[best : best + 1] if steps[best] < _CLEARLY * steps[1 - best] else pairs


def _volumes(
    order: _Places, values: Mapping[int, _Values], texts: Sequence[Sequence[str]]
) -> Sequence[_Places]:
    """Which of the columns after the prices are the volume; of several, each."""
    last = max(of[0] for of in order.values())
    rest = [place for place in values if place not in {of[0] for of in order.values()}]
    after = [place for place in rest if place > last]
    if not rest:
        return [{}]
    if after and rest[1:2] and all(map(_IS_EPOCH.fullmatch, texts[rest[1]])):
        return [{"volume": (after[0],)}]  # the end of the bar follows: a dump of an exchange
    inside = (values[order["low"][0]] <= values[rest[0]]) & (
        values[rest[0]] <= values[order["high"][0]]
    )
    if len(rest) == 1 and after and not inside.all():
        return [{"volume": (rest[0],)}]
    return [*({"volume": (place,)} for place in rest), {}]
