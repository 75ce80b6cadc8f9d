"""Warnings of the platform as lines on stderr."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from regime_platform.errors import OlderVersionWarning


@contextmanager
def notes_as_messages() -> Iterator[None]:
    """Prints the platform's own warnings as messages; others are shown as usual."""
    with warnings.catch_warnings():
        show = warnings.showwarning

        def show_note(
            message: Warning | str, category: type[Warning], *rest: Any, **more: Any
        ) -> None:
            if not issubclass(category, OlderVersionWarning):
                show(message, category, *rest, **more)
                return
            from regime_platform.cli.console.screen import messages

            messages().print(str(message), style="yellow", markup=False, soft_wrap=True)

        warnings.simplefilter("always", OlderVersionWarning)
        warnings.showwarning = show_note
        yield
