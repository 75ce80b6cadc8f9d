"""Reads JSON of vendors, users and files; whatever is wrong with it is a ValueError."""

import json
import re
from collections.abc import Callable
from typing import Any

_Pairs = Callable[[list[tuple[str, Any]]], Any]

_HALF = re.compile(rb"\\u[dD][89a-fA-F]")  # an escaped surrogate, of a pair or alone


class NestedError(ValueError):
    """A JSON text is nested too deeply; Python's own error is one that few callers expect."""


def load_json(text: str | bytes, pairs: _Pairs | None = None) -> Any:
    """The value in ``text``, UTF-8 where it is bytes; ``pairs`` makes what an object becomes.

    Raises:
        NestedError: it is nested so deep that Python's parser gives up.
        ValueError: it is no JSON, or has half a character, which could not be stored.
    """
    try:
        value = json.loads(text, object_pairs_hook=pairs)  # noqa: TID251 - here alone
        if _HALF.search(text if isinstance(text, bytes) else text.encode()):
            json.dumps(value, ensure_ascii=False).encode()  # half a character has no UTF-8
        return value
    except RecursionError as error:
        raise NestedError("it is nested too deeply") from error
