"""What a vendor may answer that is well formed and not true: each lie changes a good body."""

import copy
import datetime as dt
import random
from collections.abc import Callable, Mapping
from typing import Any

Body = dict[str, Any]
Lie = Callable[[Body, random.Random], Body]
#: Rows of an answer at most, in these stories: few, so that a history has several pages.
MOST_ROWS = 100


def _of_meta(name: str, *texts: object) -> Lie:
    def lie(body: Body, random_: random.Random) -> Body:
        value = random_.choice(texts)
        meta = {key: text for key, text in body["meta"].items() if key != name}
        return {**body, "meta": meta if value is None else {**meta, name: value}}

    return lie


def _of_rows(change: Callable[[list[Body], random.Random], list[Body]]) -> Lie:
    def lie(body: Body, random_: random.Random) -> Body:
        return {**body, "values": change(copy.deepcopy(body["values"]), random_)}

    return lie


def _some(rows: list[Body], random_: random.Random, most: int = 3) -> list[Body]:
    return random_.sample(rows, min(len(rows), random_.randint(1, most)))


def _with_prices(*texts: object) -> Lie:
    def change(rows: list[Body], random_: random.Random) -> list[Body]:
        for row in _some(rows, random_):
            row[random_.choice(["open", "high", "low", "close"])] = random_.choice(texts)
        return rows

    return _of_rows(change)


def _scaled(row: Body, factor: float) -> Body:
    return {
        **row,
        **{name: repr(float(row[name]) * factor) for name in ("open", "high", "low", "close")},
    }


def _twice_and_different(rows: list[Body], random_: random.Random) -> list[Body]:
    return rows + [_scaled(row, 1 + random_.random() / 50) for row in _some(rows, random_)]


def _other_values(rows: list[Body], random_: random.Random) -> list[Body]:
    changed = {row["datetime"] for row in _some(rows, random_, 5)}
    return [
        _scaled(row, 1 + random_.random() / 10) if row["datetime"] in changed else row
        for row in rows
    ]


def _another_company(rows: list[Body], random_: random.Random) -> list[Body]:
    return [_scaled(row, random_.uniform(0.3, 3)) for row in rows]


def _with_holes(rows: list[Body], random_: random.Random) -> list[Body]:
    return [row for row in rows if random_.random() > 0.2]


def _shuffled(rows: list[Body], random_: random.Random) -> list[Body]:
    random_.shuffle(rows)
    return rows


def _moved(row: Body, by: dt.timedelta) -> Body:
    form = "%Y-%m-%d %H:%M:%S" if " " in row["datetime"] else "%Y-%m-%d"
    moved = dt.datetime.strptime(row["datetime"], form).replace(tzinfo=dt.UTC) + by
    return {**row, "datetime": f"{moved:{form}}"}


def _of_the_future(rows: list[Body], random_: random.Random) -> list[Body]:
    newest, step = rows[0], dt.timedelta(days=random_.choice([1, 2, 7, 400]))
    return [_moved(newest, step * n) for n in range(random_.randint(1, 3), 0, -1)] + rows


def _of_another_window(rows: list[Body], random_: random.Random) -> list[Body]:
    step = dt.timedelta(days=random_.choice([-700, -50, 900]))
    return rows + [_moved(row, step) for row in _some(rows, random_, 9)]


#: Lies that a client sees at once: nothing of such an answer is to be stored.
SEEN: Mapping[str, Lie] = {
    "another symbol": _of_meta("symbol", "ZZZ", None, ""),
    "another interval": _of_meta("interval", "5min", "1month", None),
    "another exchange": _of_meta("exchange", "NYSE", "LSE"),
    "another market": _of_meta("mic_code", "XLON", "XNYS"),
    "another type": _of_meta("type", "ETF", "Index"),
    "no meta": lambda body, _random: {**body, "meta": None},
    "values are no list": lambda body, _random: {**body, "values": {"0": body["values"]}},
    "values are null": lambda body, _random: {**body, "values": None},
    "rows are no objects": lambda body, _random: {**body, "values": [[1, 2, 3]]},
    "a bar without a time": _of_rows(lambda rows, _random: [*rows, {"close": "1"}]),
    "a time that is none": _of_rows(lambda rows, _random: [*rows, {**rows[0], "datetime": "now"}]),
    "a 30th of February": _of_rows(
        lambda rows, _random: [*rows, {**rows[0], "datetime": "2026-02-30"}]
    ),
    "exactly the limit": lambda body, _random: {
        **body,
        "values": [row for row in body["values"] for _ in range(MOST_ROWS)][:MOST_ROWS],
    },
}
#: Lies that are stored, and made good once the vendor answers truly again.
UNSEEN: Mapping[str, Lie] = {
    "another currency": _of_meta("currency", "EUR", "GBp", None),
    "another time zone": _of_meta("exchange_timezone", "Asia/Tokyo", "nowhere", None),
    "no rows": lambda body, _random: {**body, "values": []},
    "prices that are none": _with_prices(None, "N/A", "NaN", "Infinity", "-Infinity", "", "1e999"),
    "prices below zero": _with_prices("-1", "0", "-0.0"),
    "prices as numbers": _with_prices(1, 1.5, True, [], {}),
    "rows twice": _of_rows(lambda rows, random_: rows + _some(rows, random_)),
    "rows twice and different": _of_rows(_twice_and_different),
    "other values": _of_rows(_other_values),
    "another company": _of_rows(_another_company),
    "holes": _of_rows(_with_holes),
    "cut at its old end": _of_rows(lambda rows, _random: rows[: len(rows) // 2]),
    "cut at its new end": _of_rows(lambda rows, _random: rows[len(rows) // 2 :]),
    "one row": _of_rows(lambda rows, random_: [random_.choice(rows)]),
    "unordered": _of_rows(_shuffled),
    "oldest first": _of_rows(lambda rows, _random: rows[::-1]),
    "bars of the future": _of_rows(_of_the_future),
    "bars of another window": _of_rows(_of_another_window),
}
