"""Errors asserted by their code, which stays when the wording of a message changes."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

import pytest

from regime_platform.errors import RegimeError

AnyError = TypeVar("AnyError", bound=RegimeError)


@contextmanager
def raises(
    error: type[AnyError], code: str, *, match: str | None = None
) -> Iterator[pytest.ExceptionInfo[AnyError]]:
    """Expects an error of this class and code.

    Args:
        error: the class.
        code: the code that the error must carry.
        match: a pattern for what the message must name, such as a file or a remedy.
    """
    with pytest.raises(error, match=match) as caught:
        yield caught
    assert caught.value.code == code
