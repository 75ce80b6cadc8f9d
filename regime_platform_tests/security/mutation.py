"""Damages bytes in the ways that break parsers; the same random state gives the same bytes."""

import json
import random
from collections.abc import Callable, Sequence
from copy import deepcopy
from typing import Any

#: Texts that parsers stumble over: ends of ranges, of structures and of encodings.
WORDS = (
    *(b"\x00", b"\xff", b"\xff\xfe", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80"),
    *(
        b"-1",
        b"0",
        b"9" * 20,
        b"9" * 400,
        b"1e999",
        b"-0.0",
        b"NaN",
        b"Infinity",
        b"0x1p-9",
        b"1_0",
    ),
    *(b"null", b"true", b"{}", b"[]", b'""', b"[" * 3000, b"{" * 50, b'{"a":' * 3000, b"&a [*a]"),
    *(
        b"\n",
        b"\r",
        b"\r\n",
        b",",
        b";",
        b"\t",
        b'"',
        b"'",
        b":",
        b"#",
        b"\\",
        b"%",
        b"---\n",
        b"!!",
    ),
    *(b"../", b"/etc/passwd", b"=1+1", b"\x1b[2J", "\u202e\u2028".encode(), b"${x}", b"<script>"),
    *(b"2024-02-30", b"0000-01-01", b"9999-12-31", b"10000-01-01", b"2024-W01", b"24:00:00"),
    *(
        b"2024-01-01T00:00:00+99:99",
        b"1/0",
        b"0:1",
        b"!!bool x",
        b"!!python/object:x {}",
        b"<<: *a",
    ),
)
#: Values that a document may have in place of what belongs there.
VALUES: tuple[Any, ...] = (
    *(None, True, -1, 0, 10**30, -(10**400), 2**63, 1.5, 1e308, float("nan"), float("inf")),
    *("", " ", "x", "x" * 5000, "../..", "/", "\x00", "\ud800", "\u202e", "1day", "9" * 5000),
    *("2024-13-01", "9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59", "1/0", "-1/3"),
    *([], {}, [[]], {"": ""}, [None], ["x"] * 300),
)
_MOST = 512 * 1024  # bytes; what grows on without end teaches nothing


def mutated(rng: random.Random, data: bytes, others: Sequence[bytes]) -> bytes:
    """``data`` with one to several damages; ``others`` are inputs to take pieces from."""
    if rng.random() < 0.4 and (changed := _document(rng, data)) is not None:
        data = changed
        if rng.random() < 0.7:
            return data[:_MOST]
    for _ in range(1 + min(int(rng.expovariate(0.6)), 8)):
        data = rng.choice(_DAMAGES)(rng, data, others)
    return data[:_MOST]


def _document(rng: random.Random, data: bytes) -> bytes | None:
    """A JSON text with one part replaced, removed, doubled or renamed; None where it is none."""
    if data[:1] not in (b"{", b"[") or len(data) > 64 * 1024:
        return None
    try:
        root = json.loads(data)
    except (ValueError, RecursionError):
        return None
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        places = list(_places(root))
        if places:
            _edit(rng, *rng.choice(places))
    try:
        return json.dumps(root, ensure_ascii=rng.random() < 0.5).encode("utf-8", "surrogatepass")
    except ValueError:  # more digits than Python writes
        return None


def _places(node: Any) -> list[tuple[Any, Any]]:
    places, open_nodes = [], [node]
    while open_nodes:
        inner = open_nodes.pop()
        keys = inner if isinstance(inner, dict) else range(len(inner))
        for key in keys:
            places.append((inner, key))
            if isinstance(inner[key], dict | list):
                open_nodes.append(inner[key])
    return places


def _edit(rng: random.Random, node: Any, key: Any) -> None:
    action = rng.randrange(8)
    if action == 0:
        del node[key]
    elif action == 1 and isinstance(node, dict):
        node[str(rng.choice(VALUES))[:50]] = node.pop(key)
    elif action == 1:
        node.insert(key, node[key])
    elif action == 2:
        node[key] = {"a": node[key]} if rng.random() < 0.5 else [node[key]]
    elif action == 3 and isinstance(node[key], int | float):
        node[key] = rng.choice((-node[key], node[key] + 1, node[key] * 10**12, str(node[key])))
    elif action == 4 and isinstance(node[key], str):
        node[key] = _cut(rng, node[key].encode("utf-8", "surrogatepass")).decode("latin-1")
    else:
        node[key] = deepcopy(rng.choice(VALUES))  # else an edit of it could put it into itself


def _place(rng: random.Random, data: bytes) -> int:
    return rng.randrange(len(data) + 1)


def _cut(rng: random.Random, data: bytes) -> bytes:
    start, end = sorted((_place(rng, data), _place(rng, data)))
    return data[:start] + data[end:]


def _flip(rng: random.Random, data: bytes, _others: Sequence[bytes]) -> bytes:
    changed = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 8)) if data else 0):
        changed[rng.randrange(len(changed))] = rng.choice((rng.randrange(256), 0, 255, 0x7F))
    return bytes(changed)


def _truncate(rng: random.Random, data: bytes, _others: Sequence[bytes]) -> bytes:
    return data[: _place(rng, data)]


def _insert(rng: random.Random, data: bytes, _others: Sequence[bytes]) -> bytes:
    place = _place(rng, data)
    return data[:place] + rng.choice(WORDS) + data[place:]


def _replace(rng: random.Random, data: bytes, _others: Sequence[bytes]) -> bytes:
    place = _place(rng, data)
    return data[:place] + rng.choice(WORDS) + data[place + rng.choice((1, 4, 10, 20)) :]


def _double(rng: random.Random, data: bytes, _others: Sequence[bytes]) -> bytes:
    start, end = sorted((_place(rng, data), _place(rng, data)))
    return data[:end] + data[start:end] * rng.choice((1, 1, 2, 50)) + data[end:]


def _remove(rng: random.Random, data: bytes, _others: Sequence[bytes]) -> bytes:
    return _cut(rng, data)


def _number(rng: random.Random, data: bytes, _others: Sequence[bytes]) -> bytes:
    """Another length or offset, as binary formats have them."""
    place, size = _place(rng, data), rng.choice((1, 2, 4, 8))
    value = rng.choice((0, 1, 2 ** (8 * size - 1), 2 ** (8 * size) - 1, rng.randrange(256)))
    return data[:place] + value.to_bytes(size, "little") + data[place + size :]


def _lines(rng: random.Random, data: bytes, _others: Sequence[bytes]) -> bytes:
    """Lines in another order, twice or gone."""
    lines = data.split(b"\n")
    first, second = (rng.randrange(len(lines)) for _ in range(2))
    lines[first], lines[second] = lines[second], lines[rng.choice((first, second))]
    return b"\n".join(lines)


def _splice(rng: random.Random, data: bytes, others: Sequence[bytes]) -> bytes:
    other = rng.choice(others)
    return data[: _place(rng, data)] + other[_place(rng, other) :]


_DAMAGES: tuple[Callable[[random.Random, bytes, Sequence[bytes]], bytes], ...] = (
    *(_flip, _truncate, _insert, _insert, _replace, _replace, _double, _remove, _number),
    *(_lines, _splice),
)
