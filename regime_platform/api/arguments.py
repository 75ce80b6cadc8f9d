"""Arguments whose type only a type checker would refuse: in a notebook anything may be given."""

from collections.abc import Iterable
from pathlib import Path

from regime_platform.errors import UsageError


def text_of(value: object, name: str, example: str) -> str:
    """A text; UsageError where it is none."""
    if not isinstance(value, str):
        raise wrong_type(value, name, f"a text, such as {example!r}")
    return value


def texts_of(value: object, name: str, example: str) -> tuple[str, ...]:
    """One text or several; UsageError where one of them is none."""
    given = tuple(value) if isinstance(value, Iterable) and not isinstance(value, str) else (value,)
    texts = tuple(text for text in given if isinstance(text, str))
    if len(texts) < len(given):
        text = next(text for text in given if not isinstance(text, str))
        raise wrong_type(text, name, f"one text or several, such as {example!r}")
    return texts


def path_of(value: object, name: str) -> Path:
    """The path of a file or folder; UsageError where it is none."""
    if not isinstance(value, str | Path):
        raise wrong_type(value, name, "a text or a Path")
    return Path(value)


def wrong_type(value: object, name: str, expected: str) -> UsageError:
    """The error of an argument of another type."""
    shown = f"{value!r:.60}"
    return UsageError(
        f"{name} {shown} is of the type {type(value).__name__}; expected {expected}",
        code="wrong-type",
    )
